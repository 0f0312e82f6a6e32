package io.armrunner.cli;

import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.files.ArchiveExtractor;
import io.armrunner.files.PackingThreads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Where {@code exec} leaves the artifacts of its jobs: a directory for each job with the files of
 * its archive, and beside it one with its reports as they were sent. Main thread.
 */
final class KeptArtifacts {
    private final Path directory;

    private KeptArtifacts(Path directory) {
        this.directory = directory;
    }

    /**
     * In that directory, which is made if need be: before the first job runs, so that a wrong word
     * costs no time.
     */
    static KeptArtifacts in(Path directory) throws UserError {
        try {
            return new KeptArtifacts(Files.createDirectories(directory).toRealPath());
        } catch (IOException e) {
            throw new UserError(
                    2, "the directory %s for artifacts cannot be made: %s".formatted(directory, e));
        }
    }

    /**
     * Writes them all, over what is there of an earlier run.
     *
     * @param artifacts of each job, by its name
     */
    void keep(Map<String, List<StoredArtifact>> artifacts) throws UserError {
        Set<String> taken = new HashSet<>();
        try (PackingThreads threads =
                new PackingThreads(Runtime.getRuntime().availableProcessors())) {
            ArchiveExtractor extractor = new ArchiveExtractor(threads);
            for (Map.Entry<String, List<StoredArtifact>> job : artifacts.entrySet()) {
                String place = place(job.getKey(), taken);
                for (StoredArtifact artifact : job.getValue()) {
                    try {
                        keep(artifact, place, extractor);
                    } catch (IOException e) {
                        throw new UserError(
                                1,
                                "%s of job \"%s\" could not be kept in %s: %s"
                                        .formatted(
                                                artifact.filename(),
                                                job.getKey(),
                                                directory,
                                                e.getMessage()));
                    }
                }
            }
        }
    }

    private void keep(StoredArtifact artifact, String place, ArchiveExtractor extractor)
            throws IOException {
        if (artifact.type().equals("archive") && !artifact.format().equals("raw")) {
            extractor.extract(artifact.file(), directory.resolve(place));
            return;
        }
        Path reports =
                Files.createDirectories(
                        directory.resolve(place + ".reports").resolve(element(artifact.type())));
        Files.copy(
                artifact.file(),
                reports.resolve(element(artifact.filename())),
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** The name of a job as that of a directory, another one for each job. */
    private static String place(String job, Set<String> taken) {
        String name = element(job);
        String free = name;
        for (int number = 2; !taken.add(free); number++) {
            free = name + "-" + number;
        }
        return free;
    }

    private static String element(String text) {
        String name = text.replace('/', '-').replace('\0', '-');
        return name.isEmpty() || name.equals(".") || name.equals("..") ? "_" + name : name;
    }
}
