package io.armrunner.build;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.fake.ShellWork;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The newcomer's guide, word for word: every command of its steps is run as it stands there, by a
 * shell, with the built distribution and a fake AWS. What is not ours, such as {@code aws}, is
 * there by name and only says that it was called.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class GuideLauncherTest {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Path GUIDE = Path.of("..", "docs", "codebuild.md");

    private final Path launcher = Path.of("target", "armrunner", "bin/armrunner").toAbsolutePath();
    @RegisterExtension final CoordinatorExtension gitlab = new CoordinatorExtension();
    private final Map<String, String> environment = new HashMap<>();
    private FakeAws aws;
    private Path directory;

    @BeforeEach
    void start() throws Exception {
        assertThat(launcher).as("the distribution, which is built before this test").isExecutable();
        directory = gitlab.directory();
        Path programs = Files.createDirectories(directory.resolve("bin"));
        Files.createSymbolicLink(programs.resolve("armrunner"), launcher);
        program(programs, "aws", "echo \"$*\" >> '" + directory.resolve("aws-calls") + "'");
        // Builds think that they are where they should be.
        program(programs, "uname", "echo aarch64");
        // What the job of the guide fetches from PyPI and packs.
        program(
                programs,
                "pip",
                """
                mkdir package
                for each in 1 2 3 4 5 6 7; do
                  printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0\\267\\0' > package/$each.so
                  head -c 44 /dev/zero >> package/$each.so
                done
                """);
        program(programs, "zip", "exec python3 -m zipfile -c \"$2\" .");
        String path = programs + ":/usr/bin:/bin";
        aws =
                FakeAws.start(
                        gitlab.eventLoops(),
                        FakeAwsSettings.of(
                                        Files.createDirectories(directory.resolve("aws")),
                                        Map.of(
                                                "PATH",
                                                path,
                                                "JAVA_25_HOME",
                                                System.getProperty("java.home")),
                                        new Random(1))
                                .withSpeed(10)
                                .withWork(new ShellWork(List.of(machine().toString()))));
        AwsPlace.Keys keys = aws.place().keys().orElseThrow();
        environment.put("PATH", path);
        environment.put("HOME", directory.toString());
        environment.put("AWS_ENDPOINT_URL", aws.endpoint().toString());
        environment.put("AWS_ACCESS_KEY_ID", keys.accessKey());
        environment.put("AWS_SECRET_ACCESS_KEY", keys.secretKey().value());
    }

    private static void program(Path directory, String name, String script) throws IOException {
        Path file = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /**
     * Brings a build into a system that is this one with a directory {@code /codebuild} of its own.
     */
    private Path machine() throws IOException {
        Path root = Files.createDirectories(directory.resolve("root"));
        program(
                directory,
                "machine",
                """
                exec unshare --map-root-user --mount /bin/sh -c '
                  set -e
                  root=@ROOT@
                  mount -t tmpfs none $root
                  for each in /*; do
                    case $each in /codebuild) continue ;; esac
                    if [ -L "$each" ]; then
                      cp -P "$each" "$root$each"
                    elif [ -d "$each" ]; then
                      mkdir "$root$each"
                      mount --rbind "$each" "$root$each"
                    fi
                  done
                  mkdir $root/codebuild
                  chroot=$(PATH=$PATH:/usr/sbin:/sbin; command -v chroot)
                  exec $chroot $root /bin/sh -c "cd \\"\\$0\\" && exec \\"\\$@\\"" "$PWD" "$@"' sh "$@"
                """
                        .replace("@ROOT@", root.toString()));
        return directory.resolve("machine");
    }

    @AfterEach
    void stop() {
        aws.close();
    }

    /** The blocks of the guide, each as it stands there but for its indent. */
    private static List<String> blocks() throws IOException {
        List<String> blocks = new ArrayList<>();
        StringBuilder block = new StringBuilder();
        for (String line : Files.readAllLines(GUIDE)) {
            if (line.startsWith("    ")) {
                block.append(line.substring(4)).append('\n');
            } else if (line.isEmpty() && !block.isEmpty()) {
                block.append('\n');
            } else if (!block.isEmpty()) {
                blocks.add(block.toString().strip() + "\n");
                block.setLength(0);
            }
            if (line.equals("## The same with CloudFormation or Terraform")) {
                return blocks;
            }
        }
        throw new IOException("the guide does not go on with CloudFormation any more");
    }

    /** Runs a command of the guide in a directory of its own; what it says. */
    private String run(String command) throws IOException, InterruptedException {
        Path output = directory.resolve("output");
        Process shell = shell(command, output);
        try {
            assertThat(shell.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).as(command).isTrue();
        } finally {
            shell.destroyForcibly();
        }
        String said = Files.readString(output);
        assertThat(shell.exitValue()).as(command + "\n" + said).isZero();
        return said;
    }

    private Process shell(String command, Path output) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("/bin/sh", "-c", "set -e\n" + command)
                        .directory(Files.createDirectories(directory.resolve("work")).toFile())
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** Nobody is there to be asked. */
    private static String answered(String block) {
        StringBuilder lines = new StringBuilder();
        for (String line : block.lines().toList()) {
            boolean asks =
                    line.startsWith("armrunner codebuild setup ")
                            || line.startsWith("armrunner codebuild teardown ");
            lines.append(line)
                    .append(asks && !line.endsWith("--dry-run") ? " --yes" : "")
                    .append('\n');
        }
        return lines.toString();
    }

    @Test
    @Tag("CB-67")
    void leadsFromAnEmptyAccountToTheFirstJobAndBack() throws Exception {
        CoordinatorRunner registered =
                gitlab.coordinator()
                        .registerRunner(new RunnerSpec("arm64", List.of("arm64"), false));
        StringBuilder said = new StringBuilder();
        List<String> toml = new ArrayList<>();
        List<String> script = new ArrayList<>();
        String log = "";
        for (String block : blocks()) {
            if (block.startsWith("[runners.codebuild]")) {
                int end = block.indexOf("armrunner run ");
                toml.add(block.substring(0, end));
                configure(block.substring(0, end));
                // The service is started below, when there is a job for it.
                assertThat(block.substring(end)).isEqualTo("armrunner run --config config.toml\n");
            } else if (block.startsWith("package:")) {
                block.lines()
                        .map(String::strip)
                        .filter(line -> line.startsWith("- "))
                        .forEach(line -> script.add(line.substring(2)));
                log = firstJob(script);
            } else if (block.startsWith("Running with armrunner")) {
                assertThatTheLogIsLike(block, log);
            } else if (block.contains("codebuild teardown")) {
                said.append(run(answered(block)));
            } else {
                said.append(
                        run(
                                answered(block)
                                        .replace(
                                                "https://gitlab.com",
                                                gitlab.coordinator().url().toString())
                                        .replace("glrt-...", registered.token().value())));
            }
        }

        assertThat(toml).hasSize(1);
        assertThat(script).hasSize(3);
        assertThat(said)
                .containsSubsequence(
                        "create  project armrunner-main",
                        "Nothing was done.",
                        "done    project armrunner-main",
                        "ok     codebuild:StartBuild",
                        "ok     builds at once, size small: 20",
                        "deleted role armrunner-main-build-eu-west-3");
        assertThat(Files.readAllLines(directory.resolve("aws-calls")))
                .anyMatch(call -> call.startsWith("iam create-policy"))
                .anyMatch(call -> call.startsWith("service-quotas"));
        assertThat(Files.readString(directory.resolve("work/manager.json")))
                .contains("codebuild:StartBuild");
        assertThat(aws.count("codebuild:DeleteProject")).isEqualTo(1);
    }

    /** What setup printed goes into the entry that register has made; here AWS is elsewhere. */
    private void configure(String table) throws IOException {
        Files.writeString(
                directory.resolve("work/config.toml"),
                "\n%s\nendpoint = \"%s\"\n".formatted(table, aws.endpoint()),
                StandardOpenOption.APPEND);
    }

    /** Runs the service until it has done the job; the job's log. */
    private String firstJob(List<String> script) throws Exception {
        CoordinatorJob job =
                gitlab.coordinator()
                        .job("package")
                        .tags("arm64")
                        .script(script.toArray(String[]::new))
                        .artifacts("on_success", List.of("package.zip"), List.of())
                        .enqueue();
        Path log = directory.resolve("service");
        Process service = shell("exec armrunner run --config config.toml", log);
        try {
            job.awaitFinished(LIMIT);
            service.destroy();
            assertThat(service.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } finally {
            service.destroyForcibly();
        }
        assertThat(job.state())
                .as(LogDecoder.plain(job.log()) + Files.readString(log))
                .isEqualTo(JobState.SUCCESS);
        assertThat(job.artifacts()).hasSize(1);
        return LogDecoder.plain(job.log());
    }

    /** Each line of the example is in the log, in this order; numbers are others. */
    private static void assertThatTheLogIsLike(String example, String log) {
        Iterator<String> lines = log.lines().map(String::strip).iterator();
        for (String line : example.lines().map(String::strip).toList()) {
            if (!line.equals("...")) {
                Pattern like = like(line);
                boolean found = false;
                while (!found && lines.hasNext()) {
                    found = like.matcher(lines.next()).matches();
                }
                assertThat(found).as(line + " in\n" + log).isTrue();
            }
        }
    }

    /** What stands before three dots is one of many words. */
    private static Pattern like(String line) {
        StringBuilder pattern = new StringBuilder();
        for (String word : line.split(" ", -1)) {
            pattern.append(pattern.isEmpty() ? "" : " ");
            int dots = word.indexOf("...");
            int colon = word.indexOf(':');
            String kept = dots < 0 ? word : word.substring(0, Math.max(0, colon + 1));
            pattern.append(Pattern.quote(kept).replaceAll("[0-9]+", "\\\\E[0-9]+\\\\Q"));
            pattern.append(dots < 0 ? "" : ".*" + Pattern.quote(word.substring(dots + 3)));
        }
        return Pattern.compile(pattern.toString());
    }
}
