package io.armrunner.protocol;

import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import java.io.IOException;
import java.io.InputStream;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The retry layer beneath every call to GitLab (runner-protocol §1.8): some statuses are asked
 * again, transport errors never.
 *
 * <p>Thread-safe if {@code random} is. Each call blocks its thread, waits included; an interrupt
 * ends it at once.
 */
public final class RetryingCaller {
    /** All attempts of one call, the first included. */
    public static final int ATTEMPTS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(RetryingCaller.class);
    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofSeconds(60);
    // A page of maintenance may ask for an hour; who has a result to report looks again before
    // that.
    private static final Duration LONGEST_ASKED = Duration.ofSeconds(30);
    // Who is told that he asks too often does what he is told, within reason.
    private static final Duration LONGEST_ASKED_BY_LIMIT = Duration.ofMinutes(5);
    // What is read of a reply that is thrown away, so that its connection can be used again.
    private static final int DRAINED = 1 << 20;

    /** Waits. */
    @FunctionalInterface
    public interface Sleeper {
        void sleep(Duration time) throws InterruptedException;
    }

    /** Hears of each call that is over. Any thread; returns at once and throws nothing. */
    @FunctionalInterface
    public interface Listener {
        /**
         * A call is over, its body not yet read.
         *
         * @param status of the last reply, -1 when there was none
         * @param retries how often the request was sent again
         * @param took from the first attempt on, waits included
         */
        void called(HttpRequest request, int status, int retries, Duration took);
    }

    /**
     * The last reply of a call; the caller closes it.
     *
     * @param retriable how many replies had a retriable status, the last included
     * @param correlationId the reply's {@code X-Request-Id}, or the one that was sent
     */
    public record Outcome(HttpReply reply, int retriable, String correlationId)
            implements AutoCloseable {
        @Override
        public void close() throws IOException {
            reply.close();
        }
    }

    private final HttpClient client;
    private final String userAgent;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final Sleeper sleeper;
    private final Listener listener;

    /** A layer that nobody listens to. */
    public RetryingCaller(
            HttpClient client,
            String userAgent,
            InstantSource clock,
            RandomGenerator random,
            Sleeper sleeper) {
        this(client, userAgent, clock, random, sleeper, (_, _, _, _) -> {});
    }

    /**
     * @param userAgent such as {@code armrunner 1.0.0 (main; java25; linux/arm64)}
     * @param random must be safe for many threads
     */
    public RetryingCaller(
            HttpClient client,
            String userAgent,
            InstantSource clock,
            RandomGenerator random,
            Sleeper sleeper,
            Listener listener) {
        this.client = client;
        this.userAgent = userAgent;
        this.clock = clock;
        this.random = random;
        this.sleeper = sleeper;
        this.listener = listener;
    }

    /**
     * Sends a request, again where the reply asks for it, and returns the last reply whatever its
     * status.
     */
    public Outcome call(HttpRequest request) throws IOException, InterruptedException {
        String correlationId = newCorrelationId();
        HttpRequest sent =
                request.with("User-Agent", userAgent).with("X-Request-Id", correlationId);
        long begun = System.nanoTime();
        for (int attempt = 1; ; attempt++) {
            HttpReply reply;
            try {
                reply = client.send(sent);
            } catch (IOException unanswered) {
                listener.called(request, -1, attempt - 1, since(begun));
                throw named(unanswered, correlationId);
            }
            boolean retriable = isRetriable(reply.status());
            if (!retriable || attempt == ATTEMPTS) {
                String id = reply.header("X-Request-Id").orElse(correlationId);
                listener.called(request, reply.status(), attempt - 1, since(begun));
                return new Outcome(reply, retriable ? attempt : attempt - 1, id);
            }
            Duration wait = waitBefore(attempt, reply);
            LOG.info(
                    "gitlab.retry call=\"{}\" status={} attempt={} wait_ms={} correlation_id={}",
                    request,
                    reply.status(),
                    attempt,
                    wait.toMillis(),
                    correlationId);
            discard(reply);
            sleeper.sleep(wait);
        }
    }

    private static IOException named(IOException unanswered, String correlationId) {
        // Kinds that somebody may look at stay what they are.
        return unanswered.getClass() == IOException.class
                ? new IOException(
                        "%s (correlation_id=%s)".formatted(unanswered.getMessage(), correlationId),
                        unanswered)
                : unanswered;
    }

    private static Duration since(long begun) {
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    /** Whether a status is worth another attempt. */
    public static boolean isRetriable(int status) {
        return switch (status) {
            case 408, 429, 500, 502, 503, 504 -> true;
            default -> status >= 512;
        };
    }

    private Duration waitBefore(int attempt, HttpReply reply) {
        Duration longest = reply.status() == 429 ? LONGEST_ASKED_BY_LIMIT : LONGEST_ASKED;
        return resetTime(reply)
                .or(() -> retryAfter(reply))
                .map(asked -> asked.compareTo(longest) < 0 ? asked : longest)
                .orElseGet(() -> backOff(attempt));
    }

    private Optional<Duration> resetTime(HttpReply reply) {
        try {
            return reply.header("RateLimit-ResetTime")
                    .map(text -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                    .map(reset -> Duration.between(clock.instant(), reset))
                    .filter(Duration::isPositive);
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    // Seconds only: dates are ignored, as in GitLab Runner.
    private static Optional<Duration> retryAfter(HttpReply reply) {
        try {
            return reply.header("Retry-After")
                    .map(Long::parseLong)
                    .map(Duration::ofSeconds)
                    .filter(Duration::isPositive);
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private Duration backOff(int attempt) {
        long shortest = SHORTEST.toMillis();
        long ceiling = Math.min(LONGEST.toMillis(), shortest << (attempt - 1));
        return Duration.ofMillis(random.nextLong(shortest, ceiling + 1));
    }

    private static void discard(HttpReply reply) throws IOException {
        try (InputStream body = reply.body()) {
            body.skip(DRAINED);
        } catch (IOException e) {
            LOG.debug("gitlab.discard cause={}", e.toString());
        }
    }

    private String newCorrelationId() {
        byte[] id = new byte[16];
        random.nextBytes(id);
        return HexFormat.of().formatHex(id);
    }
}
