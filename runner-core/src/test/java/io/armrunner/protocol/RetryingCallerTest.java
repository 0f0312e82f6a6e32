package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.http.HttpRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class RetryingCallerTest {
    private final ScriptedGitLab gitLab = new ScriptedGitLab();

    RetryingCallerTest() throws IOException {}

    @AfterEach
    void close() {
        gitLab.close();
    }

    @Test
    @Tag("RP-16")
    void everyAttemptOfAnUploadIsProducedAnewAndComplete() throws Exception {
        var produced = new AtomicInteger();
        HttpRequest upload =
                HttpRequest.of("POST", gitLab.url().call("jobs/1/artifacts"))
                        .with(out -> {
                            produced.incrementAndGet();
                            for (int i = 0; i < 1000; i++) {
                                out.write("0123456789".getBytes(UTF_8));
                            }
                        });
        gitLab.will(503).will(500).will(201);
        try (RetryingCaller.Outcome outcome = gitLab.caller().call(upload)) {
            assertThat(outcome.reply().status()).isEqualTo(201);
            assertThat(outcome.retriable()).isEqualTo(2);
        }
        assertThat(produced).hasValue(3);
        assertThat(gitLab.seen())
                .hasSize(3)
                .allMatch(call -> call.body().equals("0123456789".repeat(1000)));
    }

    @Test
    @Tag("RP-18")
    void anInterruptEndsTheWaitAtOnce() throws Exception {
        var waiting = new CountDownLatch(1);
        RetryingCaller caller =
                gitLab.caller(_ -> {
                    waiting.countDown();
                    Thread.sleep(Duration.ofMinutes(10));
                });
        gitLab.will(503);
        var ended = new CompletableFuture<String>();
        Thread thread =
                Thread.ofVirtual()
                        .start(() -> {
                            HttpRequest request =
                                    HttpRequest.of("GET", gitLab.url().call("version"));
                            try (RetryingCaller.Outcome outcome = caller.call(request)) {
                                ended.complete("status " + outcome.reply().status());
                            } catch (InterruptedException e) {
                                ended.complete("interrupted");
                            } catch (IOException e) {
                                ended.complete(e.toString());
                            }
                        });
        assertThat(waiting.await(60, TimeUnit.SECONDS)).isTrue();
        thread.interrupt();
        assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("interrupted");
        assertThat(gitLab.seen()).hasSize(1);
    }
}
