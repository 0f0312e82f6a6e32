package io.armrunner.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a server that does not know a reason is told instead (runner-protocol §3.10). */
final class FailureReasonTest {
    @Test
    @Tag("RP-83")
    @Tag("JS-27")
    @Tag("JS-28")
    void unknownReasonsHaveTheirFallbacks() {
        List<String> old = List.of("script_failure");

        assertThat(FailureReason.RUNNER_CONFIGURATION_ERROR.supportedBy(old))
                .isEqualTo(FailureReason.SCRIPT_FAILURE);
        assertThat(FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE.supportedBy(old))
                .isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
        assertThat(FailureReason.RUNNER_INTERRUPTED.supportedBy(old))
                .isEqualTo(FailureReason.UNKNOWN_FAILURE);
        assertThat(FailureReason.IMAGE_PULL_FAILURE.supportedBy(old))
                .isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
    }

    @Test
    @Tag("RP-83")
    @Tag("JS-28")
    void knownReasonsAreSentAsTheyAre() {
        for (FailureReason reason : FailureReason.values()) {
            assertThat(reason.supportedBy(List.of(reason.wireName()))).isEqualTo(reason);
        }
    }
}
