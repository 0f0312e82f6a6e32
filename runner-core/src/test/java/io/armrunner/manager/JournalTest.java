package io.armrunner.manager;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The books of accepted jobs. */
final class JournalTest {
    private final Path directory;

    JournalTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void anAcceptedJobIsOnTheDiskForItsOwnerOnly() throws IOException {
        Journal journal = new Journal(directory.resolve("state/jobs"));
        Path job = journal.accepted("abcdefghi", 42, "{\"id\":42}".getBytes(UTF_8));

        assertThat(job.getFileName()).hasToString("abcdefghi.42");
        assertThat(job.resolve("payload.json")).hasContent("{\"id\":42}");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(job)))
                .isEqualTo("rwx------");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(job.resolve("payload.json"))))
                .isEqualTo("rw-------");
        assertThat(job.resolve("payload.new")).doesNotExist();
    }

    @Test
    void aDeliveredJobLeavesNothing() throws IOException {
        Journal journal = new Journal(directory.resolve("jobs"));
        Path job = journal.accepted("a", 1, new byte[0]);
        Files.createDirectories(job.resolve("deep/er"));
        Files.writeString(job.resolve("deep/er/file"), "x");
        journal.delivered(job);

        assertThat(directory.resolve("jobs")).isEmptyDirectory();
    }

    @Test
    void oneNumberOfTwoServersIsTwoJobsAndAnOldOneIsReplaced() throws IOException {
        Journal journal = new Journal(directory.resolve("jobs"));
        Path first = journal.accepted("a", 1, "old".getBytes(UTF_8));
        Path other = journal.accepted("b", 1, "other".getBytes(UTF_8));
        Files.writeString(first.resolve("trace"), "old log");
        Path again = journal.accepted("a", 1, "new".getBytes(UTF_8));

        assertThat(again).isEqualTo(first);
        assertThat(again.resolve("payload.json")).hasContent("new");
        assertThat(again.resolve("trace")).doesNotExist();
        assertThat(other.resolve("payload.json")).hasContent("other");
    }
}
