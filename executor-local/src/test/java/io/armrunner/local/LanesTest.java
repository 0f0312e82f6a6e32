package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.status.LaneView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A runner with two lanes; the first one's shell is a program that the test takes away. */
final class LanesTest {
    private static final String[] TWO = {
        "[[runners.lanes]]",
        "name = \"pi\"",
        "capacity = 2",
        "[[runners.lanes]]",
        "name = \"cloud\"",
    };

    private static final int ROUNDS = 10;

    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    private Path shell() {
        return runner.directory().resolve("bin/pish");
    }

    private void install() throws IOException {
        Files.createDirectories(shell().getParent());
        Files.createSymbolicLink(shell(), Path.of("/bin/bash"));
    }

    private void start(String... lines) throws Exception {
        install();
        runner.withConcurrent(10)
                .withShell("pi", "pish")
                .withEnvironment("PATH", shell().getParent() + ":/usr/bin:/bin")
                .start(lines);
    }

    private CoordinatorJob queue(String... script) throws Exception {
        return runner.queue(runner.job().script(script));
    }

    private static String laneOf(CoordinatorJob job) {
        return new Ended(job)
                .log()
                .lines()
                .filter(line -> line.contains("lane "))
                .map(line -> line.replaceAll(".*lane (\\w+):.*", "$1"))
                .findFirst()
                .orElse("none");
    }

    private String until(String name) {
        return "until [ -e %s ]; do sleep 0.05; done".formatted(runner.directory().resolve(name));
    }

    private List<CoordinatorJob> six() throws Exception {
        List<CoordinatorJob> jobs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            jobs.add(queue("echo begun", until("go")));
        }
        return jobs;
    }

    private void endAll(List<CoordinatorJob> jobs) throws Exception {
        Files.createFile(runner.directory().resolve("go"));
        for (CoordinatorJob job : jobs) {
            assertThat(job.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        }
        Files.delete(runner.directory().resolve("go"));
    }

    @Test
    void ofSixJobsAtOnceFourGoToTheSecondLaneWithinASecond() throws Exception {
        start(TWO);
        boolean quick = false;
        // On a busy machine one round may be slow, but not each of them.
        for (int round = 0; round < ROUNDS && !quick; round++) {
            quick = sixFindTheirLanes().compareTo(Duration.ofSeconds(1)) < 0;
        }
        assertThat(quick).isTrue();
    }

    /** The longest time that one of six jobs at once has waited for its lane. */
    private Duration sixFindTheirLanes() throws Exception {
        List<CoordinatorJob> jobs = six();
        for (CoordinatorJob job : jobs) {
            runner.awaitLog(job, "begun");
        }
        endAll(jobs);
        runner.awaitIdle();

        assertThat(jobs.stream().map(LanesTest::laneOf))
                .containsExactlyInAnyOrder("pi", "pi", "cloud", "cloud", "cloud", "cloud");
        return jobs.stream()
                .map(job -> Duration.between(job.queuedAt(), job.startedAt().orElseThrow()))
                .max(Duration::compareTo)
                .orElseThrow();
    }

    @Test
    void aBrokenLaneClosesItselfAndIsUsedAgainWhenItIsBack() throws Exception {
        start(TWO);
        Files.delete(shell());
        List<CoordinatorJob> broken = six();
        for (CoordinatorJob job : broken) {
            runner.awaitLog(job, "begun");
        }
        LaneView pi = runner.lanes().getFirst();
        assertThat(pi.state()).isEqualTo(LaneView.State.CLOSED);
        assertThat(pi.reason()).contains("pish").contains("not installed");
        endAll(broken);
        assertThat(broken.stream().map(LanesTest::laneOf)).containsOnly("cloud");

        install();
        List<CoordinatorJob> back = six();
        for (CoordinatorJob job : back) {
            runner.awaitLog(job, "begun");
        }
        endAll(back);
        assertThat(back.stream().map(LanesTest::laneOf).filter("pi"::equals)).hasSize(2);
    }

    @Test
    void theLogSaysWhichLaneTookTheJobAndWhyInOneLineAfterTheHeader() throws Exception {
        start(TWO);
        CoordinatorJob job =
                runner.queue(runner.job().script("echo in $0").variable("ARMRUNNER_LANE", "cloud"));
        job.awaitFinished(RunnerUnderTest.LIMIT);

        List<String> lines = new Ended(job).log().lines().toList();
        int header = 0;
        while (!lines.get(header).contains("system ID:")) {
            header++;
        }
        assertThat(lines.get(header + 1)).contains("  lane cloud: ARMRUNNER_LANE names it");
    }

    @Test
    void untrustedRefsStayOffALaneForProtectedOnes() throws Exception {
        start(
                "[[runners.lanes]]",
                "name = \"pi\"",
                "refs = \"protected\"",
                "[[runners.lanes]]",
                "name = \"cloud\"");
        CoordinatorJob untrusted =
                runner.queue(
                        runner.job()
                                .script("true")
                                .customize(
                                        job -> job.withObject("git_info").put("protected", false)));
        untrusted.awaitFinished(RunnerUnderTest.LIMIT);
        CoordinatorJob trusted =
                runner.queue(
                        runner.job()
                                .script("true")
                                .customize(
                                        job -> job.withObject("git_info").put("protected", true)));
        trusted.awaitFinished(RunnerUnderTest.LIMIT);

        assertThat(laneOf(untrusted)).isEqualTo("cloud");
        assertThat(laneOf(trusted)).isEqualTo("pi");
    }

    @Test
    void aJobThatNoLaneWillEverTakeFailsWithTheReasons() throws Exception {
        start(TWO);
        Ended job = runner.run(runner.job().script("true").variable("ARMRUNNER_LANE", "moon"));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.log())
                .contains("no lane of this runner takes this job: pi is not the one that");
    }

    @Test
    void aJobForAFullLaneWaitsForIt() throws Exception {
        start(
                "[[runners.lanes]]",
                "name = \"pi\"",
                "capacity = 1",
                "[[runners.lanes]]",
                "name = \"cloud\"");
        CoordinatorJob first = queue("echo begun", until("go"));
        runner.awaitLog(first, "begun");
        CoordinatorJob second =
                runner.queue(runner.job().script("true").variable("ARMRUNNER_LANE", "pi"));
        second.awaitState(JobState.RUNNING, RunnerUnderTest.LIMIT);
        Files.createFile(runner.directory().resolve("go"));
        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);

        assertThat(laneOf(second)).isEqualTo("pi");
        first.awaitFinished(RunnerUnderTest.LIMIT);
    }

    @Test
    void whileNoLaneHasRoomNoJobIsAskedFor() throws Exception {
        start("[[runners.lanes]]", "name = \"pi\"", "capacity = 1");
        CoordinatorJob first = queue("echo begun", until("go"));
        runner.awaitLog(first, "begun");
        int asked = runner.gitlab().requests(Endpoint.JOB_REQUEST).size();
        CoordinatorJob second = queue("true");
        await().during(Duration.ofMillis(600))
                .atMost(RunnerUnderTest.LIMIT)
                .until(() -> runner.gitlab().requests(Endpoint.JOB_REQUEST).size() == asked);
        assertThat(second.state()).isEqualTo(JobState.PENDING);
        Files.createFile(runner.directory().resolve("go"));
        assertThat(second.awaitFinished(RunnerUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        first.awaitFinished(RunnerUnderTest.LIMIT);
    }
}
