package io.armrunner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Both ways to start a job's process must give it the same. */
class ChildProcessTest {
    private static final long LIMIT = Duration.ofSeconds(60).toNanos();

    @TempDir Path directory;

    enum Way {
        C_LIBRARY {
            @Override
            ChildProcess start(List<String> program, Map<String, String> environment)
                    throws IOException {
                assertThat(Posix.library().spawns()).isTrue();
                return ChildProcess.start(program, environment);
            }
        },
        JDK {
            @Override
            ChildProcess start(List<String> program, Map<String, String> environment)
                    throws IOException {
                return ChildProcess.Forked.start(program, environment);
            }
        };

        abstract ChildProcess start(List<String> program, Map<String, String> environment)
                throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aChildLeadsASessionAndHasNothingOfTheRunners(Way way) throws Exception {
        // Open in the runner, and nobody else's business.
        try (FileChannel _ =
                FileChannel.open(
                        directory.resolve("open"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE)) {
            ChildProcess child = sleeping(way, Map.of("PATH", "/usr/bin:/bin", "ONE", "1 2'\"ä"));
            try {
                Path facts = Path.of("/proc", Long.toString(child.pid()));
                assertThat(descriptors(facts))
                        .containsExactly("0 /dev/null", "1 /dev/null", "2 /dev/null");
                assertThat(Files.readString(facts.resolve("environ")).split("\0"))
                        .containsExactlyInAnyOrder("PATH=/usr/bin:/bin", "ONE=1 2'\"ä");
                assertThat(Files.readAllLines(facts.resolve("status")))
                        .contains("SigBlk:\t0000000000000000");
                // proc(5): pid, name, state, parent, group, session.
                assertThat(Files.readString(facts.resolve("stat")))
                        .matches("(?s)(\\d+) \\(sleep\\) S \\d+ \\1 \\1 .*");
            } finally {
                ProcessGroup.signal(child.pid(), ProcessGroup.Signal.KILL);
            }
            assertThat(child.waitFor(LIMIT)).isTrue();
            assertThat(child.isAlive()).isFalse();
            // Nothing of it is left in the system's table.
            assertThat(ProcessHandle.of(child.pid())).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aChildIsThereUntilItsGroupIsSignalled(Way way) throws Exception {
        ChildProcess child = sleeping(way, Map.of("PATH", "/usr/bin:/bin"));

        assertThat(child.waitFor(1_000_000)).isFalse();
        assertThat(child.isAlive()).isTrue();
        assertThat(ProcessGroup.signal(child.pid(), ProcessGroup.Signal.TERM)).isTrue();
        assertThat(child.waitFor(LIMIT)).isTrue();
        assertThat(ProcessGroup.signal(child.pid(), ProcessGroup.Signal.TERM)).isFalse();
    }

    private static ChildProcess sleeping(Way way, Map<String, String> environment)
            throws IOException {
        ChildProcess child = way.start(List.of("sleep", "300"), environment);
        // The JDK returns before the program that makes the session has become this one.
        Path state = Path.of("/proc", Long.toString(child.pid()), "stat");
        await().atMost(Duration.ofNanos(LIMIT))
                .until(() -> Files.readString(state).contains("(sleep) S "));
        return child;
    }

    private static List<String> descriptors(Path facts) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(facts.resolve("fd"))) {
            for (Path link : links) {
                found.add(link.getFileName() + " " + Files.readSymbolicLink(link));
            }
        }
        return found.stream().sorted().toList();
    }

    @Test
    void aProgramThatIsMissingIsNamed() {
        assertThatThrownBy(() -> ChildProcess.start(List.of("no-such-program"), Map.of()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no-such-program");
    }

    @Test
    void aFifoIsItsOwnersAlone() throws Exception {
        Path fifo = directory.resolve("fifo");

        Posix.library().makeFifo(fifo);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fifo)))
                .isEqualTo("rw-------");
        assertThatThrownBy(() -> Posix.library().makeFifo(fifo))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThatThrownBy(() -> Posix.library().makeFifo(directory.resolve("no/fifo")))
                .hasMessageContaining("no/fifo")
                .hasMessageContaining("error 2");
    }
}
