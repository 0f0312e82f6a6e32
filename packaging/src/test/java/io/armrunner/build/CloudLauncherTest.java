package io.armrunner.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The built distribution runs a pipeline in CodeBuild builds of its own fake AWS. */
class CloudLauncherTest {
    // Two builds one after the other, each with a JVM, on a machine that has other work.
    private static final long LIMIT_SECONDS = 180;

    /** Uploaded once for each version, and fetched by each build. */
    private static final long LARGEST_AGENT = 16 << 20;

    private final Path launcher = Path.of("target", "armrunner", "bin/armrunner").toAbsolutePath();
    @TempDir Path directory;

    @BeforeEach
    void needsTheDistribution() {
        assertThat(launcher).as("the distribution, which is built before this test").isExecutable();
    }

    @Test
    void runsAPipelineInBuildsWithTheAgentOfItsOwnJars() throws Exception {
        Path project = Files.createDirectories(directory.resolve("project"));
        Files.writeString(
                project.resolve(".gitlab-ci.yml"),
                """
                stages: [one, two]
                make:
                  stage: one
                  script:
                    - echo content > made.txt
                    - one=$$; until tr '\\0' '\\n' < /proc/$one/cmdline | grep -q '/lib/[*]$'; do one=$(sed -n 's/^PPid:.//p' /proc/$one/status); done
                    - agent=$(tr '\\0' '\\n' < /proc/$one/cmdline | sed -n 's:/[*]$::p')
                    - echo "jars $(ls "$agent" | wc -l), bytes $(du -bs "$agent" | cut -f1)"
                    - ls "$agent"
                  artifacts: {paths: [made.txt]}
                use:
                  stage: two
                  script: ['cat made.txt', '[ -z "$CODEBUILD_BUILD_ID" ]']
                """);
        Path temporary = Files.createDirectories(directory.resolve("tmp"));

        String output = run(project, temporary, "exec", "--lane", "codebuild", "--fake-aws");

        assertThat(output)
                .contains(
                        "make |   starting CodeBuild arm64 small in us-east-1",
                        "make | CodeBuild arm64 small in us-east-1: 1 minute, $0.0034",
                        "use  | content",
                        "pipeline passed",
                        "exit 0")
                .contains("| runner-core-", "| netty-common-")
                .doesNotContain("| sdk-core-", "| codebuild-", "| picocli-", "| jetty-");
        String measured = output.substring(output.indexOf("| jars ") + 7);
        long bytes =
                Long.parseLong(
                        measured.substring(measured.indexOf("bytes ") + 6, measured.indexOf('\n'))
                                .strip());
        assertThat(bytes).isBetween(1L << 20, LARGEST_AGENT);
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left).as("what the run left").isEmpty();
        }
    }

    @Test
    void anUnknownLaneAndOneWithoutTheFakeAreSaidInOneLine() throws Exception {
        assertThat(run(directory, directory, "exec", "--lane", "moon"))
                .isEqualTo(
                        "armrunner: there is no lane \"moon\"; there are: local, codebuild\nexit 2");
        assertThat(run(directory, directory, "exec", "--lane", "codebuild"))
                .startsWith("armrunner: exec --lane codebuild needs --fake-aws: ")
                .hasLineCount(2)
                .endsWith("exit 2");
    }

    private String run(Path project, Path temporary, String... words)
            throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        List<String> argv = new ArrayList<>(List.of(launcher.toString()));
        argv.addAll(List.of(words));
        ProcessBuilder builder =
                new ProcessBuilder(argv)
                        .directory(project.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
        environment.put("HOME", directory.toString());
        environment.put("TMPDIR", temporary.toString());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as(() -> read(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return read(output) + "exit " + process.exitValue();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
