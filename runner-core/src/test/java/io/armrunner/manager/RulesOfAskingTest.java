package io.armrunner.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.testing.HandTicker;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** When and how often a runner asks: health, concurrency, the numbers of its jobs. */
final class RulesOfAskingTest {
    @Test
    @Tag("JS-167")
    void theLowestFreeNumbersAreUsed() {
        ConcurrentIds ids = new ConcurrentIds();
        ConcurrentIds.Ids first = ids.take(7);
        ConcurrentIds.Ids second = ids.take(7);
        ConcurrentIds.Ids other = ids.take(8);

        assertThat(first.concurrentId()).isZero();
        assertThat(first.concurrentProjectId()).isZero();
        assertThat(second.concurrentId()).isEqualTo(1);
        assertThat(second.concurrentProjectId()).isEqualTo(1);
        assertThat(other.concurrentId()).isEqualTo(2);
        assertThat(other.concurrentProjectId()).isZero();
        first.close();
        try (ConcurrentIds.Ids again = ids.take(8)) {
            assertThat(again.concurrentId()).isZero();
            assertThat(again.concurrentProjectId()).isEqualTo(1);
        }
        second.close();
        other.close();
    }

    @Test
    @Tag("JS-172")
    @Tag("RP-39")
    void afterSomeRefusalsThereIsAPauseAndThenOneTry() {
        HandTicker time = new HandTicker();
        RunnerHealth health = new RunnerHealth(3, Duration.ofMinutes(60), time);

        assertThat(health.refused()).isFalse();
        assertThat(health.refused()).isFalse();
        assertThat(health.pause()).isZero();
        assertThat(health.refused()).isTrue();
        assertThat(health.pause()).isEqualTo(Duration.ofMinutes(60));
        time.moveTo(Duration.ofMinutes(60));
        assertThat(health.pause()).as("one try is due").isZero();
        assertThat(health.refused()).isTrue();
        assertThat(health.pause()).isEqualTo(Duration.ofMinutes(60));
        time.moveTo(Duration.ofMinutes(121));
        assertThat(health.pause()).isZero();
        health.healthy();
        assertThat(health.refused()).isFalse();
        assertThat(health.pause()).isZero();
    }

    @Test
    @Tag("RP-38")
    void requestsGrowWithJobsAndHalveWithTrouble() {
        RequestConcurrency concurrency = new RequestConcurrency(4, true);

        assertThat(concurrency.current()).isEqualTo(1);
        concurrency.answered(true, 0);
        concurrency.answered(true, 0);
        assertThat(concurrency.current()).isEqualTo(2);
        for (int i = 0; i < 40; i++) {
            concurrency.answered(true, 0);
        }
        assertThat(concurrency.current()).isEqualTo(4);
        concurrency.answered(false, 1);
        assertThat(concurrency.current()).isEqualTo(2);
        concurrency.answered(false, 1);
        concurrency.answered(false, 1);
        assertThat(concurrency.current()).isEqualTo(1);
    }

    @Test
    void withoutAdaptionTheLimitIsUsedAtOnce() {
        RequestConcurrency concurrency = new RequestConcurrency(4, false);
        concurrency.answered(false, 3);

        assertThat(concurrency.current()).isEqualTo(4);
    }
}
