package io.armrunner.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Places for jobs: {@code concurrent} for all, {@code limit} for each runner. */
@Timeout(120)
final class SlotsTest {
    private final BlockingQueue<Slots.Slot> served = new LinkedBlockingQueue<>();

    private Thread waiter(Slots slots, Slots.Share share) {
        Thread thread =
                Thread.ofVirtual()
                        .name("waiter")
                        .start(() -> {
                            try {
                                served.add(slots.take(share));
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        await().atMost(Duration.ofSeconds(60))
                .until(() ->
                        !served.isEmpty()
                                || thread.getState() == Thread.State.WAITING
                                || !thread.isAlive());
        return thread;
    }

    private Slots.Slot next() throws InterruptedException {
        Slots.Slot slot = served.poll(60, TimeUnit.SECONDS);
        if (slot == null) {
            throw new AssertionError("nobody was served");
        }
        return slot;
    }

    @Test
    @Tag("JS-171")
    void thereAreAsManyPlacesAsConcurrentSays() throws InterruptedException {
        Slots slots = new Slots(2);
        Slots.Share share = new Slots.Share(0);
        Slots.Slot first = slots.take(share);
        Slots.Slot second = slots.take(share);
        Thread third = waiter(slots, share);

        assertThat(served).isEmpty();
        first.close();
        next().close();
        third.join(Duration.ofSeconds(60));
        second.close();
        assertThat(slots.taken()).isZero();
    }

    @Test
    @Tag("JS-171")
    void aRunnerAtItsLimitIsPassedOver() throws InterruptedException {
        Slots slots = new Slots(3);
        Slots.Share narrow = new Slots.Share(1);
        Slots.Slot one = slots.take(narrow);
        Thread waiting = waiter(slots, narrow);

        Slots.Slot other = slots.take(new Slots.Share(0));
        assertThat(slots.taken()).isEqualTo(2);
        assertThat(slots.mayBeHeld()).as("who waits has no use for another's place").isTrue();
        one.close();
        next().close();
        waiting.join(Duration.ofSeconds(60));
        other.close();
    }

    @Test
    void whoWaitsLongestIsServedFirst() throws InterruptedException {
        Slots slots = new Slots(1);
        Slots.Share a = new Slots.Share(0);
        Slots.Share b = new Slots.Share(0);
        Slots.Slot taken = slots.take(a);
        waiter(slots, a);
        waiter(slots, b);

        assertThat(slots.mayBeHeld()).isFalse();
        taken.close();
        Slots.Slot first = next();
        assertThat(served).isEmpty();
        first.close();
        next().close();
        assertThat(slots.taken()).isZero();
    }

    @Test
    void closingTwiceFreesOnePlaceOnly() throws InterruptedException {
        Slots slots = new Slots(2);
        Slots.Share share = new Slots.Share(0);
        Slots.Slot first = slots.take(share);
        Slots.Slot second = slots.take(share);
        first.close();
        first.close();

        assertThat(slots.taken()).isEqualTo(1);
        second.close();
    }

    @Test
    void whoIsInterruptedWhileWaitingHoldsNothing() throws InterruptedException {
        Slots slots = new Slots(1);
        Slots.Share share = new Slots.Share(0);
        Slots.Slot taken = slots.take(share);
        Thread waiting = waiter(slots, share);
        waiting.interrupt();
        waiting.join(Duration.ofSeconds(60));
        taken.close();

        assertThat(served).isEmpty();
        assertThat(slots.taken()).isZero();
        slots.take(share).close();
    }

    @Test
    void morePlacesServeWhoWaits() throws InterruptedException {
        Slots slots = new Slots(1);
        Slots.Share share = new Slots.Share(1);
        Slots.Slot taken = slots.take(share);
        waiter(slots, share);
        slots.resize(2);
        assertThat(served).isEmpty();
        slots.resize(share, 2);

        next().close();
        taken.close();
    }
}
