package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Lambda compute with an image of another language: the build gets a Java of armrunner's. */
final class CodeBuildLambdaJavaTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest().withLambda().withoutJava();

    @Test
    void aJavaIsBroughtForAnImageOfAnotherLanguage() throws Exception {
        Path bin = Files.createDirectories(cloud.directory().resolve("runtime/bin"));
        Files.createDirectories(cloud.directory().resolve("runtime/lib"));
        Files.writeString(
                bin.resolve("java"),
                "#!/bin/sh\nBROUGHT=${0%%/*} exec \"%s/bin/java\" \"$@\"\n"
                        .formatted(System.getProperty("java.home")));
        Files.writeString(cloud.directory().resolve("runtime/lib/modules"), "none");
        cloud.start(
                "compute = \"lambda-1gb\"",
                "image = \"aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14\"");
        CoordinatorJob job =
                cloud.run(
                        cloud.job()
                                .timeout(Duration.ofMinutes(10))
                                .script("echo \"runs on $BROUGHT\""));

        String log = CloudUnderTest.log(job);
        assertThat(job.state()).as(log).isEqualTo(JobState.SUCCESS);
        assertThat(log).contains("in aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14");
        assertThat(cloud.aws().codeBuild().builds().getFirst().secondarySources())
                .extracting(source -> source.sourceIdentifier())
                .containsExactly("runtime");
        // Builds find this system's programs, and a Java 25 among them comes first.
        assertThat(log)
                .containsPattern(
                        hasJava()
                                ? "runs on *\n"
                                : "runs on /.*tmp/codebuild/output/src-runtime/src/glibc/bin");
    }

    private static boolean hasJava() throws Exception {
        Path java = Path.of("/usr/bin/java");
        if (!Files.exists(java)) {
            return false;
        }
        Process asked = new ProcessBuilder(java.toString(), "--version").start();
        String said = new String(asked.getInputStream().readAllBytes(), UTF_8);
        return Integer.parseInt(said.split("[ .-]", 3)[1]) >= 25;
    }
}
