package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Another configuration while jobs run (job-semantics §11.2). */
final class ReloadTest {
    @RegisterExtension
    final RunnerUnderTest runner =
            new RunnerUnderTest(gitlab -> gitlab.withLongPoll(Duration.ofSeconds(2)));

    /** A script that runs until the test makes the file {@code name}. */
    private String until(String name) {
        return "until [ -e %s ]; do sleep 0.05; done".formatted(runner.directory().resolve(name));
    }

    private void let(String name) throws Exception {
        Files.createFile(runner.directory().resolve(name));
    }

    /** Waits until GitLab holds a request: the first one has its answer at once. */
    private void awaitHeldRequest() {
        await().atMost(RunnerUnderTest.LIMIT).until(() -> runner.gitlab().requestsHeld() > 0);
    }

    /** Waits until those that were on their way are over. */
    private void awaitNoMoreRequests() {
        AtomicInteger asked = new AtomicInteger();
        await().during(Duration.ofMillis(700))
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> {
                    int now = runner.gitlab().requests(Endpoint.JOB_REQUEST).size();
                    return asked.getAndSet(now) == now && runner.gitlab().requestsHeld() == 0;
                });
    }

    @Test
    @Tag("JS-170")
    void aRunnerThatIsGoneFinishesItsJobAndAsksForNoMore() throws Exception {
        runner.start();
        CoordinatorJob job = runner.queue(runner.job().script("echo begun", until("go"), "echo 2"));
        runner.awaitLog(job, "begun");
        awaitHeldRequest();

        runner.reload(4, Map.of());
        awaitNoMoreRequests();
        int asked = runner.gitlab().requests(Endpoint.JOB_REQUEST).size();
        CoordinatorJob next = runner.job().script("true").enqueue();
        let("go");

        assertThat(job.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(new Ended(job).output()).containsExactly("begun", "2");
        assertThat(runner.gitlab().requests(Endpoint.JOB_REQUEST)).hasSize(asked);
        assertThat(next.state()).isEqualTo(JobState.PENDING);
    }

    @Test
    void aJobThatArrivesForARunnerJustRemovedIsRun() throws Exception {
        runner.gitlab().faults().on(Endpoint.JOB_REQUEST).delay(Duration.ofSeconds(5));
        runner.start();
        await().atMost(RunnerUnderTest.LIMIT).until(() -> runner.gitlab().requestsInFlight() > 0);
        runner.reload(4, Map.of());
        CoordinatorJob job = runner.job().script("echo heard").enqueue();

        assertThat(job.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
    }

    @Test
    @Tag("JS-170")
    void moreJobsAtOnceAndANewRunnerCountFromThenOn() throws Exception {
        runner.withConcurrent(1);
        runner.start();
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        CoordinatorJob second = runner.queue(runner.job().script("echo begun", until("go")));
        runner.awaitLog(first, "begun");
        assertThat(second.state()).isEqualTo(JobState.PENDING);

        CoordinatorRunner added = runner.gitlab().registerRunner(RunnerSpec.tagged("added"));
        CoordinatorJob third = runner.job().tags("added").script("echo third").enqueue();
        runner.reload(3, Map.of(runner.runner(), List.of(), added, List.of()));

        runner.awaitLog(second, "begun");
        assertThat(third.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        let("go");
        first.awaitFinished(RunnerUnderTest.LIMIT);
        second.awaitFinished(RunnerUnderTest.LIMIT);
    }

    @Test
    void fewerJobsAtOnceEndNone() throws Exception {
        runner.start();
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        CoordinatorJob second = runner.queue(runner.job().script("echo begun", until("go")));
        runner.awaitLog(first, "begun");
        runner.awaitLog(second, "begun");

        runner.reload(1, Map.of(runner.runner(), List.of("limit = 1")));
        // A request that was on its way then had its place, and may still bring a job.
        awaitNoMoreRequests();
        CoordinatorJob third = runner.queue(runner.job().script("true"));
        let("go");

        assertThat(first.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(third.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(third.startedAt().orElseThrow())
                .isAfterOrEqualTo(first.finishedAt().orElseThrow());
    }

    /** A lane for one job, by another configuration each time. */
    private static List<String> oneLane(String word) {
        return List.of(
                "environment = [\"WORD=" + word + "\"]",
                "[[runners.lanes]]",
                "name = \"pi\"",
                "capacity = 1");
    }

    @Test
    void aJobKeepsItsPlaceInItsLaneOverChanges() throws Exception {
        runner.start(oneLane("one").toArray(String[]::new));
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        runner.awaitLog(first, "begun");
        CoordinatorJob second = runner.queue(runner.job().script("echo $WORD"));
        for (String word : List.of("two", "three")) {
            runner.reload(4, Map.of(runner.runner(), oneLane(word)));
            await().during(Duration.ofMillis(700))
                    .atMost(RunnerUnderTest.LIMIT)
                    .until(() -> second.state() == JobState.PENDING);
        }
        assertThat(runner.lanes().getFirst().used()).isEqualTo(1);
        let("go");

        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(second.startedAt().orElseThrow())
                .isAfterOrEqualTo(first.finishedAt().orElseThrow());
        assertThat(new Ended(second).output()).containsExactly("three");
    }

    @Test
    void aJobKeepsItsPlaceWhenItsRunnerGetsAnotherToken() throws Exception {
        runner.start("limit = 1");
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        runner.awaitLog(first, "begun");
        CoordinatorJob second = runner.queue(runner.job().script("true"));
        CoordinatorRunner renewed =
                runner.gitlab().registerRunner(new RunnerSpec("renewed", List.of(), true));

        runner.reload(4, Map.of(renewed, List.of("limit = 1")));
        await().during(Duration.ofMillis(700))
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> second.state() == JobState.PENDING);
        let("go");

        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(second.startedAt().orElseThrow())
                .isAfterOrEqualTo(first.finishedAt().orElseThrow());
    }

    @Test
    @Tag("JS-170")
    void aJobKeepsTheSettingsThatItBeganWith() throws Exception {
        runner.start("environment = [\"WORD=before\"]");
        CoordinatorJob first =
                runner.queue(
                        runner.job()
                                .script("echo $WORD", until("go"))
                                .afterScript("echo after $WORD"));
        runner.awaitLog(first, "before");
        runner.reload(4, Map.of(runner.runner(), List.of("environment = [\"WORD=now\"]")));
        let("go");
        first.awaitFinished(RunnerUnderTest.LIMIT);
        // A request that was under way at the reload may bring one more of the old kind.
        await().atMost(RunnerUnderTest.LIMIT)
                .untilAsserted(() ->
                        assertThat(runner.run(runner.job().script("echo $WORD")).output())
                                .containsExactly("now"));

        assertThat(new Ended(first).log()).contains("\nbefore\n", "\nafter before\n");
    }

    @Test
    void aRunnerThatWasLeftAloneIsAskedForAgain() throws Exception {
        runner.gitlab().faults().on(Endpoint.JOB_REQUEST).times(2).answer(403);
        runner.extension().expectViolations();
        runner.start("unhealthy_requests_limit = 2", "unhealthy_interval = \"1h\"");
        await().atMost(RunnerUnderTest.LIMIT)
                .until(() -> runner.gitlab().requests(Endpoint.JOB_REQUEST).size() == 2);

        runner.reload(
                4,
                Map.of(
                        runner.runner(),
                        List.of("unhealthy_requests_limit = 2", "unhealthy_interval = \"1h\"")));

        runner.run(runner.job().script("true")).succeeded();
    }
}
