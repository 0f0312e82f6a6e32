package io.armrunner.build;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The built distribution runs a pipeline in CodeBuild builds of its own fake AWS. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class CloudLauncherTest {
    // Two builds one after the other, each with a JVM, on a machine that has other work.
    private static final long LIMIT_SECONDS = 400;

    // Emulation takes ten times as long, and the system may have to be made first.
    private static final long EMULATED_SECONDS = 900;

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    /** Uploaded once for each version, and fetched by each build. */
    private static final long LARGEST_AGENT = 16 << 20;

    private final Path launcher = Path.of("target", "armrunner", "bin/armrunner").toAbsolutePath();
    @TempDir Path directory;

    @BeforeEach
    void needsTheDistribution() {
        assertThat(launcher).as("the distribution, which is built before this test").isExecutable();
    }

    @Test
    @Tag("CB-25")
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
                    - one=$$; until tr '\\0' '\\n' < /proc/$one/cmdline | grep -q '^-Xbootclasspath'; do one=$(sed -n 's/^PPid:.//p' /proc/$one/status); done
                    - agent=$(tr '\\0' '\\n' < /proc/$one/cmdline | sed -n '/^-cp$/{n;p;}')
                    - echo "jars $(ls "$agent" | wc -l), bytes $(du -bs "$agent" | cut -f1)"
                    - ls "$agent"
                  artifacts: {paths: [made.txt]}
                may:
                  stage: one
                  script: [exit 7]
                  allow_failure: {exit_codes: 7}
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
                        "exit code 7, allowed to fail",
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

    /**
     * In an aarch64 system, emulated where this machine is no aarch64. Its image is not known to
     * have Java, and has none where one looks for it: the agent runs on the one that is brought.
     */
    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void packsTheLambdaExampleInAnAarch64Build() throws Exception {
        String root = last(output(EMULATED_SECONDS, directory, Map.of(), "../.ci/arm64", "make"));
        Path project = Files.createDirectories(directory.resolve("project"));
        try (Stream<Path> files = Files.list(Path.of("examples", "lambda-arm64"))) {
            for (Path file : files.toList()) {
                Files.copy(file, project.resolve(String.valueOf(file.getFileName())));
            }
        }
        // By this machine's pip, which knows the way out of it; the requirements have the hashes.
        output(
                LIMIT_SECONDS,
                project,
                Map.of(),
                "pip3 download --quiet --no-deps --only-binary=:all: --platform manylinux_2_28_aarch64 --platform manylinux_2_26_aarch64 --python-version 3.13 --require-hashes -r requirements.txt -d wheels"
                        .split(" "));
        Path kept = directory.resolve("kept");
        Path brought = Files.createDirectories(directory.resolve("brought"));
        // Read in there: some of it are links to that system's settings.
        output(
                LIMIT_SECONDS,
                directory,
                Map.of(),
                "../.ci/arm64",
                "run",
                root,
                directory.toString(),
                "sh",
                "-c",
                "tar -ch --exclude=./docs --exclude=./legal --exclude=./man --exclude=cacerts -C /usr/lib/jvm/java-25-openjdk-arm64 . | tar -x -C "
                        + brought);

        String log =
                output(
                        EMULATED_SECONDS,
                        project,
                        Map.of("JAVA_HOME", "", "PIP_NO_INDEX", "1", "PIP_FIND_LINKS", "wheels"),
                        distribution("aarch64", brought).toString(),
                        "exec",
                        "--verbose",
                        "--variable",
                        "ARMRUNNER_PLACEMENT=image",
                        "--variable",
                        "ARMRUNNER_IMAGE=debian:trixie-slim",
                        "--lane",
                        "codebuild",
                        "--fake-aws",
                        "--builds-in",
                        ROOT.resolve(".ci/arm64") + " run " + root,
                        "--artifacts-dir",
                        kept.toString());

        assertThat(log)
                .containsSubsequence(
                        "package      | Running with armrunner",
                        "package      |   starting CodeBuild arm64 small in us-east-1 in debian:trixie-slim (placement image",
                        "package      |   build ",
                        "package      | $ ./build.sh package.zip",
                        "package      | arm64 check: ",
                        " native files, all aarch64",
                        "package      | CodeBuild arm64 small in us-east-1: ",
                        "package      | Job succeeded")
                .contains("reproducible | the same bytes twice", "pipeline passed")
                .doesNotContain("not for aarch64");
        assertThat(kept.resolve("package/package.zip")).isNotEmptyFile();
    }

    /** The distribution with one runtime for builds on other machines. */
    private Path distribution(String name, Path runtime) throws IOException {
        Path home = directory.resolve("distribution");
        Path real = launcher.resolve("../..").normalize();
        Path bin = Files.createDirectories(home.resolve("bin"));
        for (String each : List.of("lib", "runtime")) {
            Files.createSymbolicLink(home.resolve(each), real.resolve(each));
        }
        Path runtimes = Files.createDirectories(home.resolve("runtimes"));
        Files.createSymbolicLink(runtimes.resolve(name), runtime);
        return Files.copy(launcher, bin.resolve("armrunner"), COPY_ATTRIBUTES);
    }

    /**
     * A system that is this one without its Java.
     *
     * @param musl whether it looks like one whose C library is musl
     */
    private String systemWithoutJava(boolean musl) throws IOException {
        Path system = directory.resolve("system");
        Files.writeString(
                system,
                """
                #!/bin/sh
                shift
                unset JAVA_HOME JAVA_25_HOME
                exec unshare --map-root-user --mount /bin/sh -c '
                  for at in /bin /usr/bin /usr/local/bin; do
                    [ ! -e $at/java ] || mount --bind /dev/null $at/java
                  done
                  if %s; then
                    lib=$(readlink -f /lib)
                    mkdir %s/real %s/lib
                    mount --rbind "$lib" %s/real
                    for each in %s/real/*; do ln -s "$each" %s/lib/; done
                    : > %s/lib/ld-musl-test.so.1
                    mount --bind %s/lib "$lib"
                  fi
                  exec "$@"' sh "$@"
                """
                        .replace("if %s", "if " + musl)
                        .replace("%s", directory.toString()));
        Files.setPosixFilePermissions(system, PosixFilePermissions.fromString("rwxr-xr-x"));
        return system.toString();
    }

    private String runInImage(Path armrunner, String system) throws Exception {
        Path project = Files.createDirectories(directory.resolve("project"));
        Files.writeString(
                project.resolve(".gitlab-ci.yml"),
                """
                job:
                  image: registry.example.com/small:1
                  variables: {GIT_STRATEGY: none}
                  script:
                    - one=$$; until tr '\\0' '\\n' < /proc/$one/cmdline | grep -q '^-Xbootclasspath'; do one=$(sed -n 's/^PPid:.//p' /proc/$one/status); done
                    - tr '\\0' '\\n' < /proc/$one/cmdline | head -n 1
                """);
        Process process =
                ended(
                        LIMIT_SECONDS,
                        project,
                        Map.of("PATH", "/usr/bin:/bin", "HOME", directory.toString()),
                        true,
                        List.of(
                                armrunner.toString(),
                                "exec",
                                "--verbose",
                                "--lane",
                                "codebuild",
                                "--fake-aws",
                                "--variable",
                                "ARMRUNNER_PLACEMENT=image",
                                "--builds-in",
                                system));
        return read(directory.resolve("output")) + "exit " + process.exitValue();
    }

    @Test
    @Tag("CB-26")
    void anImageWithoutJavaRunsTheAgentOnTheOneThatIsBrought() throws Exception {
        // Builds run on this machine, whatever they are told to be.
        Path own = launcher.resolve("../../runtime").normalize();

        String output = runInImage(distribution("aarch64", own), systemWithoutJava(false));

        assertThat(output)
                .contains("in registry.example.com/small:1 (placement image", "Job succeeded")
                .containsPattern("job [|] /[^\n]*/output/src-runtime/src/glibc/bin/java\n");
    }

    @Test
    @Tag("CB-26")
    void anImageThatNoJavaIsMadeForIsRefusedInOneLine() throws Exception {
        Path own = launcher.resolve("../../runtime").normalize();

        String output = runInImage(distribution("aarch64", own), systemWithoutJava(true));

        assertThat(output)
                .contains(
                        "this image has musl and no Java 25, and armrunner brings no Java for musl: take an image with Java 25 or another libc, or placement = \"host\"")
                .doesNotContain("Job succeeded");
    }

    @Test
    @Tag("CB-26")
    void anImageWithoutTheUsualProgramsRunsJobsAndSaysWhatItLacks() throws Exception {
        Path project = Files.createDirectories(directory.resolve("project"));
        Files.writeString(
                project.resolve(".gitlab-ci.yml"),
                """
                plain:
                  variables: {GIT_STRATEGY: none}
                  script:
                    - for each in bash git curl zip unzip; do ! command -v $each || exit 3; done
                    - echo content > made.txt
                  artifacts: {paths: [made.txt]}
                cloned:
                  script: [echo never]
                  allow_failure: true
                """);
        Path bare = directory.resolve("bare");
        Files.writeString(
                bare,
                """
                #!/bin/sh
                shift
                exec unshare --map-root-user --mount /bin/sh -c '
                  for each in bash git curl zip unzip; do
                    for at in /bin /usr/bin /usr/local/bin; do
                      [ ! -e $at/$each ] || mount --bind /dev/null $at/$each
                    done
                  done
                  exec "$@"' sh "$@"
                """);
        Files.setPosixFilePermissions(bare, PosixFilePermissions.fromString("rwxr-xr-x"));

        String output =
                run(
                        project,
                        Files.createDirectories(directory.resolve("tmp")),
                        "exec",
                        "--verbose",
                        "--lane",
                        "codebuild",
                        "--fake-aws",
                        "--builds-in",
                        bare.toString(),
                        "--artifacts-dir",
                        directory.resolve("kept").toString());

        assertThat(output)
                .contains(
                        "plain  |   this image has no bash: the job's shell is sh",
                        "plain  | Job succeeded",
                        "cloned |   this image has no git: sources cannot be fetched; use an image with git, or GIT_STRATEGY: none",
                        "exit 0")
                .doesNotContain("| never");
        assertThat(directory.resolve("kept/plain/made.txt")).hasContent("content");
    }

    /** The service has fewer libraries on its class path than the commands that set AWS up. */
    @Test
    void theServiceHasAllThatALaneInAwsNeeds() throws Exception {
        Path config = directory.resolve("config.toml");
        Files.writeString(
                config,
                """
                [[runners]]
                name = "arm64"
                url = "http://127.0.0.1:1"
                token = "glrt-abcdefghij"
                executor = "codebuild"
                [runners.codebuild]
                project = "armrunner-main"
                region = "eu-west-3"
                bucket = "bucket"
                endpoint = "http://127.0.0.1:1"
                """);
        Path output = directory.resolve("service");
        ProcessBuilder builder =
                new ProcessBuilder(launcher.toString(), "run", "--config", config.toString())
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment()
                .putAll(Map.of("AWS_ACCESS_KEY_ID", "nobody", "AWS_SECRET_ACCESS_KEY", "nothing"));
        Process process = builder.start();
        try {
            await().atMost(Duration.ofSeconds(LIMIT_SECONDS))
                    .until(() -> read(output).contains("Check this machine's way to AWS"));
            process.destroy();
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(read(output)).doesNotContain("Exception in thread");
    }

    private static String last(String output) {
        return output.strip().lines().reduce((_, later) -> later).orElse("");
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
        List<String> argv = new ArrayList<>(List.of(launcher.toString()));
        argv.addAll(List.of(words));
        Process process =
                ended(
                        LIMIT_SECONDS,
                        project,
                        Map.of(
                                "PATH",
                                "/usr/local/bin:/usr/bin:/bin",
                                "HOME",
                                directory.toString(),
                                "TMPDIR",
                                temporary.toString()),
                        true,
                        argv);
        return read(directory.resolve("output")) + "exit " + process.exitValue();
    }

    /** What a command says that must succeed, in this process's environment and more. */
    private String output(long limit, Path project, Map<String, String> more, String... words)
            throws IOException, InterruptedException {
        List<String> argv = new ArrayList<>(List.of(words));
        if (argv.getFirst().startsWith("../")) {
            argv.set(0, ROOT.resolve(argv.getFirst().substring(3)).toString());
        }
        Process process = ended(limit, project, more, false, argv);
        String output = read(directory.resolve("output"));
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    private Process ended(
            long limit,
            Path project,
            Map<String, String> environment,
            boolean alone,
            List<String> argv)
            throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        ProcessBuilder builder =
                new ProcessBuilder(argv)
                        .directory(project.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        if (alone) {
            builder.environment().clear();
        }
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(limit, TimeUnit.SECONDS)).as(() -> read(output)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return process;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
