package io.armrunner.codebuild.agent;

import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.http.HttpReply;
import io.armrunner.protocol.JobStatus;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The line to GitLab of a build that cannot reach it: messages in the build's own prefix, which the
 * manager applies in their order. Thread-safe.
 */
final class RelayLine {
    /** The manager's own wait for GitLab is within this. */
    private static final Duration PATIENCE = Duration.ofHours(2);

    private final BuildObjects objects;
    private final JobKeys keys;
    private final Duration pause;
    private final Ticker ticker;
    private final AtomicLong files = new AtomicLong();

    /** Held while a message is written, so that there is none before the one it follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private long next;
    private Optional<Duration> looked = Optional.empty();
    private JobStatus status = JobStatus.RUNNING;

    /**
     * @param pause between two messages
     */
    RelayLine(BuildObjects objects, JobKeys keys, Duration pause, Ticker ticker) {
        this.objects = objects;
        this.keys = keys;
        this.pause = pause;
        this.ticker = ticker;
    }

    Duration pause() {
        return pause;
    }

    /** The number of a new file. */
    long file() {
        return files.getAndIncrement();
    }

    /** Writes a message; its number. */
    long send(RelayMessage message) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            objects.put(keys.message(next), message.encoded());
            return next++;
        } finally {
            lock.unlock();
        }
    }

    /** Writes a message and waits for its answer. */
    RelayMessage.Answer ask(RelayMessage message) throws IOException, InterruptedException {
        long number = send(message);
        Duration end = ticker.now().plus(PATIENCE);
        while (ticker.now().compareTo(end) < 0) {
            Thread.sleep(pause.dividedBy(3));
            Optional<byte[]> answer = objects.get(keys.answer(number));
            if (answer.isPresent()) {
                return RelayMessage.Answer.read(answer.get());
            }
        }
        throw new IOException(
                "the runner did not answer within %d minutes".formatted(PATIENCE.toMinutes()));
    }

    /** Writes a file for a message. */
    void put(long number, Path file) throws IOException, InterruptedException {
        objects.put(keys.file(number), file);
    }

    /** Reads the file of an answer. */
    HttpReply open(long number) throws IOException, InterruptedException {
        return objects.open(keys.file(number))
                .orElseThrow(() -> new IOException("the runner's file is not there any more"));
    }

    /** What the job is to do; looked up every second pause. */
    JobStatus status() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            boolean due =
                    looked.isEmpty()
                            || ticker.now()
                                            .minus(looked.get())
                                            .compareTo(pause.multipliedBy(2).minusMillis(200))
                                    > 0;
            if (due) {
                looked = Optional.of(ticker.now());
                String order =
                        objects.get(keys.order())
                                .map(bytes -> new String(bytes, StandardCharsets.US_ASCII))
                                .orElse("");
                status =
                        switch (order) {
                            case "cancel" -> JobStatus.CANCELING;
                            case "over" -> JobStatus.OVER;
                            default -> JobStatus.RUNNING;
                        };
            }
            return status;
        } finally {
            lock.unlock();
        }
    }
}
