package io.armrunner.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanCompiler;
import io.armrunner.plan.Stage;
import io.armrunner.script.StageScripts;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Wire;
import io.armrunner.testing.Mutations;
import io.armrunner.testing.Plans;
import io.armrunner.trace.Masks;
import io.armrunner.variables.FeatureFlag;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Broken payloads through the parser, the compiler and the scripts. A failure prints the seed of
 * its case; {@code -Darmrunner.fuzz.seed=N} runs with that seed, and another number of cases with
 * {@code -Darmrunner.fuzz.payloads=N}.
 */
@Timeout(300)
class PayloadFuzzTest {
    private static final int CASES = Integer.getInteger("armrunner.fuzz.payloads", 7000);
    private static final long SEED = Long.getLong("armrunner.fuzz.seed", 20_261_123L);

    /** Time of the processor: a busy machine takes none of it. */
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    /** A payload of some kilobytes is a matter of milliseconds. */
    private static final Duration SLOW = Duration.ofSeconds(5);

    private static String document(String name) throws IOException {
        try (InputStream file =
                Objects.requireNonNull(
                        PayloadFuzzTest.class.getResourceAsStream("/plans/" + name))) {
            return new String(file.readAllBytes(), UTF_8);
        }
    }

    @Test
    @Tag("RP-10")
    void everyBrokenPayloadIsAPlanOrAClearError() throws Exception {
        List<String> documents =
                List.of(document("everything.job.json"), document("minimal.job.json"));
        List<String> wrong = new ArrayList<>();
        int plans = 0;
        int threads = Thread.activeCount();
        for (int i = 0; i < CASES; i++) {
            long seed = SEED + i;
            byte[] payload = broken(documents.get(i % 3 == 0 ? 1 : 0), seed);
            long begun = CPU.getCurrentThreadCpuTime();
            try {
                run(payload);
                plans++;
            } catch (JsonProcessingException | JobFailure e) {
                if (e.getMessage() == null || e.getMessage().isBlank()) {
                    wrong.add("seed " + seed + ": an error without a word, " + e.getClass());
                }
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                wrong.add("seed " + seed + ": " + e + at(e));
            }
            if (CPU.getCurrentThreadCpuTime() - begun > SLOW.toNanos()) {
                wrong.add("seed " + seed + ": took longer than " + SLOW);
            }
        }
        assertThat(wrong).as("%d of %d from seed %d", wrong.size(), CASES, SEED).isEmpty();
        // Both ways have been gone often.
        assertThat(plans).isBetween(CASES / 10, CASES * 9 / 10);
        assertThat(Thread.activeCount()).isLessThanOrEqualTo(threads + 1);
    }

    private static String at(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (StackTraceElement frame : failure.getStackTrace()) {
            if (frame.getClassName().startsWith("io.armrunner")) {
                text.append("\n    at ").append(frame);
            }
            if (text.length() > 600) {
                break;
            }
        }
        return text.toString();
    }

    private static byte[] broken(String document, long seed) throws IOException {
        Random random = new Random(seed);
        Mutations mutations = new Mutations(random);
        ObjectNode tree = (ObjectNode) Wire.tree(document.getBytes(UTF_8));
        mutations.change(tree, random.nextInt(1, 8));
        String text = Wire.mapper().writeValueAsString(tree);
        return (random.nextInt(4) == 0 ? mutations.changeText(text) : text).getBytes(UTF_8);
    }

    /** All that happens to a payload before a process is started for it. */
    private static void run(byte[] bytes) throws JsonProcessingException, JobFailure {
        JobPayload payload = Wire.payload(bytes);
        JobPlan plan = PlanCompiler.compile(payload, Plans.settings(), Plans.place());
        Masks.of(
                plan.masks(),
                plan.tokenPrefixes(),
                plan.flags().isOn(FeatureFlag.FF_MASK_ALL_DEFAULT_TOKENS));
        for (Stage stage : plan.stages()) {
            try {
                StageScripts.render(plan, stage, "running");
            } catch (JobFailure failure) {
                // Of this stage: the others are rendered all the same.
                assertThat(failure.getMessage()).isNotBlank();
            }
        }
    }
}
