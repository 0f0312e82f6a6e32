package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpServer;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;

/** A server that gives the prepared answers in turn and remembers each request; then 599. */
final class ScriptedGitLab implements AutoCloseable {
    static final ManagerInfo INFO =
            new ManagerInfo(
                    "armrunner",
                    "1",
                    "",
                    "linux",
                    "arm64",
                    "shell",
                    "bash",
                    Set.of("variables"),
                    Map.of());
    private static final Instant NOW = Instant.parse("2026-10-21T07:28:00Z");

    private record Answer(int status, String contentType, String body) {}

    record Seen(String line, Map<String, String> headers, String body) {
        JsonNode json() throws JsonProcessingException {
            return Wire.tree(body.getBytes(UTF_8));
        }
    }

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final ConcurrentLinkedQueue<Answer> answers = new ConcurrentLinkedQueue<>();
    private final List<Seen> seen = Collections.synchronizedList(new ArrayList<>());
    private final HttpServer server;

    ScriptedGitLab() throws IOException {
        server =
                HttpServer.start(
                        loops,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        this::answer);
    }

    @Override
    public void close() {
        server.close();
        http.close();
        loops.close();
    }

    GitLabUrl url() {
        return GitLabUrl.of("http://127.0.0.1:" + server.port());
    }

    /** A caller that does not wait before it repeats. */
    RetryingCaller caller() {
        return caller(_ -> {});
    }

    RetryingCaller caller(RetryingCaller.Sleeper sleeper) {
        return new RetryingCaller(http, "armrunner 1", () -> NOW, new Random(1), sleeper);
    }

    /** All requests so far, in their order. */
    List<Seen> seen() {
        return List.copyOf(seen);
    }

    ScriptedGitLab will(int status) {
        answers.add(new Answer(status, "", ""));
        return this;
    }

    ScriptedGitLab will(int status, String json) {
        answers.add(new Answer(status, "application/json", json));
        return this;
    }

    ScriptedGitLab willSay(int status, String text) {
        answers.add(new Answer(status, "text/plain", text));
        return this;
    }

    private void answer(Exchange exchange) throws IOException {
        String query = exchange.rawQuery().isEmpty() ? "" : "?" + exchange.rawQuery();
        seen.add(
                new Seen(
                        exchange.method() + " " + exchange.path() + query,
                        exchange.headers(),
                        new String(exchange.body(2 << 20), UTF_8)));
        Answer answer = answers.poll();
        if (answer == null) {
            exchange.reply(599, Map.of(), new byte[0]);
            return;
        }
        exchange.reply(
                answer.status(),
                answer.contentType().isEmpty()
                        ? Map.of()
                        : Map.of("Content-Type", answer.contentType()),
                answer.body().getBytes(UTF_8));
    }
}
