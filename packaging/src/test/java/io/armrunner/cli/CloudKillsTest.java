package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.fake.CallFaults;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.services.codebuild.model.Build;

/**
 * Managers of jobs in CodeBuild are killed: each job ends once, as it would have without that, with
 * its whole log, and no build runs a job that another one has run. AWS and GitLab go on meanwhile.
 */
@Timeout(900)
final class CloudKillsTest {
    private static final int KILLS = 30;
    private static final int SERVICES = 3;
    private static final int AT_ONCE = 3;
    private static final int LINES = 30;
    private static final Duration HANDED_OUT = Duration.ofSeconds(10);
    private static final Duration LIMIT = CloudUnderTest.LIMIT;

    private final AgentThreads agents = new AgentThreads();

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest().with(settings -> settings.withWork(agents).withQuota(50));

    private final List<CoordinatorJob> jobs = new CopyOnWriteArrayList<>();
    private int made;

    private Path runs(String name) {
        return cloud.directory().resolve("runs-" + name);
    }

    // ---- at random

    /** One of several services; each takes whatever job is there. */
    private final class Service {
        private final CloudRunner.Words words;
        private final Random random;
        private final List<String> printed = new ArrayList<>();

        Service(int index, long seed) {
            random = new Random(seed + index);
            words =
                    cloud.words()
                            .atOnce(AT_ONCE)
                            .of("m-" + index, cloud.directory().resolve("service-" + index));
        }

        Void kills() throws Exception {
            for (int kill = 0; kill < KILLS / SERVICES; kill++) {
                queue();
                try (CloudProcess manager = CloudProcess.start(words)) {
                    manager.awaitPrinted("started");
                    int delay = random.nextInt(3000);
                    assertThat(manager.process().waitFor(delay, TimeUnit.MILLISECONDS))
                            .as(manager.printed())
                            .isFalse();
                    manager.kill();
                    printed.add(manager.printed());
                }
            }
            return null;
        }

        Void end() throws Exception {
            try (CloudProcess manager = CloudProcess.start(words)) {
                for (CoordinatorJob job : jobs) {
                    await("job " + job.id() + " ends\n" + manager.printed())
                            .atMost(LIMIT)
                            .until(() -> isOver(job));
                }
                await("the books are empty").atMost(LIMIT).until(() -> books().length == 0);
                printed.add(manager.printed());
            }
            return null;
        }

        String[] books() {
            return CloudKillsTest.books(words);
        }
    }

    private static String[] books(CloudRunner.Words words) {
        String[] books = words.journal().toFile().list();
        return books == null ? new String[0] : books;
    }

    private final List<Service> services = new ArrayList<>();

    @Test
    @Tag("CB-47")
    void eachJobEndsOnceWithItsWholeLog(TestReporter reporter) throws Exception {
        long seed = Long.getLong("armrunner.kills.seed", System.nanoTime());
        reporter.publishEntry("armrunner.kills.seed", Long.toString(seed));
        for (int index = 0; index < SERVICES; index++) {
            services.add(new Service(index, seed));
        }
        all(services.stream().<Callable<Void>>map(service -> service::kills).toList());
        all(services.stream().<Callable<Void>>map(service -> service::end).toList());

        List<String> printed =
                services.stream().flatMap(service -> service.printed.stream()).toList();
        for (CoordinatorJob job : jobs) {
            check(job, "seed " + seed + "\n" + lines(job, printed));
        }
        reporter.publishEntry("jobs", Integer.toString(jobs.size()));
        reporter.publishEntry("builds", Integer.toString(cloud.aws().codeBuild().builds().size()));
        await("nothing of a job is left in the bucket")
                .atMost(LIMIT)
                .until(() -> cloud.leftObjects().isEmpty());
        assertThat(printed).noneMatch(text -> text.contains("job_broken"));
    }

    // ---- at each step

    /** Does something while a job is under way. */
    @FunctionalInterface
    private interface Deed {
        void with(CoordinatorJob job) throws Exception;
    }

    /**
     * A step that a job is held at.
     *
     * @param before what holds it, before it is there
     * @param reach waits until it is reached
     */
    private record Step(String name, Runnable before, Deed reach) {}

    private void until(Callable<Boolean> what) {
        await().atMost(LIMIT).until(what);
    }

    private long count(String call) {
        return cloud.aws().count(call);
    }

