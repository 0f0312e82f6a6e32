package io.armrunner.cli;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Services are killed again and again while they run jobs of every kind: each of them ends once, as
 * it would have without that, and its log has every line, once.
 */
@Timeout(900)
final class FiftyKillsTest {
    private static final int KILLS = 50;
    private static final int SERVICES = 5;
    private static final int AT_ONCE = 2;
    private static final int LINES = 120;
    private static final Duration HANDED_OUT = Duration.ofSeconds(10);
    private static final Duration LIMIT = RunnerProcess.LIMIT;

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private final List<Service> services = new ArrayList<>();
    private final List<CoordinatorJob> jobs = new CopyOnWriteArrayList<>();
    private @Nullable Project project;
    private int made;

    /** One of several services; each takes whatever job is there. */
    private final class Service {
        private final Path directory;
        private final Random random;
        private final CoordinatorRunner runner;
        private final List<String> printed = new ArrayList<>();

        Service(String name, Random random) throws IOException {
            this.random = random;
            directory = Files.createDirectory(gitlab.directory().resolve(name));
            runner = gitlab.coordinator().registerRunner(new RunnerSpec(name, List.of(), true));
            Files.writeString(
                    directory.resolve("config.toml"),
                    """
                    concurrent = %d
                    check_interval = 1
                    [[runners]]
                    name = "%s"
                    url = "%s"
                    token = "%s"
                    executor = "shell"
                    """
                            .formatted(
                                    AT_ONCE,
                                    name,
                                    gitlab.coordinator().url(),
                                    runner.token().value()));
        }

        RunnerProcess start() throws IOException {
            return RunnerProcess.start(
                    directory,
                    Map.of(),
                    "run",
                    "--config",
                    directory.resolve("config.toml").toString());
        }

        Path books() {
            return directory.resolve(".armrunner/jobs");
        }

        Void kills() throws Exception {
            for (int kill = 0; kill < KILLS / SERVICES; kill++) {
                queue();
                try (RunnerProcess armrunner = start()) {
                    // Most of them while it is at work, some while it is not there yet.
                    if (random.nextInt(5) > 0) {
                        awaitJob(armrunner);
                    }
                    int delay = random.nextInt(1200);
                    assertThat(armrunner.process().waitFor(delay, TimeUnit.MILLISECONDS))
                            .as(armrunner.printed())
                            .isFalse();
                    armrunner.signal("KILL");
                    armrunner.exitCode();
                    gitlab.coordinator().runnerKilled(runner);
                    printed.add(armrunner.printed());
                }
            }
            return null;
        }

        /** Jobs that were lost with a killed service are known as such only after a while. */
        private void awaitJob(RunnerProcess armrunner) {
            await("it begins a job")
                    .atMost(LIMIT)
                    .until(() -> {
                        queue();
                        return armrunner.printed().contains("job_started ");
                    });
        }

        /** Runs until all jobs are over. */
        Void end() throws Exception {
            try (RunnerProcess armrunner = start()) {
                for (CoordinatorJob job : jobs) {
                    await("job " + job.id() + " ends").atMost(LIMIT).until(() -> isOver(job));
                }
                armrunner.awaitPrinted("starting ");
                armrunner.signal("TERM");
                armrunner.exitCode();
                printed.add(armrunner.printed());
            }
            return null;
        }
    }

    @Test
    void eachJobEndsOnceWithItsWholeLog(TestReporter reporter) throws Exception {
        long seed = Long.getLong("armrunner.kills.seed", System.nanoTime());
        reporter.publishEntry("armrunner.kills.seed", Long.toString(seed));
        project = project();
        for (int index = 0; index < SERVICES; index++) {
            services.add(new Service("service-" + index, new Random(seed + index)));
        }
        onAll(Service::kills);
        onAll(Service::end);

        List<String> printed =
                services.stream().flatMap(service -> service.printed.stream()).toList();
        for (CoordinatorJob job : jobs) {
            check(job, "seed " + seed + "\n" + lines(job, printed));
        }
        for (Service service : services) {
            assertThat(service.books()).isEmptyDirectory();
        }
        await("no process is left")
                .atMost(LIMIT)
                .until(() -> LeftBehind.in(gitlab.directory()).isEmpty());
        reporter.publishEntry("jobs", Integer.toString(jobs.size()));
        printed.stream()
                .flatMap(String::lines)
                .filter(line -> line.contains("job_taken_up"))
                .map(line -> line.replaceAll(".* at=\"([^\"]*)\".*", "$1"))
                .collect(Collectors.groupingBy(where -> where, Collectors.counting()))
                .forEach((where, count) ->
                        reporter.publishEntry("taken up " + where, Long.toString(count)));
        // Nothing may have been so strange that only the operator was told of it.
        assertThat(printed).noneMatch(text -> text.contains("job_broken"));
    }

    /** What a service does, on a thread of its own. */
    @FunctionalInterface
    private interface Deed {
        Void by(Service service) throws Exception;
    }

