package io.armrunner.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the built distribution, when an earlier {@code mvn package} left one. */
class LauncherTest {
    // Emulated machines take 20 s to start a JVM.
    private static final long LIMIT_SECONDS = 120;

    private final Path home = Path.of("target", "armrunner").toAbsolutePath();
    private final Path launcher = home.resolve("bin/armrunner");
    @TempDir Path directory;

    @BeforeEach
    void needsTheDistribution() {
        assertThat(launcher).as("the distribution, which is built before this test").isExecutable();
    }

    @Test
    void printsItsVersion() throws Exception {
        assertThat(run(launcher, Map.of())).contains("Version:").contains("exit 0");
    }

    @Test
    void worksThroughALinkAndADirectoryWithSpaces() throws Exception {
        Path spaced = Files.createDirectories(directory.resolve("a place with spaces"));
        Path moved = Files.createSymbolicLink(spaced.resolve("home"), home);
        Path link =
                Files.createSymbolicLink(spaced.resolve("run me"), Path.of("home/bin/armrunner"));

        assertThat(moved).isSymbolicLink();
        assertThat(run(link, Map.of())).contains("Version:").contains("exit 0");
    }

    @Test
    void takesJavaOptions() throws Exception {
        assertThat(run(launcher, Map.of("ARMRUNNER_JAVA_OPTS", "-showversion -Dx=y")))
                .contains("OpenJDK");
    }

    @Test
    void saysInOneLineThatJavaIsMissing() throws Exception {
        assertThat(run(launcher, Map.of("ARMRUNNER_JAVA", "/nowhere/java")))
                .startsWith("armrunner: there is no Java at /nowhere/java;")
                .contains("exit 1")
                .hasLineCount(2);
    }

    private String run(Path program, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(List.of(program.toString(), "--version"))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output, StandardCharsets.UTF_8) + "exit " + process.exitValue();
    }
}
