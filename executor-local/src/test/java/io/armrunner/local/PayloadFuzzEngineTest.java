package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.testing.Mutations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Broken payloads through the whole runner: each job ends, with a reason that GitLab has, and
 * nothing is left. {@code -Darmrunner.fuzz.seed=N} and {@code -Darmrunner.fuzz.jobs=N} as for
 * payloads.
 */
@Timeout(300)
final class PayloadFuzzEngineTest {
    private static final int JOBS = Integer.getInteger("armrunner.fuzz.jobs", 150);
    private static final long SEED = Long.getLong("armrunner.fuzz.seed", 20_261_123L);

    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    @Test
    @Tag("RP-10")
    void everyBrokenJobEnds() throws Exception {
        // A broken payload may mask what the runner itself writes, or name other projects.
        runner.extension().expectViolations();
        runner.withConcurrent(6);
        List<CoordinatorJob> jobs = new ArrayList<>();
        for (int i = 0; i < JOBS; i++) {
            long seed = SEED + i;
            jobs.add(runner.queue(jobOf(runner, new Random(seed))));
        }
        int succeeded = 0;
        for (int i = 0; i < JOBS; i++) {
            CoordinatorJob job = jobs.get(i);
            JobState state = job.awaitFinished(Duration.ofSeconds(60));
            assertThat(state)
                    .as("seed %d: %s", SEED + i, job.payload())
                    .isIn(JobState.SUCCESS, JobState.FAILED);
            if (state == JobState.SUCCESS) {
                succeeded++;
            } else {
                assertThat(job.log().length).as("seed %d has a log", SEED + i).isPositive();
                assertThat(job.failureReason())
                        .as("seed %d: %s", SEED + i, new Ended(job).log())
                        .isPresent();
            }
        }
        runner.awaitIdle();
        assertThat(succeeded).isBetween(JOBS / 10, JOBS - JOBS / 20);
    }

    JobBuilder jobOf(RunnerUnderTest runner, Random random) {
        return runner.job()
                .variable("A", "one $B")
                .fileVariable("B", "content")
                .script("echo $A", "cat $B")
                .afterScript("true")
                .artifacts("out/")
                .cache("key-$A", "cached/")
                .hook("pre_get_sources_script", "true")
                .customize(payload -> breakIt(payload, random));
    }

    /** Whose job it is stays true: without it nobody could be told how it ended. */
    private static void breakIt(ObjectNode payload, Random random) {
        JsonNode id = payload.path("id");
        JsonNode token = payload.path("token");
        Mutations mutations = new Mutations(random);
        mutations.change(payload, random.nextInt(1, 4));
        payload.set("id", id);
        payload.set("token", token);
    }
}