    private void onAll(Deed deed) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Void>> deeds =
                    services.stream()
                            .map(service -> threads.submit(() -> deed.by(service)))
                            .toList();
            for (Future<Void> each : deeds) {
                each.get();
            }
        }
    }

    /** Leaves no service without work. */
    private synchronized void queue() throws IOException, InterruptedException {
        while (jobs.stream().filter(job -> !isOver(job)).count() < AT_ONCE * SERVICES) {
            jobs.add(job().enqueue());
        }
    }

    private static String lines(CoordinatorJob job, List<String> printed) {
        StringBuilder found = new StringBuilder();
        for (int kill = 0; kill < printed.size(); kill++) {
            for (String line : printed.get(kill).lines().toList()) {
                if (line.contains("job=" + job.id() + " ") || line.contains("." + job.id() + "/")) {
                    found.append(kill).append(": ").append(line).append('\n');
                }
            }
        }
        return found.toString();
    }

    private Project project() throws Exception {
        Path directory = gitlab.directory().resolve("app");
        TestRepository repository = TestRepository.create(directory);
        return gitlab.coordinator().addProject("group/app", repository.directory());
    }

    // ---- jobs

    private static String counting(String word, int lines) {
        // Bursts, and a masked value in each line: what is held back must come through too.
        return "for i in $(seq 1 %d); do echo \"%s $i $SECRET\"; [ $((i %% 4)) -ne 0 ] || sleep 0.1; done"
                .formatted(lines, word);
    }

    private JobBuilder job() {
        int kind = made++ % 6;
        JobBuilder job =
                gitlab.coordinator()
                        .job("kind-" + kind)
                        .maskedVariable("SECRET", "correct-horse-battery")
                        .fileVariable("SETTINGS", "of the job");
        switch (kind) {
            case 0 -> job.script(counting("line", LINES));
            case 1 ->
                    job.script(counting("line", LINES / 2))
                            .afterScript("cat $SETTINGS; echo", counting("after", LINES / 2));
            case 2 ->
                    job.script(counting("line", LINES), "exit 42")
                            .afterScript("echo $CI_JOB_STATUS");
            case 3 ->
                    job.project(requireNonNull(project))
                            .script("cat README.md", counting("line", LINES))
                            .cache("key", "cached/");
            case 4 ->
                    job.script("echo data > out.txt", counting("line", LINES)).artifacts("out.txt");
            default ->
                    // Lines that are not ended for a while, and short stages.
                    job.script(
                                    "for i in $(seq 1 40); do printf \"part $i \"; sleep 0.05; done; echo")
                            .step("again", "on_success", false, counting("line", 20));
        }
        return job;
    }

    /** GitLab had just given it away when the runner was killed, before it was on the disk. */
    private boolean wasNeverHeardOf(CoordinatorJob job) {
        return job.state() == JobState.RUNNING
                && job.updates().isEmpty()
                && job.startedAt().orElseThrow().isBefore(Instant.now().minus(HANDED_OUT))
                && services.stream().noneMatch(service -> hasBook(service, job));
    }

    private static boolean hasBook(Service service, CoordinatorJob job) {
        String[] books = service.books().toFile().list();
        return books != null && Stream.of(books).anyMatch(book -> book.endsWith("." + job.id()));
    }

    private boolean isOver(CoordinatorJob job) {
        return job.state().isFinished() || wasNeverHeardOf(job);
    }

    private void check(CoordinatorJob job, String story) {
        if (!job.state().isFinished()) {
            assertThat(job.updates()).isEmpty();
            job.fail("stuck_or_timeout_failure");
            return;
        }
        String log = LogDecoder.plain(job.log());
        String about = story + "\n" + log;
        boolean fails = job.name().equals("kind-2");
        assertThat(job.state()).as(about).isEqualTo(fails ? JobState.FAILED : JobState.SUCCESS);
        if (fails) {
            assertThat(job.exitCode()).as(about).hasValue(42);
            assertThat(log).as(about).containsOnlyOnce("\nfailed\n");
        }
        int after = job.name().equals("kind-1") ? LINES / 2 : 0;
        int lines =
                switch (job.name()) {
                    case "kind-1" -> LINES / 2;
                    case "kind-5" -> 20;
                    default -> LINES;
                };
        assertThat(starting("line ", log)).as(about).isEqualTo(numbered("line", lines));
        assertThat(starting("after ", log)).as(about).isEqualTo(numbered("after", after));
        assertThat(log)
                .as(about)
                .doesNotContain("correct-horse-battery")
                .containsOnlyOnce("Running with armrunner")
                .containsOnlyOnce(fails ? "ERROR: Job failed: exit status 42" : "Job succeeded");
        if (job.name().equals("kind-1")) {
            assertThat(log).as(about).containsOnlyOnce("of the job\n");
        }
        if (job.name().equals("kind-4")) {
            assertThat(job.artifacts()).as(about).hasSize(1);
        }
        if (job.name().equals("kind-5")) {
            assertThat(log)
                    .as(about)
                    .containsOnlyOnce(
                            IntStream.rangeClosed(1, 40)
                                            .mapToObj(i -> "part " + i + " ")
                                            .reduce("", String::concat)
                                    + "\n");
        }
        List<String> sections =
                LogDecoder.sections(job.log()).stream().map(LogDecoder.Section::name).toList();
        assertThat(sections).as(about).doesNotHaveDuplicates().contains("step_script");
    }

    private static List<String> starting(String word, String log) {
        return log.lines().filter(line -> line.startsWith(word)).toList();
    }

    private static List<String> numbered(String word, int count) {
        return IntStream.rangeClosed(1, count).mapToObj(i -> word + " " + i + " [MASKED]").toList();
    }
}
