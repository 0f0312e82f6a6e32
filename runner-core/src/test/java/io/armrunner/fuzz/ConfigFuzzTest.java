package io.armrunner.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.ConfigLint;
import io.armrunner.config.ConfigReader;
import io.armrunner.config.ConfigText;
import io.armrunner.config.LoadedConfig;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.config.RunnerEntry;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.testing.Mutations;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Broken configurations through the reader, the checker and the editor. {@code
 * -Darmrunner.fuzz.seed=N} and {@code -Darmrunner.fuzz.configs=N} as for payloads.
 */
@Timeout(300)
class ConfigFuzzTest {
    private static final int CASES = Integer.getInteger("armrunner.fuzz.configs", 3000);
    private static final long SEED = Long.getLong("armrunner.fuzz.seed", 20_261_123L);

    /** Time of the processor: a busy machine takes none of it. */
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private static final Duration SLOW = Duration.ofSeconds(5);

    private static final String CONFIG =
            """
            # two runners
            concurrent = 4
            check_interval = 3
            log_level = "info"
            log_format = "json"
            listen_address = ":9252"
            connection_max_age = "15m"
            shutdown_timeout = 30
            labels = { site = "lab-1", rack = "r2x" }

            [session_server]
              session_timeout = 1800

            [[runners]] # the first
              name = "one"
              url = "https://gitlab.example/"
              id = 42
              token = "glrt-t1_created01rest"
              token_obtained_at = 2026-11-01T08:00:00Z
              token_expires_at = 0001-01-01T00:00:00Z
              executor = "shell"
              shell = "bash"
              limit = 2
              environment = ["A=1", 'B=$A', "C"]
              pre_build_script = \"""
              date
              uname -m
              \"""
              prepare_timeout = "10m"
              tls-ca-file = "/etc/ca.pem"
              [runners.feature_flags]
                FF_SCRIPT_SECTIONS = true
              [runners.custom_build_dir]
                enabled = true
              [runners.cache]
                Type = "s3"
                Shared = true
                MaxUploadedArchiveSize = 0
                [runners.cache.s3]
                  ServerAddress = "minio:9000"
                  AccessKey = "key"
                  SecretKey = "secret"
                  BucketName = "bucket"

            [[runners]]
              name = "two"
              url = "$GITLAB"
              token = "${TOKEN}"
              executor = "docker"
              [runners.docker]
                image = "alpine:3"
                volumes = ["/cache", "/x:/y:ro"]
                pull_policy = ["always", "if-not-present"]
                [[runners.docker.services]]
                  name = "redis"
                  alias = "r"
            """;

    private static final Map<String, String> ENVIRONMENT =
            Map.of("GITLAB", "https://other.example", "TOKEN", "glrt-t1_environment");

    @TempDir Path directory;

    @Test
    void everyBrokenConfigurationIsReadOrAClearError() {
        List<String> wrong = new ArrayList<>();
        int read = 0;
        for (int i = 0; i < CASES; i++) {
            long seed = SEED + i;
            Random random = new Random(seed);
            Mutations mutations = new Mutations(random);
            String text = CONFIG;
            for (int change = random.nextInt(1, 5); change > 0; change--) {
                text =
                        random.nextInt(3) == 0
                                ? mutations.changeText(text)
                                : mutations.changeLines(text);
            }
            long begun = CPU.getCurrentThreadCpuTime();
            try {
                read += use(text);
            } catch (ConfigException e) {
                if (e.getMessage() == null || !e.getMessage().startsWith("config.toml")) {
                    wrong.add("seed " + seed + ": an error without its place: " + e.getMessage());
                }
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError | AssertionError e) {
                wrong.add("seed " + seed + ": " + e + at(e));
            }
            if (CPU.getCurrentThreadCpuTime() - begun > SLOW.toNanos()) {
                wrong.add("seed " + seed + ": took longer than " + SLOW);
            }
        }
        assertThat(wrong).as("%d of %d from seed %d", wrong.size(), CASES, SEED).isEmpty();
        assertThat(read).isBetween(CASES / 10, CASES * 9 / 10);
    }

    @Test
    void bytesThatAreNoTextAreAClearErrorToo() throws Exception {
        Random random = new Random(SEED);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(200)];
            random.nextBytes(bytes);
            Path file = Files.write(directory.resolve("config.toml"), bytes);
            try {
                new ConfigFile(file, Map.of()).load();
            } catch (ConfigException e) {
                assertThat(e).hasMessageStartingWith(file.toString());
            }
        }
    }

    private static String at(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (StackTraceElement frame : failure.getStackTrace()) {
            if (frame.getClassName().startsWith("io.armrunner")) {
                text.append("\n    at ").append(frame);
            }
            if (text.length() > 600) {
                break;
            }
        }
        return text.toString();
    }

    /** Reads, checks and edits a text; says whether it could be read. */
    private static int use(String text) throws ConfigException {
        List<ConfigLint.Problem> problems =
                ConfigLint.check(
                        text, "config.toml", ENVIRONMENT, List.of("shell"), _ -> Optional.empty());
        LoadedConfig loaded;
        try {
            loaded = ConfigReader.read(text, "config.toml", ENVIRONMENT);
        } catch (ConfigException e) {
            assertThat(problems).as("lint of what is refused: %s", e.getMessage()).isNotEmpty();
            assertThat(problems).anyMatch(ConfigLint.Problem::isError);
            throw e;
        }
        for (String line : loaded.warnings().lines()) {
            assertThat(line).isNotBlank();
        }
        List<RunnerConfig> runners = loaded.config().runners();
        for (RunnerConfig runner : runners) {
            ConfiguredRunner.settings(
                    runner,
                    "s_0123456789ab",
                    new RunnerSettings.Product("armrunner", "1", "main", "linux/arm64"));
            RunnerCertificates.of(runner, Path.of("/nonexistent"));
            assertThat(runner.toString()).doesNotContain("glrt-");
        }
        edit(text, runners.size());
        return 1;
    }

    /** What register, unregister and a reset do to the text; each can be read again. */
    private static void edit(String text, int runners) throws ConfigException {
        ConfigText config = ConfigText.of("config.toml", text);
        RunnerEntry entry = new RunnerEntry();
        entry.set("token", "glrt-changed");
        for (int i = 0; i < runners; i++) {
            ConfigText changed = config.withRunnerValues(i, entry);
            assertThat(
                            ConfigReader.read(changed.text(), "config.toml", ENVIRONMENT)
                                    .config()
                                    .runners()
                                    .get(i)
                                    .token()
                                    .value())
                    .isEqualTo("glrt-changed");
            ConfigText without = config.withoutRunner(i);
            assertThat(
                            ConfigReader.read(without.text(), "config.toml", ENVIRONMENT)
                                    .config()
                                    .runners())
                    .hasSize(runners - 1);
        }
    }
}
