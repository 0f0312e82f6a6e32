package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.cli.RunnerServer.Reset;
import io.armrunner.cli.RunnerServer.Verified;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerConfig;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where tokens come from and how they are replaced; and registering twice. */
class TokenCommandsTest {
    @TempDir Path directory;
    private final RecordingServer server = new RecordingServer();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Map<String, String> environment = new HashMap<>();

    private int run(String... words) {
        environment.put("CONFIG_FILE", config().toString());
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader("")),
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
        return directory.resolve("config.toml");
    }

    private List<RunnerConfig> runners() throws Exception {
        return new ConfigFile(config(), environment).load().config().runners();
    }

    private Path token(String text) throws IOException {
        return Files.writeString(directory.resolve("token"), text);
    }

    private void runner(String line) throws IOException {
        Files.writeString(
                config(),
                """
                [[runners]]
                  # the board in the hall
                  name = "one"
                  url = "https://gitlab.example"
                  id = 42
                  %s
                  executor = "shell"
                """
                        .formatted(line));
    }

    private int register(String... more) {
        String[] words = {
            "register", "-n", "--url", "https://gitlab.example/", "--executor", "shell"
        };
        String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return run(all);
    }

    // ---- registering twice

    @Test
    void registeringTwiceAddsNothing() throws Exception {
        assertThat(register("--token", "glrt-abc")).isZero();
        String before = Files.readString(config());

        assertThat(register("--token", "glrt-abc", "--name", "another")).isZero();
        assertThat(Files.readString(config())).isEqualTo(before);
        assertThat(out.toString())
                .contains("Runner is registered already as \"board-7\"", "Nothing was changed.");
        assertThat(register("--token", "glrt-other")).isZero();
        assertThat(runners()).hasSize(2);
    }

    @Test
    void registeringTwiceWithATokenThatHasDiedIsAnError() throws Exception {
        assertThat(register("--token", "glrt-abc")).isZero();
        server.verified = new Verified.Refused();

        assertThat(register("--token", "glrt-abc")).isEqualTo(1);
        assertThat(err.toString()).contains("does not know its token any more", "verify --delete");
    }

    // ---- where tokens come from

    @Test
    void aTokenFileIsReadAndStaysTheTokensPlace() throws Exception {
        Path file = token("glrt-t1_fromfile00\n");

        assertThat(register("--token-file", file.toString())).as(err.toString()).isZero();
        assertThat(server.calls).contains("verify https://gitlab.example/ glrt-t1_fromfile00");
        assertThat(Files.readString(config()))
                .contains("token_file = \"" + file + "\"")
                .doesNotContain("fromfile00");
        assertThat(runners().getFirst().token().value()).isEqualTo("glrt-t1_fromfile00");
        assertThat(register("--token-file", file.toString())).isZero();
        assertThat(runners()).hasSize(1);
    }

    @Test
    void aCredentialOfSystemdIsReadFromItsDirectory() throws Exception {
        token("glrt-t1_fromsystemd");
        environment.put("CREDENTIALS_DIRECTORY", directory.toString());

        assertThat(register("--token-credential", "token")).as(err.toString()).isZero();
        assertThat(Files.readString(config())).contains("token_credential = \"token\"");
        assertThat(runners().getFirst().token().value()).isEqualTo("glrt-t1_fromsystemd");
    }

    @Test
    void aTokenThatCannotBeReadIsNamedWithItsPlace() throws Exception {
        assertThat(register("--token-file", directory.resolve("no").toString())).isEqualTo(1);
        assertThat(err.toString()).contains("where there is no file");
        runner("token_credential = \"gitlab\"");
        assertThat(run("list")).isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        config() + ":6: runners[0].token_credential needs systemd",
                        "LoadCredential=gitlab:");
        runner("token = \"ssm:/arm/runner\"");
        assertThat(run("list")).isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        ":6: runners[0].token names the parameter /arm/runner, which could not be read");
        runner("token_file = \"" + token(" \n") + "\"");
        assertThat(run("list")).isEqualTo(1);
        assertThat(err.toString()).contains("is empty");
        runner("token = \"glrt-a\"\n  token_file = \"/x\"");
        assertThat(run("list")).isEqualTo(1);
        assertThat(err.toString()).contains("token_file stands beside token; keep one of both");
    }

    @Test
    void aRegistrationTokenHasToBeGiven() throws Exception {
        Path file = token("GR1348941registration");

        assertThat(register("--token-file", file.toString())).isEqualTo(1);
        assertThat(err.toString()).contains("a registration token is used up");
        assertThat(server.calls).isEmpty();
    }

    // ---- reset-token

    @Test
    void aNewTokenTakesThePlaceOfTheOldOne() throws Exception {
        runner("token = \"glrt-t1_before0000\"");

        assertThat(run("reset-token", "--name", "one")).isZero();
        assertThat(server.calls)
                .containsExactly("reset https://gitlab.example glrt-t1_before0000", "close");
        assertThat(Files.readString(config()))
                .contains(
                        "# the board in the hall",
                        "token = \"glrt-t1_afterreset\"",
                        "token_obtained_at = 2026-11-23T12:00:00Z",
                        "token_expires_at = 2026-12-31T08:00:00Z")
                .doesNotContain("before0000");
        assertThat(out.toString())
                .contains("succeeded, new runner=afterrese until 2026-12-31T08:00:00Z")
                .doesNotContain("glrt-");
    }

    @Test
    void aNewTokenGoesIntoTheFileThatTheOldOneIsIn() throws Exception {
        Path file = token("glrt-t1_before0000");
        runner("token_file = \"" + file + "\"");

        assertThat(run("reset-token", "--all-runners")).isZero();
        assertThat(file).content().isEqualTo("glrt-t1_afterreset\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(Files.readString(config()))
                .contains("token_expires_at = 2026-12-31T08:00:00Z")
                .doesNotContain("afterreset");
    }

    @Test
    void aPersonalAccessTokenResetsByTheRunnersId() throws Exception {
        runner("token = \"glrt-t1_before0000\"");

        assertThat(run("reset-token", "-u", "https://gitlab.example", "-i", "42", "--pat", "glpat"))
                .isZero();
        assertThat(server.calls).contains("reset https://gitlab.example 42 glpat");
        assertThat(run("reset-token", "--id", "43")).isEqualTo(1);
    }

    @Test
    void aTokenThatCouldNotBeKeptIsNotReset() throws Exception {
        environment.put("CREDENTIALS_DIRECTORY", directory.toString());
        token("glrt-t1_fromsystemd");
        runner("token_credential = \"token\"");

        assertThat(run("reset-token", "--name", "one")).isEqualTo(1);
        environment.put("TOKEN", "glrt-t1_fromenviron");
        runner("token = \"$TOKEN\"");
        assertThat(run("reset-token", "--name", "one")).isEqualTo(1);
        assertThat(server.calls).containsOnly("close");
        assertThat(out.toString())
                .contains("the systemd credential token", "an environment variable");
    }

    @Test
    void aRefusedResetChangesNothing() throws Exception {
        runner("token = \"glrt-t1_before0000\"");
        String before = Files.readString(config());
        server.reset = new Reset.Refused();

        assertThat(run("reset-token", "--name", "one")).isEqualTo(1);
        server.reset = new Reset.Unclear("GitLab answered 500");
        assertThat(run("reset-token", "--name", "one")).isEqualTo(1);
        assertThat(Files.readString(config())).isEqualTo(before);
        assertThat(out.toString()).contains("does not know its token", "answered 500");
        assertThat(run("reset-token")).isEqualTo(2);
    }

    // ---- rotation

    @Test
    @Tag("RP-28")
    @Tag("RP-29")
    void aTokenIsDueAfterThreeQuartersOfItsTime() throws Exception {
        runner(
                "token = \"glrt-a\"\n  token_obtained_at = 2026-11-01T00:00:00Z\n  token_expires_at = 2026-11-05T00:00:00Z");
        assertThat(TokenRotation.due(runners().getFirst()))
                .contains(Instant.parse("2026-11-04T00:00:00Z"));
        runner("token = \"glrt-a\"\n  token_expires_at = 0001-01-01T00:00:00Z");
        assertThat(TokenRotation.due(runners().getFirst())).isEqualTo(Optional.empty());
    }

    // ---- completion

    @Test
    void bashCompletesCommandsAndFlags() throws Exception {
        assertThat(run("completion", "bash")).isZero();
        Path script = Files.writeString(directory.resolve("completion"), out.toString());

        assertThat(completed(script, "armrunner", "re")).contains("register", "reset-token");
        assertThat(completed(script, "armrunner", "config", "")).contains("lint");
        assertThat(completed(script, "armrunner", "reset-token", "--")).contains("--all-runners");
        assertThat(run("completion", "zsh")).isZero();
        assertThat(run("completion", "fish")).isEqualTo(2);
    }

    private String completed(Path script, String... words) throws Exception {
        String line = String.join("\" \"", words);
        Process bash =
                new ProcessBuilder(
                                "bash",
                                "--norc",
                                "-c",
                                "source %s; COMP_WORDS=(\"%s\"); COMP_CWORD=%d; _complete_armrunner; echo \"${COMPREPLY[@]}\""
                                        .formatted(script, line, words.length - 1))
                        .redirectErrorStream(true)
                        .start();
        bash.getOutputStream().close();
        String printed =
                new String(
                        bash.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return printed;
    }
}
