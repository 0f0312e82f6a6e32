package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Setup;
import io.armrunner.config.ConfigReader;
import io.armrunner.http.EventLoops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
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
import software.amazon.awssdk.services.codebuild.model.Build;

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
                                        Map.of("PATH", bare(directory).toString()),
                                        new Random(1))
                                .withSpeed(10));
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

    /** All that the image of these tests has. */
    private static Path bare(Path directory) throws IOException {
        Path path = Files.createDirectories(directory.resolve("path"));
        for (String program : List.of("sh", "chmod")) {
            Path each = path.resolve(program);
            if (!Files.exists(each)) {
                Files.writeString(each, "#!/bin/sh\nexec /bin/" + program + " \"$@\"\n");
                Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        return path;
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

    @Test
    @Tag("CB-26")
    void aBuildOfAnImageWithoutJavaRunsOnTheOneThatIsBrought() throws Exception {
        Installation installation =
                Installation.of("main", clients.place().region(), aws.account());
        new Setup(installation, clients).apply(_ -> {});
        runtime("echo brought");
        AgentStore store =
                new AgentStore(
                        clients.s3(),
                        installation.bucket(),
                        Optional.empty(),
                        "aarch64",
                        new AgentBundle.Maker() {
                            @Override
                            public AgentBundle agent() throws IOException {
                                return AgentBundle.ofClassPath("/nowhere.jar", "Main");
                            }

                            @Override
                            public Optional<AgentBundle> runtime(String architecture)
                                    throws IOException {
                                return Optional.of(
                                        AgentBundle.ofRuntimes(
                                                Map.of(
                                                        "glibc",
                                                        directory.resolve("brought/glibc"))));
                            }
                        });
        String arn =
                clients.codeBuild()
                        .startBuild(
                                BuildRequest.of(
                                        settings(installation),
                                        installation.region(),
                                        new BuildChoice(
                                                BuildSize.SMALL,
                                                "public.ecr.aws/docker/library/python:3.13-slim",
                                                CodeBuildSettings.Placement.IMAGE,
                                                Duration.ofMinutes(5),
                                                List.of(),
                                                List.of()),
                                        new BuildRequest.Identity("m", 1, 1),
                                        store.agent(),
                                        store.runtime()))
                        .build()
                        .arn();

        await().atMost(Duration.ofSeconds(60)).until(() -> build(arn).buildComplete());
        BuildView.Logs logs = BuildView.of(build(arn)).logs().orElseThrow();
        List<String> lines =
                clients
                        .logs()
                        .getLogEvents(
                                r -> r.logGroupName(logs.group()).logStreamName(logs.stream()))
                        .events()
                        .stream()
                        .map(event -> event.message().strip())
                        .toList();
        assertThat(build(arn).buildStatusAsString()).as("%s", lines).isEqualTo("SUCCEEDED");
        assertThat(lines).contains("brought");
    }

    private Build build(String arn) {
        return clients.codeBuild().batchGetBuilds(r -> r.ids(arn)).builds().getFirst();
    }

    private static CodeBuildSettings settings(Installation installation) throws Exception {
        return CodeBuildSettings.of(
                ConfigReader.read(
                                """
                                [[runners]]
                                name = "r"
                                url = "https://gitlab.example.com"
                                token = "glrt-x"
                                executor = "codebuild"
                                [runners.codebuild]
                                project = "%s"
                                bucket = "%s"
                                region = "%s"
                                """
                                        .formatted(
                                                installation.project(),
                                                installation.bucket(),
                                                installation.region()),
                                "config.toml",
                                Map.of())
                        .config()
                        .runners()
                        .getFirst()
                        .lanes()
                        .getFirst()
                        .codebuild());
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
        Map<String, String> environment = new HashMap<>(more);
        environment.put("PATH", bare(directory).toString());
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
