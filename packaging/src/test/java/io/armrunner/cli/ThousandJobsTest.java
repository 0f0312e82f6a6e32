package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A thousand jobs at once on one manager, in a JVM with 256 MB of heap. AWS's time runs faster, and
 * so do the manager's waits; agents take and end their jobs as real ones do, and run nothing.
 */
@Timeout(900)
final class ThousandJobsTest {
    private static final int JOBS = 1000;

    /** So many run before memory is first looked at: what the program needs once is no job's. */
    private static final int FIRST = 100;

    private static final int SPEED = 20;

    /** US dollars for a minute of the smallest machine. */
    private static final double MINUTE = 0.0034;

    private static final Duration LIMIT = Duration.ofSeconds(400);

    /** Lines of {@link CloudRunner#main}. */
    private static final Pattern HEAP = Pattern.compile("heap (\\d+) running (\\d+)");

    private final ScriptedAgents agents = new ScriptedAgents(SPEED);

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest()
                    .faster(SPEED)
                    .with(settings -> settings.withWork(agents).withQuota(JOBS + 10));

    @AfterEach
    void close() {
        agents.close();
    }

    private static void eventually(String what, Callable<Boolean> condition) {
        await(what).atMost(LIMIT).pollInterval(Duration.ofMillis(200)).until(condition);
    }

    /** The heap of the manager after a collection. */
    private static long heap(CloudProcess manager) throws IOException {
        long asked = HEAP.matcher(manager.printed()).results().count();
        manager.process().getOutputStream().write('\n');
        manager.process().getOutputStream().flush();
        eventually(
                "it tells its heap",
                () -> HEAP.matcher(manager.printed()).results().count() > asked);
        Matcher all = HEAP.matcher(manager.printed());
        long heap = 0;
        while (all.find()) {
            heap = Long.parseLong(all.group(1));
        }
        return heap;
    }

    private void queue(List<CoordinatorJob> jobs, int until)
            throws IOException, InterruptedException {
        while (jobs.size() < until) {
            // Long enough that no build is ended by its time-out, which runs in AWS's time.
            jobs.add(cloud.job().script("true").timeout(Duration.ofHours(12)).enqueue());
        }
    }

    @Test
    @Tag("CB-56")
    @Tag("CB-57")
    @Tag("CB-58")
    @Tag("CB-59")
    @Tag("CB-60")
    void aThousandJobsAtOnceEndWellOnASmallHeap(TestReporter reporter) throws Exception {
        CloudRunner.Words words = cloud.words().atOnce(JOBS + 10);
        Instant begun = cloud.aws().time().instant();
        try (CloudProcess manager = CloudProcess.start(words, "-Xmx256m")) {
            List<CoordinatorJob> jobs = new ArrayList<>();
            queue(jobs, FIRST);
            eventually("the first run", () -> agents.running() == FIRST);
            long before = heap(manager);
            queue(jobs, JOBS);
            eventually("all run", () -> agents.running() == JOBS);
            Instant steady = cloud.aws().time().instant();
            Duration cpuBefore = cpu(manager);
            Duration minute = Duration.ofMinutes(2);
            eventually(
                    "they run for a while",
                    () -> cloud.aws().time().instant().isAfter(steady.plus(minute)));
            long looks = cloud.aws().countSince("codebuild:BatchGetBuilds", steady);
            long seconds = Duration.between(steady, cloud.aws().time().instant()).toSeconds();
            double cores = (double) cpu(manager).minus(cpuBefore).toMillis() / 1000 / seconds;
            long during = heap(manager);
            agents.go();
            eventually("all end", () -> jobs.stream().allMatch(job -> job.state().isFinished()));
            eventually("the books are empty", () -> words.journal().toFile().list().length == 0);

            long perJob = (during - before) / (JOBS - FIRST);
            Map<String, Long> counts = cloud.aws().counts();
            double overhead = requests(counts);
            double compute = cloud.aws().codeBuild().billedMinutes() * MINUTE;
            reporter.publishEntry(
                    Map.of(
                            "heap_with_a_thousand_mb",
                            Long.toString(during >> 20),
                            "bytes_per_job",
                            Long.toString(perJob),
                            "calls",
                            counts.toString(),
                            "processors_in_aws_time",
                            "%.3f".formatted(cores),
                            "dollars_of_requests_and_of_builds",
                            "%.4f %.4f".formatted(overhead, compute),
                            "looks_per_second",
                            "%.2f".formatted((double) looks / seconds),
                            "most_looks_per_second",
                            "%.2f"
                                    .formatted(
                                            cloud.aws()
                                                    .peak(
                                                            "codebuild:BatchGetBuilds",
                                                            Duration.ofSeconds(60))),
                            "billed_minutes",
                            Long.toString(cloud.aws().codeBuild().billedMinutes())));
            assertThat(jobs).allMatch(job -> job.state() == JobState.SUCCESS);
            assertThat(agents.jobs()).doesNotHaveDuplicates().hasSize(JOBS);
            assertThat((double) looks / seconds).isLessThanOrEqualTo(1.2);
            assertThat(count(counts, "codebuild:StartBuild", "codebuild:StopBuild"))
                    .isLessThanOrEqualTo(JOBS * 3 / 2);
            double fives =
                    (double) Duration.between(begun, cloud.aws().time().instant()).toSeconds()
                            / 300;
            assertThat((double) count(counts, "codebuild:ListBuildsForProject"))
                    .isLessThanOrEqualTo(1 + fives);
            assertThat(cloud.aws().count("logs:*Get*")).isZero();
            assertThat(cloud.aws().count("s3:*")).isLessThanOrEqualTo(JOBS * 10);
            assertThat(overhead).isLessThanOrEqualTo(compute / 100);
            assertThat(cores).as("processors that the manager needs").isLessThan(0.5);
            assertThat(perJob).as("bytes of heap for a job").isLessThan(20_000);
        }
        assertThat(cloud.leftObjects()).isEmpty();
    }

    /** What the manager has used, in the system's time: AWS's is so much longer. */
    private static Duration cpu(CloudProcess manager) {
        return manager.process().info().totalCpuDuration().orElseThrow();
    }

    /** US dollars for requests to S3, by its list of 2026. */
    private static double requests(Map<String, Long> counts) {
        return count(counts, "s3:PutObject", "s3:ListObjects") * 0.005 / 1000
                + count(counts, "s3:GetObject", "s3:HeadObject") * 0.0004 / 1000;
    }

    private static long count(Map<String, Long> counts, String... names) {
        long all = 0;
        for (String name : names) {
            all += counts.getOrDefault(name, 0L);
        }
        return all;
    }
}
