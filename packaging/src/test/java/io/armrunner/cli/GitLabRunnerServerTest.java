package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.armrunner.config.ConfigFile;
import io.armrunner.spec.Wire;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a real socket. */
class GitLabRunnerServerTest {
    private record Call(String request, JsonNode body) {}

    @TempDir Path directory;
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private HttpServer gitlab = unstarted();
    private volatile int status = 200;
    private volatile String answer = "{\"id\":42,\"token\":\"glrt-abc\",\"token_expires_at\":null}";

    @BeforeEach
    void start() {
        gitlab.createContext(
                "/api/v4/",
                exchange -> {
                    JsonNode body = Wire.tree(exchange.getRequestBody().readAllBytes());
                    calls.add(
                            new Call(
                                    exchange.getRequestMethod() + " " + exchange.getRequestURI(),
                                    body));
                    byte[] bytes = answer.getBytes(UTF_8);
                    exchange.getResponseHeaders()
                            .set(
                                    "Content-Type",
                                    answer.startsWith("{") ? "application/json" : "text/plain");
                    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
                    exchange.getResponseBody().write(bytes);
                    exchange.close();
                });
        gitlab.start();
    }

    @AfterEach
    void stop() {
        gitlab.stop(0);
    }

    @Test
    @Tag("RP-20")
    @Tag("RP-26")
    @Tag("JS-176")
    void registerAndUnregisterACreatedRunner() throws Exception {
        assertThat(register("glrt-abc")).as(err.toString()).isZero();
        assertThat(calls).hasSize(1);
        assertThat(calls.getFirst().request()).isEqualTo("POST /api/v4/runners/verify");
        JsonNode body = calls.getFirst().body();
        String systemId = Files.readString(directory.resolve(".runner_system_id")).strip();
        assertThat(body.path("token").asText()).isEqualTo("glrt-abc");
        assertThat(body.path("system_id").asText()).isEqualTo(systemId);
        assertThat(body.path("info").path("features").path("cancel_gracefully").asBoolean())
                .isTrue();
        assertThat(body.path("info").path("features").size()).isEqualTo(31);

        calls.clear();
        status = 204;
        answer = "";
        assertThat(run("unregister", "--all-runners")).as(err.toString()).isZero();
        assertThat(calls).hasSize(1);
        assertThat(calls.getFirst().request()).isEqualTo("DELETE /api/v4/runners/managers");
        assertThat(calls.getFirst().body().path("system_id").asText()).isEqualTo(systemId);
    }

    @Test
    @Tag("RP-21")
    void aRefusedTokenSavesNothing() {
        status = 403;
        answer = "{\"message\":\"403 Forbidden\"}";

        assertThat(register("glrt-bad")).isEqualTo(1);
        assertThat(err.toString()).contains("does not know the token");
        assertThat(directory.resolve("config.toml")).doesNotExist();
    }

    @Test
    @Tag("RP-22")
    void anOldServersPlainTextIsAliveForVerifyAndTooLittleForRegister() throws Exception {
        assertThat(register("glrt-abc")).isZero();
        answer = "200";

        assertThat(run("verify")).isZero();
        assertThat(calls).hasSize(3);
        assertThat(register("glrt-other")).isEqualTo(1);
    }

    @Test
    @Tag("RP-25")
    void switchedOffRegistrationTokensAreNamed() {
        status = 410;
        answer = "{\"message\":\"410 Gone\"}";

        assertThat(register("GR1348941old")).isEqualTo(1);
        assertThat(err.toString()).contains("registration tokens are disabled");
    }

    @Test
    void aServerThatIsDownIsOneLine() {
        gitlab.stop(0);

        assertThat(register("glrt-abc")).isEqualTo(1);
        assertThat(err.toString())
                .hasLineCount(1)
                .contains("Could not verify the runner at http://127.0.0.1:");
    }

    private int register(String token) {
        return run(
                "register",
                "-n",
                "--url",
                "http://127.0.0.1:" + gitlab.getAddress().getPort(),
                "--token",
                token,
                "--executor",
                "shell");
    }

    private int run(String... words) {
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader("")),
                        false,
                        Map.of("CONFIG_FILE", directory.resolve("config.toml").toString()),
                        directory,
                        directory,
                        false,
                        () -> "board-7",
                        InstantSource.system());
        RunnerServer.Connect connect =
                (ConfigFile file) -> new GitLabRunnerServer(surroundings, file);
        return new Main(surroundings, Commands.with(surroundings, connect)).run(words);
    }

    private static HttpServer unstarted() {
        try {
            return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
