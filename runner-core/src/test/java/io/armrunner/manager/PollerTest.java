package io.armrunner.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.engine.JobSecrets;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.JobReply;
import io.armrunner.protocol.JobSource;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The asking for jobs, with answers made by hand. */
@Timeout(120)
final class PollerTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Holds each request until the test lets it go; counts how many are open. */
    private static final class HeldSource implements JobSource {
        private final Semaphore answers = new Semaphore(0);
        private final AtomicInteger open = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();
        private final AtomicInteger asked = new AtomicInteger();
        private volatile JobReply reply = new JobReply.NoJob(0);
        private volatile boolean broken;

        @Override
        public JobReply request(boolean mayBeHeld) throws IOException, InterruptedException {
            asked.incrementAndGet();
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            try {
                answers.acquire();
                if (broken) {
                    throw new IOException("no connection");
                }
                return reply;
            } finally {
                open.decrementAndGet();
            }
        }
    }

    private final HeldSource source = new HeldSource();
    private final Slots slots = new Slots(8);
    private final AtomicInteger notAsked = new AtomicInteger();

    private Poller poller(String line) throws ConfigException {
        String toml =
                """
                [[runners]]
                name = "r"
                url = "http://127.0.0.1:1"
                token = "glrt-t1_abcdefghijk"
                executor = "shell"
                %s
                """
                        .formatted(line);
        RunnerConfig config =
                ConfigReader.read(toml, "config.toml", Map.of()).config().runners().getFirst();
        ConfiguredRunner runner =
                new ConfiguredRunner(
                        config,
                        ConfiguredRunner.settings(
                                config,
                                "s_0123456789ab",
                                new RunnerSettings.Product(
                                        "armrunner", "1", "main", "linux/arm64")),
                        source,
                        (_, _, _) -> {
                            throw new UnsupportedOperationException("no job comes");
                        },
                        new NoLane("none"),
                        _ -> (_, _, _) -> {},
                        JobSecrets.NONE,
                        RunnerCertificates.of(config, Path.of("/nonexistent")));
        return new Poller(
                new Poller.Terms(
                        runner,
                        new RunnerHealth(
                                config.unhealthyRequestsLimit(),
                                config.unhealthyInterval(),
                                Ticker.SYSTEM),
                        new RequestConcurrency(config.requestConcurrency(), false),
                        Duration.ofMillis(5),
                        notAsked::incrementAndGet),
                slots,
                new Slots.Share(config.limit()),
                (_, _, slot) -> slot.close());
    }

    @Test
    @Tag("RP-37")
    void neverMoreRequestsAreOpenThanAllowed() throws Exception {
        try (Poller poller = poller("request_concurrency = 1")) {
            poller.start(Duration.ZERO);
            source.answers.release(20);
            await().atMost(LIMIT).until(() -> source.asked.get() == 21);
            assertThat(source.most).hasValue(1);
        }
        assertThat(slots.taken()).isZero();
    }

    @Test
    void asManyAreOpenAsConfigured() throws Exception {
        try (Poller poller = poller("request_concurrency = 3")) {
            poller.start(Duration.ZERO);
            await().atMost(LIMIT).until(() -> source.open.get() == 3);
        }
        assertThat(source.most).hasValue(3);
        assertThat(slots.taken()).isZero();
    }

    @Test
    @Tag("RP-39")
    void aRefusedRunnerIsLeftAlone() throws Exception {
        source.reply = new JobReply.Forbidden(0);
        try (Poller poller = poller("unhealthy_requests_limit = 3")) {
            poller.start(Duration.ZERO);
            source.answers.release(100);
            await().atMost(LIMIT).until(() -> source.asked.get() == 3);
            await().atMost(LIMIT)
                    .during(Duration.ofMillis(200))
                    .until(() -> source.asked.get() == 3);
            await("is told each time").atMost(LIMIT).until(() -> notAsked.get() > 0);
        }
    }

    @Test
    @Tag("RP-40")
    void aServerThatIsAwayIsAskedAgain() throws Exception {
        source.broken = true;
        try (Poller poller = poller("unhealthy_requests_limit = 1")) {
            poller.start(Duration.ZERO);
            source.answers.release(10);
            await().atMost(LIMIT).until(() -> source.asked.get() > 10);
            source.broken = false;
            source.reply = new JobReply.Failed(500, "trouble", 5);
            source.answers.release(10);
            await().atMost(LIMIT).until(() -> source.asked.get() > 20);
            source.reply = new JobReply.Conflict(0);
            source.answers.release(10);
            await().atMost(LIMIT).until(() -> source.asked.get() > 30);
        }
        assertThat(slots.taken()).isZero();
    }
}
