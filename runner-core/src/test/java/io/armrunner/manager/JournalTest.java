package io.armrunner.manager;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.plan.JobPlace;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The books of accepted jobs. */
final class JournalTest {
    private static final RunnerSettings.Product PRODUCT =
            new RunnerSettings.Product("armrunner", "1.0.0", "main", "linux/arm64");

    private final Path directory;

    JournalTest(@TempDir Path directory) {
        this.directory = directory;
    }

    private static AcceptedJob record(String runner, long acceptedAt) {
        return new AcceptedJob(
                acceptedAt,
                RunnerSettings.minimal(
                        "name", runner, "s_0123456789ab", "http://gitlab", "shell", PRODUCT),
                new JobPlace(
                        "/builds",
                        "/cache",
                        1,
                        2,
                        false,
                        true,
                        "host",
                        "id",
                        JobPlace.TlsFiles.NONE));
    }

    private static byte[] payload(long id) {
        return "{\"id\":%d}".formatted(id).getBytes(UTF_8);
    }

    @Test
    void anAcceptedJobIsOnTheDiskForItsOwnerOnly() throws IOException {
        Journal journal = new Journal(directory.resolve("state/jobs"));
        Path job = journal.accepted(42, payload(42), record("abcdefghi", 1));

        assertThat(job.getFileName()).hasToString("abcdefghi.42");
        assertThat(job.resolve("payload.json")).hasContent("{\"id\":42}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(job)))
                .isEqualTo("rwx------");
        for (String file : List.of("payload.json", "job.json")) {
            assertThat(
                            PosixFilePermissions.toString(
                                    Files.getPosixFilePermissions(job.resolve(file))))
                    .isEqualTo("rw-------");
        }
        assertThat(job.resolve("payload.new")).doesNotExist();
    }

    @Test
    void aDeliveredJobLeavesNothing() throws IOException {
        Journal journal = new Journal(directory.resolve("jobs"));
        Path job = journal.accepted(1, payload(1), record("a", 1));
        Files.createDirectories(job.resolve("deep/er"));
        Files.writeString(job.resolve("deep/er/file"), "x");
        journal.delivered(job);

        assertThat(directory.resolve("jobs")).isEmptyDirectory();
    }

    @Test
    void oneNumberOfTwoServersIsTwoJobsAndAnOldOneIsReplaced() throws IOException {
        Journal journal = new Journal(directory.resolve("jobs"));
        Path first = journal.accepted(1, payload(1), record("a", 1));
        Path other = journal.accepted(1, payload(1), record("b", 1));
        Files.writeString(first.resolve("trace"), "old log");
        Path again = journal.accepted(1, payload(1), record("a", 1));

        assertThat(again).isEqualTo(first);
        assertThat(again.resolve("trace")).doesNotExist();
        assertThat(other).isDirectory();
    }

    @Test
    void whatAnotherProcessLeftIsFoundWithAllThatItWasRunWith() throws IOException {
        AcceptedJob full =
                new AcceptedJob(
                        12,
                        new RunnerSettings(
                                "name",
                                "abcdefghi",
                                "s_0123456789ab",
                                "http://gitlab",
                                "http://clone",
                                "shell",
                                "sh",
                                List.of("A=1", "B=2"),
                                "pre get",
                                "post get",
                                "pre",
                                "post",
                                Map.of("FF_TIMESTAMPS", false),
                                Optional.of(Duration.ofMillis(1500)),
                                Optional.of(Duration.ofMinutes(3)),
                                true,
                                Optional.of(true),
                                Optional.of(false),
                                Optional.empty(),
                                new RunnerSettings.Output(77, 78, 79),
                                PRODUCT),
                        new JobPlace(
                                "/b",
                                "/c",
                                3,
                                4,
                                false,
                                true,
                                "host",
                                "correlation",
                                new JobPlace.TlsFiles("ca", "cert", Secret.of("key"))));
        Journal journal = new Journal(directory.resolve("jobs"));
        journal.accepted(2, payload(2), full);
        journal.accepted(1, payload(1), record("abcdefghi", 11));

        List<Journal.Leftover> found = new Journal(directory.resolve("jobs")).leftovers();

        assertThat(found).extracting(job -> job.payload().id()).containsExactly(1L, 2L);
        assertThat(found.getLast().record()).isEqualTo(full);
        assertThat(found.getLast().record().place().tls().key().value()).isEqualTo("key");
    }

    @Test
    void whatIsNoJobYetOrNoMoreIsRemovedAndWhatCannotBeReadStays() throws IOException {
        Path root = directory.resolve("jobs");
        Journal journal = new Journal(root);
        Path cut = journal.accepted(1, payload(1), record("a", 1));
        Files.move(cut.resolve("payload.json"), cut.resolve("payload.new"));
        Path half = journal.accepted(2, payload(2), record("a", 2));
        Files.move(half, root.resolve(".gone.a.2"));
        Path broken = journal.accepted(3, "{".getBytes(UTF_8), record("a", 3));
        Path given =
                journal.undelivered(journal.accepted(4, payload(4), record("a", 4)), Instant.EPOCH);

        assertThat(new Journal(root).leftovers()).isEmpty();
        assertThat(root.toFile().list())
                .containsExactlyInAnyOrder(
                        broken.getFileName().toString(), given.getFileName().toString());
    }

    @Test
    void ofAJobThatWasGivenUpOnlyTheLogStaysAndNotForEver() throws IOException {
        Path root = directory.resolve("jobs");
        Journal journal = new Journal(root);
        Path job = journal.accepted(5, payload(5), record("a", 5));
        Files.createDirectory(job.resolve("files"));
        for (String name : List.of("trace", "trace.4096", "progress", "files/secret")) {
            Files.writeString(job.resolve(name), name);
        }
        Instant at = Instant.parse("2026-11-20T12:00:00Z");
        Path other = journal.undelivered(journal.accepted(6, payload(6), record("a", 6)), at);

        Path kept = journal.undelivered(job, at);

        assertThat(kept.toFile().list()).containsExactlyInAnyOrder("trace", "trace.4096");
        journal.removeUndelivered(at);
        assertThat(kept.resolve("trace")).hasContent("trace");
        // One that a process was killed over is made so by the next.
        Files.writeString(kept.resolve("payload.json"), "secrets");
        assertThat(journal.leftovers()).isEmpty();
        assertThat(kept.toFile().list()).containsExactlyInAnyOrder("trace", "trace.4096");
        Files.setLastModifiedTime(kept, FileTime.from(at));
        journal.removeUndelivered(at.plusSeconds(1));
        assertThat(kept).doesNotExist();
        assertThat(other).doesNotExist();
        assertThat(root).isEmptyDirectory();
    }
}
