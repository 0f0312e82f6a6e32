package io.armrunner.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The books as another process reads them. */
class JobBookTest {
    @TempDir Path directory;

    private Path state() {
        return directory.resolve("state");
    }

    @Test
    void whatRunsIsSeenFromOutsideWithinASecondOrTwo() throws IOException {
        try (OperationsFixture service = new OperationsFixture(state())) {
            JobKey job = service.begin(17, "build");
            service.operations.stage(job, "step_script");
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            StateView.isThere(state())
                                    && StateView.read(state()).running().size() == 1
                                    && StateView.read(state())
                                            .running()
                                            .getFirst()
                                            .doing()
                                            .equals("step_script"));
            JobRecord seen = StateView.read(state()).jobs(17).getFirst();
            assertThat(seen.name()).isEqualTo("build");
            assertThat(seen.projectPath()).isEqualTo("group/project");
            assertThat(seen.script()).isPresent();
            assertThat(seen.end()).isEmpty();
            assertThat(StateView.read(state()).pid()).isEqualTo(17);
            assertThat(
                            PosixFilePermissions.toString(
                                    Files.getPosixFilePermissions(state().resolve("running.json"))))
                    .isEqualTo("rw-------");
            service.clock.pass(Duration.ofSeconds(90));
            service.fail(job, "script_failure");
        }
        StateView after = StateView.read(state());
        assertThat(after.running()).isEmpty();
        JobRecord ended = after.ended().getFirst();
        assertThat(ended.end().orElseThrow().result()).isEqualTo(JobEnd.Result.FAILED);
        assertThat(ended.end().orElseThrow().failureReason()).isEqualTo("script_failure");
        assertThat(ended.end().orElseThrow().exitCode()).isEqualTo(3);
        assertThat(ended.took(service(0))).isEqualTo(Duration.ofSeconds(90));
    }

    @Test
    void aJobThatHasJustEndedIsNotStillRunning() throws IOException {
        JobKey job;
        byte[] before;
        try (OperationsFixture service = new OperationsFixture(state())) {
            job = service.begin(17, "build");
            service.write(job, log -> log.plain("the log"));
            await().atMost(Duration.ofSeconds(60))
                    .until(() ->
                            StateView.isThere(state())
                                    && !StateView.read(state()).running().isEmpty());
            before = Files.readAllBytes(state().resolve("running.json"));
            service.succeed(job);
        }
        // As long as the service has not written it anew.
        Files.write(state().resolve("running.json"), before);

        StateView view = StateView.read(state());

        assertThat(view.running()).isEmpty();
        assertThat(view.log(view.jobs(17).getFirst()).orElseThrow()).exists();
        try (OperationsFixture service = new OperationsFixture(state())) {
            service.clock.pass(Duration.ofSeconds(1));
            service.begin(17, "build");
            await("taken up again, it runs")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> StateView.read(state()).running().size() == 1);
        }
    }

    private static java.time.Instant service(long second) {
        return java.time.Instant.ofEpochSecond(second);
    }

    @Test
    void theLastHundredJobsOutliveTheService() throws IOException {
        for (int round = 0; round < 3; round++) {
            try (OperationsFixture service = new OperationsFixture(state())) {
                for (int i = 1; i <= 120; i++) {
                    service.succeed(service.begin(round * 1000 + i, "job"));
                }
                assertThat(service.operations.book().ended()).hasSize(100);
            }
        }
        List<JobRecord> ended = StateView.read(state()).ended();
        assertThat(ended).hasSize(100);
        assertThat(ended.getFirst().key().job()).isEqualTo(2120);
        assertThat(ended.getLast().key().job()).isEqualTo(2021);
        try (Stream<String> lines = Files.lines(state().resolve("history.jsonl"))) {
            assertThat(lines.count()).isLessThanOrEqualTo(200);
        }
        try (OperationsFixture service = new OperationsFixture(state())) {
            assertThat(service.operations.book().ended()).hasSize(100);
        }
    }

    @Test
    void halfALineOfACrashCostsOneJob() throws IOException {
        try (OperationsFixture service = new OperationsFixture(state())) {
            service.succeed(service.begin(1, "first"));
            service.succeed(service.begin(2, "second"));
        }
        Files.write(
                state().resolve("history.jsonl"),
                "{\"id\":3,\"na\u00e9".getBytes(UTF_8),
                StandardOpenOption.APPEND);
        try (OperationsFixture service = new OperationsFixture(state())) {
            assertThat(service.operations.book().ended())
                    .extracting(JobRecord::name)
                    .containsExactly("second", "first");
        }
    }

    @Test
    void logsOfEndedJobsAreKeptUntilTheyAreTooManyOrTooOld() throws IOException {
        try (OperationsFixture service =
                new OperationsFixture(
                        state(), new Operations.Kept(3 * 1100, Duration.ofDays(2), 0))) {
            for (int i = 1; i <= 5; i++) {
                JobKey job = service.begin(i, "job");
                service.write(job, log -> OperationsFixture.output(log, "x".repeat(900) + "\n"));
                service.succeed(job);
                service.clock.pass(Duration.ofHours(10));
            }
            assertThat(names(state().resolve("logs")))
                    .containsExactly("Zk3QpW9xL.3.log", "Zk3QpW9xL.4.log", "Zk3QpW9xL.5.log");
            await("the book's thread writes what others read")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> StateView.isThere(state()));
            StateView view = StateView.read(state());
            assertThat(service.operations.book().log(new JobKey("Zk3QpW9xL", 5))).isPresent();
            assertThat(service.operations.book().log(new JobKey("Zk3QpW9xL", 1))).isEmpty();
            assertThat(view.log(service.operations.book().ended().getFirst())).isPresent();
            service.clock.pass(Duration.ofDays(1).plusHours(10));
            service.succeed(service.begin(6, "without a log"));
            JobKey last = service.begin(7, "job");
            service.write(last, log -> OperationsFixture.output(log, "y\n"));
            service.succeed(last);
            assertThat(names(state().resolve("logs")))
                    .containsExactly("Zk3QpW9xL.5.log", "Zk3QpW9xL.7.log");
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }

    @Test
    void booksThatCantBeWrittenCostNoJobAnything() throws IOException {
        try (OperationsFixture service = new OperationsFixture(state())) {
            JobKey job = service.begin(1, "job");
            service.write(job, log -> OperationsFixture.output(log, "hello\n"));
            Files.delete(state().resolve("logs"));
            Files.createFile(state().resolve("logs"));
            Files.createDirectories(state().resolve("history.jsonl"));
            service.succeed(job);
            assertThat(service.operations.book().running()).isEmpty();
        }
    }

    @Test
    void noSecretIsInAnyFile() throws IOException {
        try (OperationsFixture service = new OperationsFixture(state())) {
            JobKey job = service.begin(1, "job");
            service.write(
                    job, log -> OperationsFixture.output(log, OperationsFixture.SECRET + "\n"));
            service.fail(job, "script_failure");
        }
        try (Stream<Path> all = Files.walk(state())) {
            for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
                assertThat(Files.readString(file)).doesNotContain(OperationsFixture.SECRET);
            }
        }
        assertThat(Files.readString(state().resolve("logs/Zk3QpW9xL.1.log"))).contains("[MASKED]");
    }
}
