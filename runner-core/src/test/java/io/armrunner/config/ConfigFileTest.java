package io.armrunner.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {
    private static final String COMMENTED =
            """
            # The lab's runners. Ask Kim before a change.
            concurrent   =   4   # four boards

            # Team A
            [[runners]]
              name = "a"  # first
              url = "https://gitlab.example"
              token = "glrt-a"
              executor = "shell"
              pre_build_script = '''
            [[runners]] is only text here
            '''
              [runners.cache]
                Type = "s3"

            # Team B
            [[runners]]
              name = "b"
              url = "https://gitlab.example"
              token = "glrt-b"
              executor = "shell"

            [session_server]
              session_timeout = 1800 # half an hour
            """;

    @TempDir Path directory;

    @Test
    void aMissingFileIsAnEmptyConfiguration() throws ConfigException {
        assertThat(file("none/config.toml").load().config().runners()).isEmpty();
    }

    @Test
    void savingMakesAPrivateFileInAPrivateDirectory() throws Exception {
        ConfigFile file = file("made/config.toml");

        file.save(file.text().withRunner(entry("new")));

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path())))
                .isEqualTo("rw-------");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(directory.resolve("made"))))
                .isEqualTo("rwx------");
        assertThat(list(directory.resolve("made"))).containsExactly("config.toml");
        assertThat(Files.readString(file.path()))
                .isEqualTo(
                        """
                        concurrent = 1
                        check_interval = 0
                        shutdown_timeout = 0

                        [[runners]]
                          name = "new"
                          url = "https://gitlab.example"
                          token = "glrt-x"
                          token_obtained_at = 2026-11-23T12:00:00Z
                          token_expires_at = 0001-01-01T00:00:00Z
                          executor = "docker"
                          [runners.docker]
                            image = "alpine:3"
                            volumes = ["/cache", "/a \\"b\\" \\\\"]
                        """);
        assertThat(file.load().config().runners().getFirst().tokenExpiresAt()).isEmpty();
        assertThat(file.load().config().runners().getFirst().docker().strings("volumes"))
                .containsExactly("/cache", "/a \"b\" \\");
    }

    @Test
    void addingARunnerLeavesTheRestByteForByte() throws Exception {
        ConfigFile file = written(COMMENTED);

        file.save(file.text().withRunner(entry("new")));

        assertThat(Files.readString(file.path()))
                .startsWith(COMMENTED + "\n[[runners]]\n  name = \"new\"\n");
        assertThat(file.load().config().runners())
                .extracting(RunnerConfig::name)
                .containsExactly("a", "b", "new");
    }

    @Test
    void removingARunnerTakesItsCommentAndNothingElse() throws Exception {
        ConfigFile file = written(COMMENTED);

        String withoutFirst = file.text().withoutRunner(0).text();
        String withoutSecond = file.text().withoutRunner(1).text();

        int first = COMMENTED.indexOf("# Team A");
        int second = COMMENTED.indexOf("# Team B");
        assertThat(withoutFirst)
                .isEqualTo(COMMENTED.substring(0, first) + COMMENTED.substring(second));
        assertThat(withoutSecond)
                .isEqualTo(
                        COMMENTED.substring(0, second)
                                + COMMENTED.substring(COMMENTED.indexOf("[session_server]")));
    }

    @Test
    void aNewTokenReplacesTheOldOneOnly() throws Exception {
        RunnerEntry change = new RunnerEntry();
        change.set("token", "glrt-new");
        change.setId(7);

        String changed = written(COMMENTED).text().withRunnerValues(1, change).text();

        assertThat(changed)
                .isEqualTo(
                        COMMENTED
                                .replace("\"glrt-b\"", "\"glrt-new\"")
                                .replace(
                                        "# Team B\n[[runners]]",
                                        "# Team B\n[[runners]]\n  id = 7"));
    }

    @Test
    void aLinkedFileStaysALink() throws Exception {
        Path real = Files.writeString(directory.resolve("real.toml"), COMMENTED);
        Path link = Files.createSymbolicLink(directory.resolve("config.toml"), real);
        ConfigFile file = new ConfigFile(link, Map.of());

        file.save(file.text().withoutRunner(0));

        assertThat(link).isSymbolicLink();
        assertThat(Files.readString(real)).doesNotContain("Team A");
    }

    @Test
    void runnersInOneLineAreLeftAlone() throws Exception {
        ConfigFile file =
                written(
                        "runners = [{ url = \"http://u\", token = \"t\", executor = \"shell\" }]\n");

        assertThat(file.load().config().runners()).hasSize(1);
        assertThatThrownBy(() -> file.text().withRunner(entry("new")))
                .hasMessageContaining("[[runners]]");
    }

    @Test
    void aTemplateFillsOnlyWhatIsNotSet() throws Exception {
        RunnerEntry entry = new RunnerEntry();
        entry.set("url", "https://mine");
        entry.set("docker.image", "mine:1");
        entry.fillFrom(
                """
                [[runners]]
                  url = "https://template"
                  LIMIT = 3
                  [runners.docker]
                    image = "template:1"
                    privileged = true
                """,
                "template.toml");

        assertThat(entry.toml())
                .isEqualTo(
                        """
                        [[runners]]
                          url = "https://mine"
                          limit = 3
                          [runners.docker]
                            image = "mine:1"
                            privileged = true
                        """);
        assertThatThrownBy(() -> entry.fillFrom("concurrent = 1", "template.toml"))
                .hasMessage(
                        "template.toml: a template must have exactly one [[runners]], but has 0");
    }

    @Test
    void defaultPlacesAreGitLabRunners() {
        assertThat(ConfigFile.defaultPath(true, Path.of("/home/u")))
                .hasToString("/etc/gitlab-runner/config.toml");
        assertThat(ConfigFile.defaultPath(false, Path.of("/home/u")))
                .hasToString("/home/u/.gitlab-runner/config.toml");
    }

    private ConfigFile file(String name) {
        return new ConfigFile(directory.resolve(name), Map.of());
    }

    private ConfigFile written(String text) throws IOException {
        ConfigFile file = file("config.toml");
        Files.writeString(file.path(), text);
        return file;
    }

    private static RunnerEntry entry(String name) throws ConfigException {
        RunnerEntry entry = new RunnerEntry();
        entry.set("docker.volumes", List.of("/cache", "/a \"b\" \\"));
        entry.set("docker.image", "alpine:3");
        entry.set("executor", "docker");
        entry.set("url", "https://gitlab.example");
        entry.set("token", "glrt-x");
        entry.set("token_obtained_at", Optional.of(Instant.parse("2026-11-23T12:00:00.5Z")));
        entry.set("token_expires_at", Optional.empty());
        entry.set("name", name);
        return entry;
    }

    private static List<String> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
