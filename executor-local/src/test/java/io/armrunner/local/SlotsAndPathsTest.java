package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RecordedRequest;
import io.armrunner.coordinator.RunnerSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * How many jobs run at once, where, and how often GitLab is asked (job-semantics §9,
 * runner-protocol §3).
 */
final class SlotsAndPathsTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    /** A script that runs until the test makes the file {@code name}. */
    private String until(String name) {
        return "until [ -e %s ]; do sleep 0.05; done".formatted(runner.directory().resolve(name));
    }

    private void let(String name) throws Exception {
        Files.createFile(runner.directory().resolve(name));
    }

    @Test
    @Tag("JS-167")
    @Tag("JS-168")
    void jobsOfOneProjectHaveDirectoriesOfTheirOwnAndTheLowestIsUsedAgain() throws Exception {
        CoordinatorJob first = runner.queue(runner.job().script("pwd", until("go")));
        first.awaitState(JobState.RUNNING, RunnerUnderTest.LIMIT);
        CoordinatorJob second =
                runner.queue(
                        runner.job().script("pwd", "echo $CI_CONCURRENT_PROJECT_ID", until("go")));
        second.awaitState(JobState.RUNNING, RunnerUnderTest.LIMIT);
        runner.awaitLog(first, "local/job");
        runner.awaitLog(second, "local/job");
        let("go");
        first.awaitFinished(RunnerUnderTest.LIMIT);
        second.awaitFinished(RunnerUnderTest.LIMIT);
        runner.awaitIdle();
        Ended third = runner.run(runner.job().script("pwd"));

        assertThat(new Ended(first).output())
                .containsExactly(runner.projectDirectory(0, "local/job").toString());
        assertThat(new Ended(second).output())
                .containsExactly(runner.projectDirectory(1, "local/job").toString(), "1");
        assertThat(third.output())
                .containsExactly(runner.projectDirectory(0, "local/job").toString());
        Path temp = runner.projectDirectory(0, "local/job.tmp");
        assertThat(temp.getParent()).isEqualTo(runner.projectDirectory(0, "local"));
    }

    @Test
    @Tag("JS-171")
    void oneSlotMeansOneJobAfterTheOther() throws Exception {
        runner.withConcurrent(1);
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        CoordinatorJob second = runner.queue(runner.job().script("true"));
        runner.awaitLog(first, "begun");

        assertThat(second.state()).isEqualTo(JobState.PENDING);
        let("go");
        second.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(second.startedAt().orElseThrow())
                .isAfterOrEqualTo(first.finishedAt().orElseThrow());
    }

    @Test
    @Tag("JS-171")
    @Tag("RP-36")
    void aRunnerAtItsLimitDoesNotAsk() throws Exception {
        runner.start("limit = 1");
        CoordinatorJob first = runner.queue(runner.job().script("echo begun", until("go")));
        runner.awaitLog(first, "begun");
        int asked = runner.gitlab().requests(Endpoint.JOB_REQUEST).size();
        CoordinatorJob second = runner.queue(runner.job().script("true"));
        // Ten ticks of the runner.
        CoordinatorJob watched = first;
        await().pollDelay(Duration.ofMillis(500)).until(() -> watched.state() == JobState.RUNNING);

        assertThat(runner.gitlab().requests(Endpoint.JOB_REQUEST)).hasSize(asked);
        assertThat(second.state()).isEqualTo(JobState.PENDING);
        let("go");
        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
    }

    @Test
    @Tag("RP-34")
    void idleRunnersAskOnceInEachIntervalAndTakeTurns() throws Exception {
        runner.withCheckInterval(Duration.ofMillis(400));
        CoordinatorRunner one = runner.gitlab().registerRunner(RunnerSpec.tagged("one"));
        CoordinatorRunner two = runner.gitlab().registerRunner(RunnerSpec.tagged("two"));
        Map<CoordinatorRunner, List<String>> entries = new LinkedHashMap<>();
        entries.put(one, List.of());
        entries.put(two, List.of());
        runner.start(entries);
        await().atMost(RunnerUnderTest.LIMIT)
                .until(() -> requestsOf(one).size() >= 4 && requestsOf(two).size() >= 4);

        for (CoordinatorRunner each : List.of(one, two)) {
            List<Instant> times = requestsOf(each);
            for (int i = 1; i < times.size(); i++) {
                assertThat(Duration.between(times.get(i - 1), times.get(i)))
                        .isGreaterThanOrEqualTo(Duration.ofMillis(395));
            }
        }
        // On a busy machine a request may be late, but not each of them.
        await("two asks between two requests of one")
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> isSpread(requestsOf(one), requestsOf(two)));
    }

    /** Whether some request of the one is followed by one of the other before its own interval. */
    private static boolean isSpread(List<Instant> one, List<Instant> two) {
        return one.stream()
                .anyMatch(first ->
                        two.stream()
                                .map(next -> Duration.between(first, next).toMillis())
                                .anyMatch(apart -> apart >= 100 && apart <= 300));
    }

    private List<Instant> requestsOf(CoordinatorRunner each) {
        String token = each.token().value();
        return runner.gitlab().requests(Endpoint.JOB_REQUEST).stream()
                .filter(request -> request.header("runner-token").filter(token::equals).isPresent())
                .map(RecordedRequest::at)
                .toList();
    }

    @Test
    @Tag("RP-35")
    void afterAJobTheNextRequestFollowsAtOnce() throws Exception {
        runner.withCheckInterval(Duration.ofMinutes(10));
        CoordinatorJob first = runner.job().script("echo begun", until("go")).enqueue();
        CoordinatorJob second = runner.job().script("echo begun", until("go")).enqueue();
        runner.start();
        first.awaitState(JobState.RUNNING, RunnerUnderTest.LIMIT);
        second.awaitState(JobState.RUNNING, RunnerUnderTest.LIMIT);
        let("go");
        first.awaitFinished(RunnerUnderTest.LIMIT);
        second.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(
                        Duration.between(
                                first.startedAt().orElseThrow(), second.startedAt().orElseThrow()))
                .isLessThan(RunnerUnderTest.LIMIT);
    }

    @Test
    @Tag("RP-35")
    void aStrictIntervalIsKeptAfterAJobToo() throws Exception {
        runner.withCheckInterval(Duration.ofMillis(700));
        CoordinatorJob first = runner.job().script("echo begun", until("go")).enqueue();
        CoordinatorJob second = runner.job().script("true").enqueue();
        runner.start("strict_check_interval = true");
        second.awaitFinished(RunnerUnderTest.LIMIT);
        let("go");
        first.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(
                        Duration.between(
                                first.startedAt().orElseThrow(), second.startedAt().orElseThrow()))
                .isGreaterThanOrEqualTo(Duration.ofMillis(690));
    }

    @Test
    @Tag("JS-172")
    @Tag("RP-39")
    void aRefusedTokenIsLeftAloneForAWhileAndThenTriedOnce() throws Exception {
        CoordinatorRunner refused = runner.gitlab().registerRunner(RunnerSpec.tagged());
        runner.extension().expectViolations();
        runner.gitlab().faults().on(Endpoint.JOB_REQUEST).times(4).answer(403);
        runner.start(
                Map.of(
                        refused,
                        List.of("unhealthy_requests_limit = 3", "unhealthy_interval = \"5s\"")));
        await().atMost(RunnerUnderTest.LIMIT).until(() -> requestsOf(refused).size() >= 6);
        List<Instant> times = requestsOf(refused);

        assertThat(Duration.between(times.get(0), times.get(2)))
                .isLessThan(Duration.ofMillis(4500));
        assertThat(Duration.between(times.get(2), times.get(3)))
                .isGreaterThanOrEqualTo(Duration.ofMillis(4800));
        assertThat(Duration.between(times.get(3), times.get(4)))
                .isGreaterThanOrEqualTo(Duration.ofMillis(4900));
        // The fifth was taken, so the sixth came after one tick.
        assertThat(Duration.between(times.get(4), times.get(5)))
                .isLessThan(Duration.ofMillis(4500));
    }

    @Test
    @Tag("RP-40")
    void troubleOfGitLabIsNotTheRunnersFault() throws Exception {
        for (int status : new int[] {409, 422, 400, 409, 422}) {
            runner.gitlab().faults().on(Endpoint.JOB_REQUEST).answer(status);
        }
        runner.gitlab().faults().on(Endpoint.JOB_REQUEST).times(4).cut();
        runner.start("unhealthy_requests_limit = 1", "unhealthy_interval = \"1h\"");

        runner.run(runner.job().script("true")).succeeded();
    }
}
