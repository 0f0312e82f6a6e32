package io.armrunner.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.TraceLog;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A service's operations on a state directory, with jobs that only say what happens to them. */
final class OperationsFixture implements AutoCloseable {
    static final String SECRET = "correct-horse-battery";
    static final RunnerFacts RUNNER =
            new RunnerFacts(
                    "Zk3QpW9xL",
                    "rack one",
                    "https://gitlab.example.com",
                    "s_0123456789ab",
                    "shell",
                    4,
                    2,
                    "shell");

    private static final Operations.Kept KEPT = new Operations.Kept(1 << 20, Duration.ofDays(7), 0);

    /** A clock that a test moves. */
    static final class Clock implements InstantSource {
        private volatile Instant now = Instant.parse("2026-11-23T10:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        void pass(Duration time) {
            now = now.plus(time);
        }
    }

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    final Clock clock = new Clock();
    final Path state;
    final Operations operations;

    OperationsFixture(Path state) throws IOException {
        this(state, KEPT);
    }

    OperationsFixture(Path state, Operations.Kept kept) throws IOException {
        this(state, kept, List.of(RUNNER));
    }

    private OperationsFixture(Path state, Operations.Kept kept, List<RunnerFacts> runners)
            throws IOException {
        this.state = state;
        operations =
                Operations.open(
                        new Operations.Service("1.0.0", "abcdef12", "arm64", 17, clock.instant()),
                        state,
                        kept,
                        clock);
        if (!runners.isEmpty()) {
            operations.serves(runners, 8);
        }
    }

    /** A service that nobody has told yet what it serves. */
    static OperationsFixture withoutRunners(Path state) throws IOException {
        return new OperationsFixture(state, KEPT, List.of());
    }

    OperationsFixture listening() throws IOException {
        return listening("127.0.0.1:0", Optional.empty());
    }

    OperationsFixture listening(String address, Optional<Boolean> showLogs) throws IOException {
        operations.listen(
                loops,
                ListenAddress.parse(address),
                showLogs,
                new Operations.LogLines(() -> 3, () -> 5));
        return this;
    }

    String url() {
        String address = operations.address();
        return "http://127.0.0.1" + address.substring(address.lastIndexOf(':'));
    }

    JobKey begin(long id, String name) {
        return begin(id, name, "group/project");
    }

    JobKey begin(long id, String name, String project) {
        JobKey key = new JobKey(RUNNER.runner(), id);
        operations.accepted(
                new JobFacts(
                        key,
                        RUNNER,
                        "shell",
                        5,
                        project,
                        name,
                        "test",
                        "https://gitlab.example.com/group/project/-/jobs/" + id,
                        2.5,
                        "0",
                        7,
                        3,
                        clock.instant()),
                directory(key));
        return key;
    }

    private Path directory(JobKey key) {
        return state.resolve("jobs/" + key);
    }

    /** Writes to a job's log as the engine does. */
    void write(JobKey key, Consumer<JobLog> lines) throws IOException {
        Files.createDirectories(directory(key));
        Path trace = directory(key).resolve("trace");
        try (TraceLog file =
                        Files.exists(trace)
                                ? TraceLog.reopen(trace, OutputLimit.DEFAULT, Files.size(trace))
                                : TraceLog.create(trace, OutputLimit.DEFAULT);
                JobLog log =
                        new JobLog(
                                file,
                                Masks.of(List.of(Secret.of(SECRET)), List.of()),
                                new JobLog.Format(true, true),
                                clock)) {
            lines.accept(log);
        }
    }

    static void output(JobLog log, String text) {
        byte[] bytes = text.getBytes(UTF_8);
        log.jobOutput(bytes, 0, bytes.length);
    }

    void succeed(JobKey key) {
        end(key, JobEnd.Result.SUCCESS, "", 0);
    }

    void fail(JobKey key, String reason) {
        end(key, JobEnd.Result.FAILED, reason, reason.equals("script_failure") ? 3 : 0);
    }

    private void end(JobKey key, JobEnd.Result result, String reason, int exitCode) {
        operations.ended(key, new JobEnd(result, reason, exitCode, true, 1234, clock.instant()));
    }

    /** An answer of the service. */
    record Answer(int status, Map<String, String> headers, String body) {}

    Answer get(String path) throws IOException, InterruptedException {
        return get(HttpRequest.of("GET", URI.create(url() + path)));
    }

    Answer get(HttpRequest request) throws IOException, InterruptedException {
        try (HttpReply reply = http.send(request)) {
            Map<String, String> headers = new HashMap<>();
            for (String name :
                    List.of(
                            "Content-Security-Policy",
                            "X-Content-Type-Options",
                            "Content-Type",
                            "X-Log-Offset",
                            "X-Log-End")) {
                reply.header(name).ifPresent(value -> headers.put(name, value));
            }
            return new Answer(reply.status(), headers, new String(reply.body(10 << 20), UTF_8));
        }
    }

    @Override
    public void close() {
        operations.close();
        http.close();
        loops.close();
    }
}
