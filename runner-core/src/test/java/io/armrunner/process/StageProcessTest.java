package io.armrunner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageProcessTest {
    private static final Duration LIMIT = Duration.ofMinutes(4);

    @TempDir Path directory;

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private OutputPipe pipe;
    private int stages;

    @BeforeEach
    void openPipe() throws IOException, InterruptedException {
        pipe = OutputPipe.open(directory, System.getenv());
    }

    @AfterEach
    void closePipe() throws IOException {
        pipe.close();
        String collector = Files.readString(directory.resolve("collector"));
        assertEventually(() ->
                ProcessHandle.of(Long.parseLong(collector.strip()))
                        .filter(ProcessHandle::isAlive)
                        .isEmpty());
    }

    @Test
    void outputAndExitStatusArrive() throws IOException, InterruptedException {
        StageEnd end = finish(start("echo hello\nprintf 'no newline at the end'\nexit 42"));

        assertThat(end).isEqualTo(new StageEnd.Exited(42));
        assertThat(text()).isEqualTo("hello\nno newline at the end");
    }

    @Test
    void bothStreamsKeepTheOrderInWhichTheyWereWritten() throws IOException, InterruptedException {
        finish(
                start(
                        "i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"));

        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            expected.append("out ").append(i).append("\nerr ").append(i).append('\n');
        }
        assertThat(text()).isEqualTo(expected.toString());
    }

    @Test
    void aScriptMayReopenItsStandardError() throws IOException, InterruptedException {
        finish(
                start(
                        "echo one; echo two >/dev/stderr; echo three | tee /dev/stderr >/dev/null; echo four"));

        assertThat(text()).isEqualTo("one\ntwo\nthree\nfour\n");
    }

    @Test
    void anExitStatusOf137IsAStatusNotASignal() throws IOException, InterruptedException {
        assertThat(finish(start("exit 137"))).isEqualTo(new StageEnd.Exited(137));
    }

    @Test
    void oneStageAfterTheOtherUsesThePipe() throws IOException, InterruptedException {
        assertThat(finish(start("echo one"))).isEqualTo(new StageEnd.Exited(0));
        assertThat(finish(start("echo two; exit 3"))).isEqualTo(new StageEnd.Exited(3));
        assertThat(text()).isEqualTo("one\ntwo\n");
    }

    @Test
    void muchOutputIsBoundedOnDiskAndWhole() throws IOException, InterruptedException {
        int lines = 9_000_000; // some 70 MB: twice what the segments hold
        StageProcess stage = start("seq 1 " + lines);
        // Nobody reads yet: the job must stop at the bound, and go on later.
        assertEventually(
                () -> Files.exists(directory.resolve("segment." + (OutputPipe.SEGMENTS - 1))));
        long bound = (long) OutputPipe.SEGMENTS * OutputPipe.SEGMENT_BLOCKS * OutputPipe.BLOCK;
        long[] counted = {0, 0};
        long deadline = System.nanoTime() + LIMIT.toNanos();
        Optional<StageEnd> end = Optional.empty();
        while (end.isEmpty() && System.nanoTime() < deadline) {
            assertThat(segmentBytes()).isLessThanOrEqualTo(bound);
            end =
                    stage.poll(
                            (bytes, from, length) -> {
                                counted[1] += length;
                                for (int i = from; i < from + length; i++) {
                                    counted[0] += bytes[i] == '\n' ? 1 : 0;
                                }
                            },
                            Duration.ofMillis(50));
            pipe.release(pipe.position());
        }
        assertThat(end).contains(new StageEnd.Exited(0));
        assertThat(counted[0]).isEqualTo(lines);
        assertThat(counted[1]).isEqualTo(pipe.position().consumed() - endMarkLength(0));
    }

    @Test
    @Tag("JS-93")
    void termGoesToTheWholeGroupAndKillToWhoIgnoresIt() throws IOException, InterruptedException {
        StageProcess stage =
                start(
                        "(trap '' TERM; echo stubborn; while :; do sleep 0.05; done) &\nsleep 1000 & echo started; wait");
        awaitText(stage, "started", "stubborn");

        stage.signal(ProcessGroup.Signal.TERM);
        assertThat(finish(stage)).isEqualTo(new StageEnd.Exited(143));
        long group = stage.leader().pid();
        stage.signal(ProcessGroup.Signal.KILL);
        assertEventually(() -> groupMembers(group).isEmpty());
    }

    @Test
    @Tag("JS-93")
    void aProcessInASessionOfItsOwnSurvives() throws IOException, InterruptedException {
        StageProcess stage = start("setsid sh -c 'echo pid=$$; exec sleep 300' & sleep 300");
        awaitText(stage, "pid=");
        stage.signal(ProcessGroup.Signal.TERM);
        finish(stage);
        long pid = Long.parseLong(text().replaceAll("(?s).*pid=(\\d+).*", "$1"));
        try {
            assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isPresent();
        } finally {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    @Test
    void aKilledLeaderIsNoticedAndNoOutputIsLost() throws IOException, InterruptedException {
        StageProcess stage = start("echo before; sleep 300");
        awaitText(stage, "before");

        stage.signal(ProcessGroup.Signal.KILL);

        assertThat(finish(stage)).isEqualTo(new StageEnd.Vanished());
        assertThat(text()).isEqualTo("before\n");
    }

    @Test
    void anotherReaderFindsTheStageAndGoesOnWhereTheFirstStopped()
            throws IOException, InterruptedException {
        makeFifo("go");
        StageProcess stage = start("echo one; read line <" + directory + "/go; echo two; exit 5");
        awaitText(stage, "one");
        OutputPipe.Position position = pipe.position();

        OutputPipe second = OutputPipe.attach(directory, position);
        StageProcess attached = StageProcess.attach(second, stages, "nonce").orElseThrow();
        Files.writeString(directory.resolve("go"), "go\n");
        StageEnd end = finish(attached);

        assertThat(end).isEqualTo(new StageEnd.Exited(5));
        assertThat(text()).isEqualTo("one\ntwo\n");
        second.close();
    }

    @Test
    void whoComesLaterKnowsWhetherTheStageHasBegun() throws IOException, InterruptedException {
        // The second one is the next manager, when the first was killed before it did more.
        for (int manager = 1; manager <= 2; manager++) {
            assertThat(StageProcess.attach(pipe, 7, "nonce")).isEmpty();
        }
        stages = 6;
        StageProcess late = start("echo never");
        assertEventually(() -> late.leader().find().isEmpty());
        assertThat(finish(start("echo eight"))).isEqualTo(new StageEnd.Exited(0));
        assertThat(text()).isEqualTo("eight\n");
    }

    @Test
    void aLeaderThatIsSlowToWriteItsNumberIsWaitedFor() throws Exception {
        makeFifo("go");
        makeFifo("hold");
        // As the leader between making its file and writing into it.
        Process leader =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "exec 3>stage.7.leader; echo made; read line <go; echo $$ >&3; read line <hold",
                                "armrunner-stage",
                                "nonce.7")
                        .directory(directory.toFile())
                        .start();
        try (BufferedReader made = leader.inputReader()) {
            assertThat(made.readLine()).isEqualTo("made");
            CompletableFuture<Optional<StageProcess>> attached = new CompletableFuture<>();
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            attached.complete(StageProcess.attach(pipe, 7, "nonce"));
                        } catch (IOException | InterruptedException e) {
                            attached.completeExceptionally(e);
                        }
                    });
            assertThatThrownBy(() -> attached.get(200, TimeUnit.MILLISECONDS))
                    .isInstanceOf(TimeoutException.class);
            Files.writeString(directory.resolve("go"), "go\n");
            assertThat(attached.get(30, TimeUnit.SECONDS).orElseThrow().leader().pid())
                    .isEqualTo(leader.pid());
        } finally {
            leader.destroyForcibly().waitFor();
        }
        Files.write(directory.resolve("stage.8.leader"), new byte[0]);
        assertThat(StageProcess.attach(pipe, 8, "nonce")).as("killed before it wrote").isEmpty();
    }

    @Test
    void aStageThatEndedWhileNobodyLookedIsFoundWithItsStatus()
            throws IOException, InterruptedException {
        StageProcess stage = start("echo done; exit 9");
        assertEventually(stage::isOver);

        OutputPipe second = OutputPipe.attach(directory, OutputPipe.Position.START);
        StageProcess attached = StageProcess.attach(second, stages, "nonce").orElseThrow();

        assertThat(attached.isOver()).isTrue();
        assertThat(finish(attached)).isEqualTo(new StageEnd.Exited(9));
        assertThat(text()).isEqualTo("done\n");
        second.close();
    }

    @Test
    void aCollectorThatWasEndedIsReplacedByAnother() throws IOException, InterruptedException {
        finish(start("echo one"));
        OutputPipe.Position position = pipe.position();
        long collector = Long.parseLong(Files.readString(directory.resolve("collector")).strip());
        ProcessGroup.signal(collector, ProcessGroup.Signal.KILL);
        // Its dd too, which would take from the pipe what the next one should.
        assertEventually(() -> groupMembers(collector).isEmpty());

        pipe = OutputPipe.attach(directory, position);
        pipe.revive(System.getenv());
        assertThat(finish(start("echo two"))).isEqualTo(new StageEnd.Exited(0));
        assertThat(text()).isEqualTo("one\ntwo\n");
    }

    @Test
    void aSecondCollectorStepsBack() throws IOException, InterruptedException {
        OutputPipe second = OutputPipe.open(directory, System.getenv());
        assertThat(second.isCollected()).isTrue();
        assertThat(finish(start("echo one; echo two"))).isEqualTo(new StageEnd.Exited(0));
        assertThat(text()).isEqualTo("one\ntwo\n");
        // Before the directory is removed, in which it might find a place after all.
        assertEventually(() -> collectors() == 1);
    }

    private long collectors() {
        return ProcessHandle.current()
                .children()
                .filter(child ->
                        child.info()
                                .commandLine()
                                .filter(line -> line.contains("armrunner-collector " + directory))
                                .isPresent())
                .count();
    }

    @Test
    void aBackgroundProcessDoesNotHoldTheStageOpen() throws IOException, InterruptedException {
        StageProcess stage = start("sleep 300 & echo pid=$!");
        assertThat(finish(stage)).isEqualTo(new StageEnd.Exited(0));
        stage.signal(ProcessGroup.Signal.KILL);
        assertEventually(() -> groupMembers(stage.leader().pid()).isEmpty());
    }

    @Test
    void theScriptIsReadableByItsOwnerOnlyAndGoneAfterwards()
            throws IOException, InterruptedException {
        makeFifo("go");
        StageProcess stage = start("echo up; read line <" + directory + "/go");
        awaitText(stage, "up");
        Path script = directory.resolve("stage.1.script");
        assertThat(Files.getPosixFilePermissions(script)).hasToString("[OWNER_READ, OWNER_WRITE]");
        Files.writeString(directory.resolve("go"), "go\n");
        finish(stage);
        assertThat(script).doesNotExist();
    }

    private StageProcess start(String script) throws IOException {
        return StageProcess.start(
                pipe,
                ++stages,
                "nonce",
                List.of("sh"),
                script,
                directory,
                Map.of("PATH", System.getenv("PATH")));
    }

    private StageEnd finish(StageProcess stage) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < deadline) {
            Optional<StageEnd> end = stage.poll(output::write, Duration.ofMillis(50));
            if (end.isPresent()) {
                return end.get();
            }
        }
        throw new AssertionError("the stage did not end; output so far: " + text());
    }

    private void awaitText(StageProcess stage, String... words)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!List.of(words).stream().allMatch(text()::contains)) {
            assertThat(stage.poll(output::write, Duration.ofMillis(50))).isEmpty();
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
    }

    private String text() {
        return output.toString(UTF_8);
    }

    private long segmentBytes() throws IOException {
        long sum = 0;
        try (var files = Files.newDirectoryStream(directory, "segment.*")) {
            for (Path file : files) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    private static long endMarkLength(int status) {
        return ("\0nonce.1 " + status + "\n").length();
    }

    private void makeFifo(String name) throws IOException, InterruptedException {
        new ProcessBuilder("mkfifo", directory.resolve(name).toString()).start().waitFor();
    }

    private static List<ProcessHandle> groupMembers(long group) {
        return ProcessHandle.allProcesses()
                .filter(process -> groupOf(process.pid()) == group)
                .toList();
    }

    private static long groupOf(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].equals("Z") ? -1 : Long.parseLong(fields[2]);
        } catch (IOException _) {
            return -1;
        }
    }

    private static void assertEventually(java.util.concurrent.Callable<Boolean> condition) {
        org.awaitility.Awaitility.await()
                .atMost(LIMIT)
                .pollInterval(Duration.ofMillis(5))
                .until(condition);
    }
}
