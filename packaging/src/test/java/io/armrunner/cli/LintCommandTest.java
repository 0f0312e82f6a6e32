package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code armrunner config lint}: everything at once, with its place. */
class LintCommandTest {
    private static final String VALID =
            """
            concurrent = 2
            [[runners]]
              name = "one"
              url = "https://gitlab.example/"
              token = "glrt-t1_created01rest"
              executor = "shell"
            """;

    @TempDir Path directory;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... words) {
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader("")),
                        false,
                        Map.of(),
                        directory,
                        directory,
                        false,
                        () -> "host.example",
                        InstantSource.system());
        return new Main(surroundings, Commands.of(surroundings)).run(words);
    }

    private Path write(String text) throws IOException {
        return Files.writeString(directory.resolve("config.toml"), text);
    }

    private List<String> problems(String text) throws IOException {
        Path file = write(text);
        assertThat(run("config", "lint", file.toString())).isEqualTo(1);
        return out.toString().lines().map(line -> line.replace(file + ":", "")).toList();
    }

    @Test
    void aGoodFileIsValid() throws Exception {
        write(VALID);

        assertThat(run("config", "lint", "config.toml")).isZero();
        assertThat(run("lint", "--config", "config.toml")).isZero();
        assertThat(out.toString().lines())
                .containsExactly("Configuration file is valid.", "Configuration file is valid.");
    }

    @Test
    void everythingThatIsWrongIsSaidAtOnceWithItsPlace() throws Exception {
        assertThat(
                        problems(
                                """
                                concurent = 2
                                check_interval = "often"
                                log_level = "inf"
                                sentry_dsn = "https://sentry.example"
                                concurrent = 0

                                [[runners]]
                                  name = "a"
                                  url = "ftp://gitlab.example"
                                  token = "glrt-t1_created01rest"
                                  executor = "shel"
                                  limit = 4294967296
                                  environment = ["A=1", 2]
                                  unhealthy_interval = "an hour"
                                  [runners.docker]
                                    imgae = "alpine"
                                [[runners]]
                                  url = "https://gitlab.example"
                                  tls-cert-file = "/nowhere/client.pem"
                                [[runners]]
                                  url = "https://gitlab.example"
                                  executor = "shell"
                                  token = "glrt-t1_twice"
                                  request_concurrency = -1
                                [[runners]]
                                  url = "https://gitlab.example"
                                  executor = "shell"
                                  token = "glrt-t1_twice"
                                """))
                .containsExactly(
                        "1:1: error: concurent is not a known key, did you mean concurrent?",
                        "2:1: error: check_interval must be a whole number, but is a string",
                        "3:1: error: log_level must be one of debug, error, fatal, info, panic, trace, warn, warning, but is \"inf\", did you mean info?",
                        "4:1: warning: sentry_dsn has no effect in armrunner yet",
                        "5:1: error: concurrent must be 1 or more, but is 0",
                        "9:3: error: runners[0].url is no address of a GitLab: it begins with http:// or https:// and a host",
                        "11:3: error: runners[0].executor \"shel\" is not an executor of armrunner, which has: shell, codebuild, did you mean shell?",
                        "12:3: error: runners[0].limit must be at most 2147483647, but is 4294967296",
                        "13:3: error: runners[0].environment must be a list of strings, but is a list",
                        "14:3: error: runners[0].unhealthy_interval \"an hour\" is not a duration such as \"30s\", \"10m\" or \"1h30m\"",
                        "15:3: warning: runners[0].docker has no effect in armrunner yet",
                        "16:5: error: runners[0].docker.imgae is not a known key, did you mean image?",
                        "17:1: error: runners[1].executor is missing; say where jobs run, for example executor = \"shell\"",
                        "17:1: error: runners[1].token is empty, so this runner is skipped",
                        "19:3: error: runners[1].tls-cert-file is of no use alone: a client certificate needs tls-cert-file and tls-key-file",
                        "24:3: warning: runners[2].request_concurrency is -1, which counts as 1",
                        "28:3: warning: runners[3].token is the token of runners[2] as well; keep one of both",
                        "Configuration file is not valid.");
        assertThat(out.toString()).doesNotContain("twice\"", "created01rest");
    }

    @Test
    void aLaneInAwsIsLookedAtToo() throws Exception {
        assertThat(
                        problems(
                                """
                                [[runners]]
                                  name = "a"
                                  url = "https://gitlab.example"
                                  token = "glrt-t1_created01rest"
                                  executor = "codebuild"
                                  [runners.codebuild]
                                    project = "p"
                                    bucket = "b"
                                    region = "eu-west-3"
                                    compute = "lambda-1gb"
                                [[runners]]
                                  name = "b"
                                  url = "https://gitlab.example"
                                  token = "glrt-t1_created02rest"
                                  executor = "shell"
                                  [[runners.lanes]]
                                    name = "here"
                                  [[runners.lanes]]
                                    name = "quick"
                                    executor = "codebuild"
                                    max_timeout = "30m"
                                    [runners.lanes.codebuild]
                                      project = "p"
                                      bucket = "b"
                                      region = "eu-west-1"
                                      compute = "lambda-1gb"
                                """))
                .containsExactly(
                        "10:5: error: runners[0].codebuild.compute \"lambda-1gb\": there is no Lambda compute in eu-west-3; the nearest regions that have it are eu-west-1, eu-central-1",
                        "26:7: error: runners[1].lanes[1].codebuild.compute \"lambda-1gb\" has jobs of up to 14 minutes, and max_timeout of the lane says 30",
                        "Configuration file is not valid.");
    }

    @Test
    void aTextThatIsNoTomlHasAPlaceToo() throws Exception {
        assertThat(problems("concurrent = 1\nlog_level = debug\n").getFirst())
                .matches("2:\\d+: error: is not valid TOML: .*");
        out.getBuffer().setLength(0);
        assertThat(problems("concurrent = 1\nconcurrent = 2\n").getFirst())
                .matches("2:\\d+: error: is not valid TOML: .*stands once in its table.");
    }

    @Test
    void programsGetOneDocument() throws Exception {
        Path file = write(VALID + "  limt = 3\n  proxy_exec = true\n");

        assertThat(run("config", "lint", "--json", file.toString())).isEqualTo(1);
        JsonNode document = new ObjectMapper().readTree(out.toString());
        assertThat(document.path("file").asText()).isEqualTo(file.toString());
        assertThat(document.path("valid").asBoolean()).isFalse();
        JsonNode first = document.path("problems").get(0);
        assertThat(first.path("severity").asText()).isEqualTo("error");
        assertThat(first.path("line").asInt()).isEqualTo(7);
        assertThat(first.path("column").asInt()).isEqualTo(3);
        assertThat(first.path("key").asText()).isEqualTo("runners[0].limt");
        assertThat(first.path("nearest").asText()).isEqualTo("limit");
        assertThat(document.path("problems").get(1).path("severity").asText()).isEqualTo("warning");
    }

    @Test
    void whatIsOnlyWorthKnowingIsNoFailure() throws Exception {
        write(VALID + "  proxy_exec = true\n");

        assertThat(run("lint", "--config", "config.toml")).isZero();
        assertThat(out.toString()).contains("warning: runners[0].proxy_exec", "is valid.");
    }

    @Test
    void aFileThatIsNotThereIsAFailure() {
        assertThat(run("config", "lint", "nowhere.toml")).isEqualTo(1);
        assertThat(err.toString())
                .contains("there is no file " + directory.resolve("nowhere.toml"));
    }
}
