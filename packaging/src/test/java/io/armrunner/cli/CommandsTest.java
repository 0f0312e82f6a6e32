package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.cli.RunnerServer.Registered;
import io.armrunner.cli.RunnerServer.Removed;
import io.armrunner.cli.RunnerServer.Verified;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandsTest {
    private static final String TWO_RUNNERS =
            """
            concurrent = 2
            # made by hand
            [[runners]]
              name = "created"
              url = "https://gitlab.example/"
              token = "glrt-t1_created01rest"
              executor = "shell"
            [[runners]]
              name = "legacy"
              url = "https://other.example"
              token = "legacylegacylegacy00"
              executor = "shell"
            """;

    @TempDir Path directory;
    private final RecordingServer server = new RecordingServer();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Map<String, String> environment = new HashMap<>();
    private String answers = "";

    @Test
    void helpNamesEveryCommand() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("register", "list", "verify", "unregister");
    }

    @Test
    void wrongWordsAreOneLineAndExitCode2() {
        assertThat(run("list", "--nonsense")).isEqualTo(2);
        assertThat(err.toString())
                .hasLineCount(1)
                .contains("--nonsense")
                .contains("armrunner list --help");
    }

    @Test
    void theBenchmarkNamesItsRows() {
        assertThat(run("benchmark", "--list")).isZero();
        assertThat(out.toString().lines())
                .contains("startup", "one_job", "throughput", "big_log", "artifacts", "cache");
    }

    @Test
    void wrongWordsOfTheBenchmarkAreNamed() {
        assertThat(run("benchmark", "--rows", "startup,nonsense")).isEqualTo(2);
        assertThat(err.toString()).hasLineCount(1).contains("nonsense", "startup");
        assertThat(run("benchmark", "--peer", "gitlab-runner run", "--runner", "a {config}"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("gitlab-runner run", "{config}");
    }

    @Test
    void aBrokenFileIsOneLineAndExitCode1() throws Exception {
        write("concurrent = 0\n");

        assertThat(run("verify")).isEqualTo(1);
        assertThat(err.toString())
                .hasLineCount(1)
                .contains("config.toml:1: concurrent must be 1 or more");
    }

    @Test
    void debugShowsTheStackTrace() throws Exception {
        write("concurrent = 0\n");

        assertThat(run("--debug", "verify")).isEqualTo(1);
        assertThat(err.toString()).contains("ConfigException").contains("at io.armrunner");
    }

    @Test
    void listShowsShortTokensOnly() throws Exception {
        write(TWO_RUNNERS);

        assertThat(run("list")).isZero();
        assertThat(out.toString())
                .contains(
                        "created",
                        "Executor=shell",
                        "Token=created01",
                        "URL=https://gitlab.example/")
                .doesNotContain("glrt-t1_created01rest");
    }

    @Test
    @Tag("RP-20")
    @Tag("JS-175")
    void registerWithACreatedTokenVerifiesOnlyAndWritesTheRunner() throws Exception {
        int code =
                run(
                        "register",
                        "--non-interactive",
                        "--url",
                        "https://gitlab.example",
                        "--token",
                        "glrt-abc",
                        "--executor",
                        "docker",
                        "--docker-image",
                        "alpine",
                        "--docker-privileged",
                        "--limit=3",
                        "--env",
                        "A=1",
                        "--env",
                        "B=2",
                        "--cache-s3-server-address",
                        "minio:9000");

        assertThat(code).isZero();
        assertThat(server.calls).containsExactly("verify https://gitlab.example glrt-abc", "close");
        assertThat(Files.readString(config()))
                .isEqualTo(
                        """
                        concurrent = 1
                        check_interval = 0
                        shutdown_timeout = 0

                        [[runners]]
                          name = "board-7"
                          url = "https://gitlab.example"
                          id = 42
                          token = "glrt-abc"
                          token_obtained_at = 2026-11-23T12:00:00Z
                          token_expires_at = 2026-12-01T08:00:00Z
                          limit = 3
                          executor = "docker"
                          environment = ["A=1", "B=2"]
                          [runners.cache]
                            [runners.cache.s3]
                              ServerAddress = "minio:9000"
                          [runners.docker]
                            image = "alpine"
                            privileged = true
                            volumes = ["/cache"]
                        """);
        assertThat(out.toString())
                .contains("Runner registered successfully.")
                .doesNotContain("glrt-abc");
    }

    @Test
    void registerTakesEverythingFromTheEnvironment() throws Exception {
        environment.putAll(
                Map.of(
                        "REGISTER_NON_INTERACTIVE", "true",
                        "CI_SERVER_URL", "https://env.example",
                        "CI_SERVER_TOKEN", "glrt-env",
                        "RUNNER_EXECUTOR", "shell",
                        "RUNNER_NAME", "from env",
                        "RUNNER_PRE_BUILD_SCRIPT", "date"));

        assertThat(run("register")).isZero();
        RunnerConfig runner = runners().getFirst();
        assertThat(runner.name()).isEqualTo("from env");
        assertThat(runner.url()).isEqualTo("https://env.example");
        assertThat(runner.preBuildScript()).contains("date");
    }

    @Test
    void registerAsksForWhatIsMissing() throws Exception {
        answers = "https://asked.example\nglrt-asked\n\nshell\n";

        assertThat(run("register")).isZero();
        assertThat(runners().getFirst().url()).isEqualTo("https://asked.example");
        assertThat(runners().getFirst().name()).isEqualTo("board-7");
        assertThat(out.toString()).contains("[board-7]: ");
    }

    @Test
    void registerWithoutAnAnswerSaysWhichFlagIsMissing() {
        assertThat(run("register", "-n", "--url", "https://x", "--token", "glrt-a")).isEqualTo(2);
        assertThat(err.toString()).contains("--executor is needed");
        assertThat(server.calls).isEmpty();
    }

    @Test
    @Tag("RP-21")
    void registerFailsAndSavesNothingWhenTheTokenIsRefusedOrHasNoId() {
        server.verified = new Verified.Refused();
        assertThat(register("glrt-bad")).isEqualTo(1);
        server.verified = new Verified.Valid(0, java.util.Optional.empty());
        assertThat(register("glrt-old")).isEqualTo(1);
        server.verified = new Verified.Unclear("connection refused");
        assertThat(register("glrt-down")).isEqualTo(1);

        assertThat(config()).doesNotExist();
        assertThat(err.toString())
                .contains("does not know the token", "does not say the runner's id", "connection");
    }

    @Test
    void serverSideFlagsAreRefusedForACreatedRunner() {
        assertThat(register("glrt-abc", "--tag-list", "a,b", "--locked=false")).isEqualTo(1);
        assertThat(err.toString()).contains("--tag-list, --locked cannot be set");
        assertThat(server.calls).isEmpty();
    }

    @Test
    void serverSideFlagsAreOnlyWarnedAboutWithTheOldTokenFlag() throws Exception {
        int code =
                run(
                        "register",
                        "-n",
                        "--url",
                        "https://x",
                        "--registration-token",
                        "glrt-abc",
                        "--executor",
                        "shell",
                        "--tag-list",
                        "a,b");

        assertThat(code).isZero();
        assertThat(err.toString()).contains("WARNING: --tag-list have no effect");
        assertThat(runners().getFirst().token().value()).isEqualTo("glrt-abc");
    }

    @Test
    @Tag("RP-23")
    void aRegistrationTokenSendsTagsAsOneTextAndTheBooleans() throws Exception {
        assertThat(
                        register(
                                "GR1348941abc",
                                "--tag-list",
                                "arm64,lab",
                                "--locked=false",
                                "--paused"))
                .isZero();

        RunnerServer.LegacyAttributes sent = server.registrations.getFirst();
        assertThat(sent.tagList()).isEqualTo("arm64,lab");
        assertThat(sent.runUntagged()).isFalse();
        assertThat(sent.locked()).isFalse();
        assertThat(sent.paused()).isTrue();
        assertThat(runners().getFirst().token().value()).isEqualTo("glrtr-made");
        assertThat(runners().getFirst().id()).isEqualTo(41);
    }

    @Test
    @Tag("RP-24")
    void withoutTagsARunnerTakesUntaggedJobs() {
        assertThat(register("GR1348941abc", "--run-untagged=false")).isZero();
        assertThat(server.registrations.getFirst().runUntagged()).isTrue();
        assertThat(server.registrations.getFirst().locked()).isTrue();
    }

    @Test
    @Tag("RP-25")
    void switchedOffRegistrationTokensAreNamed() {
        server.registered = new Registered.Disabled();

        assertThat(register("GR1348941abc")).isEqualTo(1);
        assertThat(err.toString()).contains("registration tokens are disabled");
        assertThat(config()).doesNotExist();
    }

    @Test
    void aRunnerThatCannotBeSavedIsTakenBack() throws Exception {
        // The directory becomes a file between GitLab's yes and the save.
        server.onCall = this::blockDirectory;

        assertThat(register("GR1348941abc")).isEqualTo(1);
        assertThat(server.calls)
                .containsExactly(
                        "register https://x GR1348941abc",
                        "deleteRunner https://x glrtr-made",
                        "close");
    }

    @Test
    void leaveRunnerKeepsIt() {
        server.onCall = this::blockDirectory;

        assertThat(register("GR1348941abc", "--leave-runner")).isEqualTo(1);
        assertThat(server.calls).containsExactly("register https://x GR1348941abc", "close");
    }

    @Test
    void verifyNamesEachRunnerAndIgnoresTheEnvironment() throws Exception {
        write(TWO_RUNNERS);
        environment.put("CI_SERVER_TOKEN", "something else");

        assertThat(run("verify")).isZero();
        assertThat(out.toString())
                .contains("is valid", "runner=created01", "is alive", "runner=legacyleg");
    }

    @Test
    void onlyAClearNoCountsAsDead() throws Exception {
        write(TWO_RUNNERS);
        server.verified = new Verified.Unclear("connection refused");
        assertThat(run("verify", "--delete")).isZero();
        assertThat(Files.readString(config())).isEqualTo(TWO_RUNNERS);

        server.verified = new Verified.Refused();
        assertThat(run("verify")).isEqualTo(1);
        assertThat(Files.readString(config())).isEqualTo(TWO_RUNNERS);

        assertThat(run("verify", "--delete", "--name", "legacy")).isZero();
        assertThat(runners()).extracting(RunnerConfig::name).containsExactly("created");
        assertThat(Files.readString(config())).startsWith("concurrent = 2\n# made by hand\n");
    }

    @Test
    @Tag("RP-26")
    @Tag("RP-27")
    void unregisterRemovesTheManagerOfACreatedRunnerAndTheWholeLegacyRunner() throws Exception {
        write(TWO_RUNNERS);

        assertThat(run("unregister", "--all-runners")).isZero();
        assertThat(server.calls)
                .containsExactly(
                        "deleteManager https://gitlab.example/ glrt-t1_created01rest",
                        "deleteRunner https://other.example legacylegacylegacy00",
                        "close");
        assertThat(runners()).isEmpty();
        assertThat(run("unregister", "--all-runners")).isZero();
    }

    @Test
    void aRunnerThatCouldNotBeUnregisteredStays() throws Exception {
        write(TWO_RUNNERS);
        server.removed = new Removed.Refused();

        assertThat(run("unregister", "--url", "https://gitlab.example")).isEqualTo(1);
        assertThat(Files.readString(config())).isEqualTo(TWO_RUNNERS);
    }

    @Test
    void unregisterWithoutAChoiceAsksForOne() {
        assertThat(run("unregister")).isEqualTo(2);
        assertThat(err.toString()).contains("--all-runners");
    }

    private int register(String token, String... more) {
        String[] words = {
            "register", "-n", "--url", "https://x", "--token", token, "--executor", "shell"
        };
        String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return run(all);
    }

    private int run(String... words) {
        environment.put("CONFIG_FILE", config().toString());
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader(answers)),
                        false,
                        environment,
                        directory,
                        directory,
                        false,
                        () -> "board-7",
                        () -> Instant.parse("2026-11-23T12:00:00Z"));
        return new Main(surroundings, Commands.with(surroundings, file -> server)).run(words);
    }

    private Path config() {
        return directory.resolve("etc").resolve("config.toml");
    }

    private void write(String text) throws IOException {
        Files.createDirectories(directory.resolve("etc"));
        Files.writeString(config(), text);
    }

    private void blockDirectory() {
        try {
            if (!Files.exists(directory.resolve("etc"))) {
                Files.writeString(directory.resolve("etc"), "");
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private List<RunnerConfig> runners() throws ConfigException {
        return new ConfigFile(config(), Map.of()).load().config().runners();
    }
}