    private List<Step> steps() {
        CallFaults faults = cloud.aws().faults();
        return List.of(
                new Step(
                        "AWS has not heard of the start",
                        () -> faults.on("codebuild:StartBuild").always().cut(),
                        _ -> until(() -> count("codebuild:StartBuild") > 0)),
                new Step(
                        "the start's answer is lost",
                        () -> {
                            faults.on("codebuild:StartBuild").loseAnswer();
                            faults.on("codebuild:StartBuild").always().cut();
                        },
                        job -> until(() -> !builds(job).isEmpty())),
                new Step(
                        "the build's state is not known",
                        () -> faults.on("codebuild:BatchGetBuilds").always().serverError(),
                        job -> until(() -> !builds(job).isEmpty())),
                new Step(
                        "the job can't be put",
                        () -> faults.on("s3:PutObject").always().refuse(503, "SlowDown", "slow"),
                        job -> {
                            long puts = count("s3:PutObject");
                            until(() -> !builds(job).isEmpty() && count("s3:PutObject") > puts);
                        }),
                new Step(
                        "the job is put and not claimed",
                        agents::hold,
                        _ ->
                                until(() ->
                                        cloud.leftObjects().stream()
                                                .anyMatch(key -> key.endsWith("payload.json")))),
                new Step("the job runs", () -> {}, job -> job.awaitLog("line 1 ", LIMIT)),
                new Step(
                        "the receipt is not read",
                        () -> {},
                        job -> {
                            job.awaitLog("line 1 ", LIMIT);
                            faults.on("s3:GetObject").always().refuse(503, "SlowDown", "slow");
                            long gets = count("s3:GetObject");
                            letEnd(job);
                            until(() -> count("s3:GetObject") > gets);
                        }),
                new Step(
                        "the objects are not removed",
                        () -> {},
                        job -> {
                            job.awaitLog("line 1 ", LIMIT);
                            faults.on("s3:DeleteObject").always().refuse(503, "SlowDown", "slow");
                            long before = count("s3:DeleteObject");
                            letEnd(job);
                            until(() -> count("s3:DeleteObject") > before);
                        }));
    }

    private List<Build> builds(CoordinatorJob job) {
        return cloud.aws().codeBuild().builds().stream()
                .filter(build ->
                        build.environment().environmentVariables().stream()
                                .anyMatch(variable ->
                                        variable.name().equals("ARMRUNNER_JOB")
                                                && variable.value()
                                                        .equals(Long.toString(job.id()))))
                .toList();
    }

    @Test
    @Tag("CB-47")
    void killedAtAnyStepOfAJobTheNextManagerGoesOn() throws Exception {
        CloudRunner.Words words = cloud.words();
        CloudProcess manager = CloudProcess.start(words);
        try {
            for (Step step : steps()) {
                step.before().run();
                CoordinatorJob job = job("held").enqueue();
                step.reach().with(job);
                manager.kill();
                cloud.aws().faults().clear();
                agents.go();
                letEnd(job);
                manager = CloudProcess.start(words);
                JobState _ = job.awaitFinished(LIMIT);
                until(() -> books(words).length == 0);
                check(job, step.name() + "\n" + manager.printed());
                assertThat(builds(job)).as(step.name()).hasSize(1);
                assertThat(cloud.leftObjects()).as(step.name()).isEmpty();
            }
            lostAgain(words, manager);
        } finally {
            manager.kill();
        }
    }

    /** The build is gone, and the manager dies before GitLab hears of it. */
    private void lostAgain(CloudRunner.Words words, CloudProcess manager) throws Exception {
        CoordinatorJob job = job("held").enqueue();
        job.awaitLog("line 1 ", LIMIT);
        cloud.gitlab().faults().on(Endpoint.FINAL_UPDATE).always().answer(500);
        cloud.clients().codeBuild().stopBuild(stop -> stop.id(builds(job).getFirst().id()));
        until(() -> !cloud.gitlab().requests(Endpoint.FINAL_UPDATE).isEmpty());
        until(() -> cloud.leftObjects().isEmpty());
        manager.kill();
        cloud.gitlab().faults().clear();
        try (CloudProcess next = CloudProcess.start(words)) {
            assertThat(job.awaitFinished(LIMIT)).as(next.printed()).isEqualTo(JobState.FAILED);
            until(() -> books(words).length == 0);
        }
        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(Files.readAllLines(runs(Long.toString(job.id())))).containsExactly("ran");
        assertThat(CloudUnderTest.log(job))
                .contains("line 1 ", "the build was stopped outside armrunner");
    }

