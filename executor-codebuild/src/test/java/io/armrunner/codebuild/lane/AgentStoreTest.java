package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.http.EventLoops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;

/** How the agent gets into a build, and the script that starts it there. */
class AgentStoreTest {
    private static final String BUCKET = "armrunner-test";
    private static final String OLD_LIBC =
            "echo \"java: /lib/libc.so.6: version \\`GLIBC_2.38' not found\" >&2; exit 1";

    private final EventLoops loops = EventLoops.open(1);
    private final Path directory;
    private final FakeAws aws;
    private final AwsClients clients;

    AgentStoreTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(
                                directory.resolve("aws"),
                                Map.of("PATH", "/usr/bin:/bin"),
                                new Random(1)));
        clients = AwsClients.open(aws.place());
        clients.s3()
                .createBucket(r ->
                        r.bucket(BUCKET)
                                .createBucketConfiguration(
                                        c -> c.locationConstraint(clients.place().region())));
        clients.s3()
                .putBucketVersioning(
                        r -> r.bucket(BUCKET).versioningConfiguration(v -> v.status("Enabled")));
    }

    @AfterEach
    void end() {
        clients.close();
        aws.close();
        loops.close();
    }

    private AgentStore store() {
        return new AgentStore(
                clients.s3(),
                BUCKET,
                Optional.empty(),
                "aarch64",
                () -> AgentBundle.ofClassPath("/nowhere.jar", "Main"));
    }

    @Test
    @Tag("CB-19")
    void theAgentIsStoredOnceAndGivenByItsVersion() throws Exception {
        BuildRequest.Agent first = store().agent();
        BuildRequest.Agent second = store().agent();

        assertThat(first.version()).isPresent();
        assertThat(second).isEqualTo(first);
        assertThat(aws.count("s3:PutObject")).isEqualTo(1);
    }

    @Test
    @Tag("CB-19")
    void whatIsNotWhatItsNameSaysIsReplaced() throws Exception {
        BuildRequest.Agent first = store().agent();
        String key = first.location().substring(BUCKET.length() + 1);
        clients.s3()
                .putObject(
                        r -> r.bucket(BUCKET).key(key), RequestBody.fromString("something else"));

        BuildRequest.Agent again = store().agent();

        assertThat(again.version()).isPresent().isNotEqualTo(first.version());
        byte[] given =
                clients.s3()
                        .getObjectAsBytes(r ->
                                r.bucket(BUCKET).key(key).versionId(again.version().orElseThrow()))
                        .asByteArray();
        assertThat(key)
                .isEqualTo(
                        "agent/%s.zip"
                                .formatted(
                                        AgentBundle.digest(
                                                new java.io.ByteArrayInputStream(given))));
    }

    @Test
    @Tag("CB-2")
    void aStartIsOneCallWhateverComesBack() {
        aws.faults().on("codebuild:StartBuild").times(3).serverError();

        assertThatThrownBy(() ->
                        clients.codeBuildOnce()
                                .startBuild(r -> r.projectName("p").idempotencyToken("t")))
                .isInstanceOf(SdkException.class);
        assertThat(aws.count("codebuild:StartBuild")).isEqualTo(1);
    }

    @Test
    void theJavaOfTheImageIsTakenBeforeTheOneThatIsBrought() throws Exception {
        assertThat(boot(Map.of("JAVA_HOME", java("image", "25.0.1", "echo image $7")), true))
                .startsWith("image");
        assertThat(boot(Map.of("JAVA_HOME", java("image", "21.0.1", "echo image")), true))
                .startsWith("brought");
    }

    @Test
    @Tag("CB-26")
    void anImageWithoutJavaThatNoneIsBroughtForIsToldInOneLine() throws Exception {
        assertThat(boot(Map.of(), false))
                .startsWith("armrunner agent: this image has no Java 25, and this armrunner brings")
                .endsWith("exit 78")
                .hasLineCount(2);
    }

    @Test
    @Tag("CB-26")
    void aJavaThatNeedsANewerLibraryIsToldInOneLine() throws Exception {
        runtime(OLD_LIBC);

        assertThat(boot(Map.of(), true))
                .startsWith(
                        "armrunner agent: armrunner's Java does not run in this image (its C library is older than armrunner's Java needs): ")
                .endsWith("exit 78")
                .hasLineCount(2);
    }

    private void runtime(String script) throws IOException {
        Path bin = Files.createDirectories(directory.resolve("brought/glibc/bin"));
        Files.createDirectories(directory.resolve("brought/glibc/lib"));
        // As it comes out of the archive: without the right to execute.
        Files.writeString(bin.resolve("java"), "#!/bin/sh\n" + script + "\n", UTF_8);
    }

    private String java(String name, String version, String script) throws IOException {
        Path home = directory.resolve(name + version);
        Path java = Files.createDirectories(home.resolve("bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\n" + script + "\n", UTF_8);
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n", UTF_8);
        return home.toString();
    }

    /** Runs the script as a build would, with nothing but a shell and chmod. */
    private String boot(Map<String, String> more, boolean brings)
            throws IOException, InterruptedException {
        Path sources = Files.createDirectories(directory.resolve("sources"));
        try (var zip =
                new java.util.zip.ZipInputStream(
                        AgentBundle.ofClassPath("/nowhere.jar", "Main").open())) {
            assertThat(zip.getNextEntry()).isNotNull();
            Files.write(sources.resolve("boot.sh"), zip.readAllBytes());
        }
        Path path = Files.createDirectories(directory.resolve("path"));
        Path chmod = path.resolve("chmod");
        if (!Files.exists(chmod)) {
            Files.createSymbolicLink(chmod, Path.of("/bin/chmod"));
        }
        Map<String, String> environment = new HashMap<>(more);
        environment.put("PATH", path.toString());
        if (brings) {
            if (!Files.exists(directory.resolve("brought"))) {
                runtime("echo brought");
            }
            environment.put("CODEBUILD_SRC_DIR_runtime", directory.resolve("brought").toString());
        }
        Path output = directory.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(List.of("/bin/sh", sources.resolve("boot.sh").toString()))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return Files.readString(output) + "exit " + process.exitValue();
    }
}
