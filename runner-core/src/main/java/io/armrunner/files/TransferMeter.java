package io.armrunner.files;

import io.armrunner.variables.GoDuration;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Says in the log how far a transfer is, as often as {@code TRANSFER_METER_FREQUENCY} asks for, in
 * the form of GitLab Runner's helper tool (job-semantics §6.9). Without the variable it says
 * nothing and costs nothing.
 */
public final class TransferMeter {
    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final String UNITS = "KMGTPE";
    // Over what is left of a longer line before it.
    private static final String PADDING = " ".repeat(16);

    private final HelperLines lines;
    private final InstantSource clock;
    private final Duration frequency;

    private TransferMeter(HelperLines lines, InstantSource clock, Duration frequency) {
        this.lines = lines;
        this.clock = clock;
        this.frequency = frequency;
    }

    /** The meter that the job wants; a word that is no duration is warned of and none. */
    public static TransferMeter of(
            HelperEnvironment environment, HelperLines lines, InstantSource clock) {
        String word = environment.get("TRANSFER_METER_FREQUENCY");
        Optional<Duration> wanted =
                word.isEmpty() ? Optional.of(Duration.ZERO) : GoDuration.parse(word);
        if (wanted.isEmpty()) {
            lines.warning(
                    "TRANSFER_METER_FREQUENCY \"%s\" is no duration such as 5s or 1m30s: no progress is shown"
                            .formatted(word));
        }
        Duration frequency = wanted.orElse(Duration.ZERO);
        boolean tooOften = frequency.isPositive() && frequency.compareTo(LEAST) < 0;
        return new TransferMeter(lines, clock, tooOften ? LEAST : frequency);
    }

    /**
     * A transfer begins.
     *
     * @param label such as {@code Uploading artifacts}
     * @param total its bytes, or 0 if nobody knows
     */
    public Transfer begin(String label, long total) {
        return new Transfer(label, total);
    }

    /** {@code 999 B}, {@code 12.34 MB}. */
    static String bytes(long bytes) {
        return scaled(bytes, "%.2f");
    }

    /** {@code 1.2 MB/s}. */
    static String rate(long bytes, Duration time) {
        double seconds = Math.max(1e-9, time.toNanos() / 1e9);
        return scaled((long) (bytes / seconds), "%.1f") + "/s";
    }

    private static String scaled(long bytes, String format) {
        if (bytes < 1000) {
            return bytes + " B";
        }
        long divisor = 1000;
        int unit = 0;
        for (long left = bytes / 1000; left >= 1000; left /= 1000) {
            divisor *= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, format, (double) bytes / divisor)
                + " "
                + UNITS.charAt(unit)
                + "B";
    }

    /**
     * A transfer that goes on. Counted by the thread that moves the bytes; the lines come from a
     * thread of its own, so that a transfer that hangs is seen to hang.
     */
    public final class Transfer implements AutoCloseable {
        private final String label;
        private final long total;
        private final Instant begun = clock.instant();
        private final AtomicLong done = new AtomicLong();
        private final CountDownLatch ended = new CountDownLatch(1);

        private Transfer(String label, long total) {
            this.label = label;
            this.total = total;
            if (frequency.isPositive()) {
                var _ = Thread.ofVirtual().name("transfer-meter").start(this::tell);
            }
        }

        private void tell() {
            try {
                while (!ended.await(frequency.toNanos(), TimeUnit.NANOSECONDS)) {
                    show("");
                }
            } catch (InterruptedException e) {
                // Nobody interrupts it; if somebody did, the transfer goes on without lines.
                Thread.currentThread().interrupt();
            }
        }

        // One line at a time, and none after the last.
        private synchronized void show(String end) {
            if (ended.getCount() > 0) {
                long bytes = done.get();
                lines.log()
                        .noticePart(
                                "\r%s %s%s (%s)%s%s"
                                        .formatted(
                                                label,
                                                bytes(bytes),
                                                total > 0 ? "/" + bytes(total) : "",
                                                rate(
                                                        bytes,
                                                        Duration.between(begun, clock.instant())),
                                                PADDING,
                                                end));
            }
        }

        /** More bytes went over. */
        public void add(long bytes) {
            done.addAndGet(bytes);
        }

        /** Counts what is written. */
        public OutputStream counted(OutputStream out) {
            return frequency.isPositive() ? new Counted(out) : out;
        }

        /** The last line; may be called again. */
        @Override
        public synchronized void close() {
            if (frequency.isPositive()) {
                show("\n");
            }
            ended.countDown();
        }

        private final class Counted extends FilterOutputStream {
            Counted(OutputStream out) {
                super(out);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
                add(length);
            }

            @Override
            public void write(int value) throws IOException {
                out.write(value);
                add(1);
            }
        }
    }
}