    private String gate(String name) {
        return cloud.directory() + "/gate-" + name;
    }

    /** A job of the kind {@code held} comes to its end only after this. */
    private void letEnd(CoordinatorJob job) throws IOException {
        Path gate = Path.of(gate(Long.toString(job.id())));
        if (!Files.exists(gate)) {
            Files.createFile(gate);
        }
    }

    private static void all(List<Callable<Void>> deeds) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Void> each : threads.invokeAll(deeds)) {
                each.get();
            }
        }
    }

    /** Leaves no service without work. */
    private synchronized void queue() throws IOException, InterruptedException {
        while (jobs.stream().filter(job -> !isOver(job)).count() < AT_ONCE * SERVICES) {
            jobs.add(job("kind-" + made++ % 4).enqueue());
        }
    }

    private JobBuilder job(String kind) {
        String counting =
                "for i in $(seq 1 %d); do echo \"line $i $SECRET\"; [ $((i %% 4)) -ne 0 ] || sleep 0.1; done"
                        .formatted(LINES);
        JobBuilder job = cloud.gitlab().job(kind).maskedVariable("SECRET", "correct-horse-battery");
        String run = "echo ran >> " + cloud.directory() + "/runs-$CI_JOB_ID";
        return switch (kind) {
            case "kind-0" -> job.script(run, counting);
            case "kind-1" -> job.script(run, counting).afterScript("echo after it");
            case "kind-2" -> job.script(run, counting, "exit 42");
            case "held" ->
                    job.script(
                            run,
                            counting,
                            "until [ -e %s ]; do sleep 0.1; done".formatted(gate("$CI_JOB_ID")));
            // As short as can be.
            default -> job.script(run);
        };
    }

    /** GitLab had just given it away when the manager was killed, before it was on the disk. */
    private boolean wasNeverHeardOf(CoordinatorJob job) {
        return job.state() == JobState.RUNNING
                && job.updates().isEmpty()
                && job.startedAt().orElseThrow().isBefore(Instant.now().minus(HANDED_OUT))
                && services.stream().noneMatch(service -> hasBook(service, job));
    }

    private static boolean hasBook(Service service, CoordinatorJob job) {
        return List.of(service.books()).stream().anyMatch(book -> book.endsWith("." + job.id()));
    }

    private boolean isOver(CoordinatorJob job) {
        return job.state().isFinished() || wasNeverHeardOf(job);
    }

    private static String lines(CoordinatorJob job, List<String> printed) {
        StringBuilder found = new StringBuilder();
        for (int kill = 0; kill < printed.size(); kill++) {
            for (String line : printed.get(kill).lines().toList()) {
                if (line.contains("job=" + job.id() + " ")) {
                    found.append(kill).append(": ").append(line).append('\n');
                }
            }
        }
        return found.toString();
    }

    private void check(CoordinatorJob job, String story) throws IOException {
        if (!job.state().isFinished()) {
            assertThat(job.updates()).isEmpty();
            assertThat(runs(Long.toString(job.id()))).doesNotExist();
            job.fail("stuck_or_timeout_failure");
            return;
        }
        String log = CloudUnderTest.log(job);
        String about = story + "\n" + log;
        boolean fails = job.name().equals("kind-2");
        assertThat(job.state()).as(about).isEqualTo(fails ? JobState.FAILED : JobState.SUCCESS);
        if (fails) {
            assertThat(job.exitCode()).as(about).hasValue(42);
        }
        assertThat(Files.readAllLines(runs(Long.toString(job.id()))))
                .as(about)
                .containsExactly("ran");
        assertThat(log.lines().filter(line -> line.startsWith("line ")).toList())
                .as(about)
                .isEqualTo(
                        job.name().equals("kind-3")
                                ? List.of()
                                : IntStream.rangeClosed(1, LINES)
                                        .mapToObj(i -> "line " + i + " [MASKED]")
                                        .toList());
        assertThat(log)
                .as(about)
                .containsOnlyOnce("Running with armrunner")
                .containsOnlyOnce("\n  build ")
                .containsOnlyOnce(fails ? "ERROR: Job failed: exit status 42" : "Job succeeded");
    }
}
