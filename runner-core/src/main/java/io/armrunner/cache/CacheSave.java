package io.armrunner.cache;

import io.armrunner.files.ArchiveListener;
import io.armrunner.files.CompressionLevel;
import io.armrunner.files.FileFinder;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TarZstdPacker;
import io.armrunner.files.TransferMeter;
import io.armrunner.files.ZipPacker;
import io.armrunner.files.ZipZstdPacker;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage.CacheEntry;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Packs one cache of a job and keeps it, here and in the object store (job-semantics §7.4). Used
 * once, on the job's thread.
 */
final class CacheSave {
    private static final int BUFFER = 64 * 1024;

    private final CacheTools tools;
    private final JobPlan plan;
    private final HelperEnvironment environment;
    private final HelperLines lines;
    private final Path project;

    CacheSave(CacheTools tools, JobPlan plan, HelperEnvironment environment, HelperLines lines) {
        this.tools = tools;
        this.plan = plan;
        this.environment = environment;
        this.lines = lines;
        this.project = Path.of(plan.directories().project());
    }

    /** Saves the entry under its key; whether all went well. */
    boolean save(CacheEntry entry, CacheKey key) throws IOException, InterruptedException {
        // Taken before the first file is looked at: what changes meanwhile is newer than the
        // archive, and the next save sees it.
        Instant begun = tools.clock().instant();
        List<Path> files =
                new FileFinder(project, tools.environment(), lines)
                        .find(
                                new FileFinder.Selection(
                                        entry.paths().stream().map(this::expanded).toList(),
                                        List.of(),
                                        entry.untracked()));
        if (files.isEmpty()) {
            lines.warning("No files to cache.");
            return true;
        }
        LocalCache local = LocalCache.of(plan, key);
        boolean rebuilt = isChanged(files, local);
        if (rebuilt) {
            pack(files, local, key, begun);
        }
        if (tools.remote().isEmpty()) {
            lines.info(
                    rebuilt
                            ? "No URL provided, cache will not be uploaded to shared cache server. Cache will be stored only locally."
                            : "Archive is up to date!");
            return true;
        }
        RemoteArchive remote =
                new RemoteArchive(
                        tools,
                        tools.remote().get(),
                        plan,
                        key,
                        TransferMeter.of(environment, lines, tools.clock()),
                        lines);
        return rebuilt ? remote.upload(local) : remote.uploadIfMissing(local);
    }

    // GitLab Runner's rule, with its blind spots: what was deleted or is older is not noticed.
    private boolean isChanged(List<Path> files, LocalCache local) throws IOException {
        Optional<FileTime> archived = local.modified();
        if (archived.isEmpty()) {
            return true;
        }
        for (Path file : files) {
            if (isNewer(project.resolve(file), archived.get())) {
                return true;
            }
        }
        return false;
    }

    private static boolean isNewer(Path file, FileTime archived) throws IOException {
        try {
            return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).compareTo(archived)
                    > 0;
        } catch (NoSuchFileException e) {
            // Gone since it was found: packing passes it over too.
            return false;
        }
    }

    private void pack(List<Path> files, LocalCache local, CacheKey key, Instant begun)
            throws IOException {
        Path part = local.part(begun);
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(part), BUFFER)) {
                write(files, out);
            }
            local.replace(part, key, FileTime.from(begun));
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void write(List<Path> files, OutputStream out) throws IOException {
        ArchiveListener warnings = new Warnings(lines);
        String format = environment.get("CACHE_COMPRESSION_FORMAT");
        switch (format) {
            case "tarzstd" -> new TarZstdPacker(level()).pack(project, files, out, warnings);
            case "zipzstd" -> new ZipZstdPacker(level()).pack(project, files, out, warnings);
            default -> {
                if (!format.isEmpty() && !format.equals("zip")) {
                    lines.warning(
                            "CACHE_COMPRESSION_FORMAT \"%s\" is not known, using zip: zip, zipzstd and tarzstd are"
                                    .formatted(format));
                }
                new ZipPacker(tools.threads(), zipLevel()).pack(project, files, out, warnings);
            }
        }
    }

    // A cache is packed after every job that changed it, and deflate is most of that work: unless
    // the
    // job asks for more, half the time is worth a twentieth of the size.
    private CompressionLevel zipLevel() {
        CompressionLevel level = level();
        return level == CompressionLevel.DEFAULT ? CompressionLevel.FAST : level;
    }

    private CompressionLevel level() {
        return CompressionLevel.of(environment, "CACHE_COMPRESSION_LEVEL", lines);
    }

    private String expanded(String text) {
        return environment.expand(text, lines);
    }

    private record Warnings(HelperLines lines) implements ArchiveListener {
        @Override
        public void file(String name, byte[] head, int length) {}

        @Override
        public void warning(String message) {
            lines.warning(message);
        }
    }
}
