package io.armrunner.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.config.ConfigWarnings.Kind;
import io.armrunner.spec.Secret;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    private static final String ONE_RUNNER =
            """
            [[runners]]
              url = "https://gitlab.example"
              token = "glrt-abc"
              executor = "shell"
            """;

    @Test
    void anEmptyFileHasTheDefaults() throws ConfigException {
        Config config = read("").config();

        assertThat(config.concurrent()).isEqualTo(1);
        assertThat(config.checkInterval()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.shutdownTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.connectionMaxAge()).isEqualTo(Duration.ofMinutes(15));
        assertThat(config.logLevel()).isEmpty();
        assertThat(config.logFormat()).isEmpty();
        assertThat(config.listenAddress()).isEmpty();
        assertThat(config.sessionServer().sessionTimeout()).isEqualTo(Duration.ofMinutes(30));
        assertThat(config.runners()).isEmpty();
    }

    @Test
    void aRunnerOfThreeKeysHasTheDefaults() throws ConfigException {
        RunnerConfig runner = read(ONE_RUNNER).config().runners().getFirst();

        assertThat(runner.token()).isEqualTo(Secret.of("glrt-abc"));
        assertThat(runner.limit()).isZero();
        assertThat(runner.requestConcurrency()).isEqualTo(1);
        assertThat(runner.outputLimit()).isEqualTo(4096);
        assertThat(runner.unhealthyRequestsLimit()).isEqualTo(3);
        assertThat(runner.unhealthyInterval()).isEqualTo(Duration.ofHours(1));
        assertThat(runner.jobStatusFinalUpdateRetryLimit()).isEqualTo(10);
        assertThat(runner.shell()).isEqualTo("bash");
        assertThat(runner.safeDirectoryCheckout()).isFalse();
        assertThat(runner.cleanGitConfig()).isEmpty();
        assertThat(runner.customBuildDirEnabled()).isEmpty();
        assertThat(runner.artifact().uploadTimeout()).isEqualTo(Duration.ofHours(1));
        assertThat(runner.artifact().responseHeaderTimeout()).isEqualTo(Duration.ofMinutes(10));
        assertThat(runner.cache().type()).isEmpty();
        assertThat(runner.cache().s3().dualStack()).isTrue();
        assertThat(runner.cache().s3().assumeRoleMaxConcurrency()).isEqualTo(5);
        assertThat(read(ONE_RUNNER).warnings().lines()).isEmpty();
    }

    @Test
    void everyGlobalKeyIsRead() throws ConfigException {
        Config config =
                read("""
                concurrent = 7
                check_interval = 11
                log_level = "debug"
                log_format = "json"
                listen_address = ":9252"
                connection_max_age = "1h30m"
                shutdown_timeout = 120
                shutdown = "hand-over"
                user = "builder"
                min_free_disk = 100
                kept_logs_size = 0
                kept_logs_age = "24h"
                status_logs = true
                [labels]
                  site = "lab"
                [session_server]
                  listen_address = ":8093"
                  advertise_address = "host:8093"
                  session_timeout = 60
                """)
                        .config();

        assertThat(config)
                .isEqualTo(
                        new Config(
                                7,
                                Duration.ofSeconds(11),
                                Optional.of("debug"),
                                Optional.of("json"),
                                Optional.of(":9252"),
                                Duration.ofMinutes(90),
                                Duration.ofSeconds(120),
                                true,
                                Map.of("site", "lab"),
                                Optional.of("builder"),
                                new Config.SessionServer(
                                        Optional.of(":8093"),
                                        Optional.of("host:8093"),
                                        Duration.ofSeconds(60)),
                                new Config.Operation(100, 0, Duration.ofDays(1), Optional.of(true)),
                                List.of()));
    }

    @Test
    void everyRunnerKeyIsRead() throws ConfigException {
        RunnerConfig runner =
                read("""
                [labels]
                  site = "lab"
                  rack = "r1"
                [[runners]]
                  name = "n"
                  url = "https://gitlab.example/"
                  id = 42
                  token = "glrt-abc"
                  token_obtained_at = 2026-11-01T08:00:00Z
                  token_expires_at = 2026-12-01T08:00:00Z
                  tls-ca-file = "/ca"
                  tls-cert-file = "/cert"
                  tls-key-file = "/key"
                  limit = 2
                  request_concurrency = 3
                  strict_check_interval = true
                  output_limit = 5
                  unhealthy_requests_limit = 6
                  unhealthy_interval = "7m"
                  job_status_final_update_retry_limit = 8
                  executor = "docker"
                  shell = "sh"
                  builds_dir = "/b"
                  cache_dir = "/c"
                  clone_url = "https://clone"
                  environment = ["A=1", "B=2"]
                  pre_get_sources_script = "p1"
                  post_get_sources_script = "p2"
                  pre_build_script = "p3"
                  post_build_script = "p4"
                  prepare_timeout = "9s"
                  get_sources_timeout = "10s"
                  debug_trace_disabled = true
                  safe_directory_checkout = false
                  clean_git_config = false
                  [runners.labels]
                    rack = "r2"
                  [runners.custom_build_dir]
                    enabled = true
                  [runners.feature_flags]
                    FF_TIMESTAMPS = false
                  [runners.artifact]
                    upload_timeout = "11s"
                    response_header_timeout = "12s"
                  [runners.cache]
                    Type = "s3"
                    path = "prefix"
                    SHARED = true
                    MaxUploadedArchiveSize = 13
                    [runners.cache.s3]
                      ServerAddress = "minio:9000"
                      AccessKey = "ak"
                      SecretKey = "sk"
                      BucketName = "bucket"
                      Insecure = true
                      DualStack = false
                      PathStyle = true
                      AssumeRoleMaxConcurrency = 14
                  [runners.docker]
                    image = "alpine:3"
                    pull_policy = "never"
                    volumes = ["/cache"]
                    shm_size = 0
                    [[runners.docker.services]]
                      name = "redis"
                """)
                        .config()
                        .runners()
                        .getFirst();

        assertThat(runner.name()).isEqualTo("n");
        assertThat(runner.id()).isEqualTo(42);
        assertThat(runner.tokenObtainedAt()).contains(Instant.parse("2026-11-01T08:00:00Z"));
        assertThat(runner.tokenExpiresAt()).contains(Instant.parse("2026-12-01T08:00:00Z"));
        assertThat(runner.tlsCaFile().orElseThrow()).hasToString("/ca");
        assertThat(runner.tlsCertFile().orElseThrow()).hasToString("/cert");
        assertThat(runner.tlsKeyFile().orElseThrow()).hasToString("/key");
        assertThat(runner.limit()).isEqualTo(2);
        assertThat(runner.requestConcurrency()).isEqualTo(3);
        assertThat(runner.strictCheckInterval()).isTrue();
        assertThat(runner.outputLimit()).isEqualTo(5);
        assertThat(runner.unhealthyRequestsLimit()).isEqualTo(6);
        assertThat(runner.unhealthyInterval()).isEqualTo(Duration.ofMinutes(7));
        assertThat(runner.jobStatusFinalUpdateRetryLimit()).isEqualTo(8);
        assertThat(runner.executor()).isEqualTo("docker");
        assertThat(runner.shell()).isEqualTo("sh");
        assertThat(runner.buildsDir()).contains("/b");
        assertThat(runner.cacheDir()).contains("/c");
        assertThat(runner.cloneUrl()).contains("https://clone");
        assertThat(runner.environment()).containsExactly("A=1", "B=2");
        assertThat(runner.preGetSourcesScript()).contains("p1");
        assertThat(runner.postGetSourcesScript()).contains("p2");
        assertThat(runner.preBuildScript()).contains("p3");
        assertThat(runner.postBuildScript()).contains("p4");
        assertThat(runner.prepareTimeout()).contains(Duration.ofSeconds(9));
        assertThat(runner.getSourcesTimeout()).contains(Duration.ofSeconds(10));
        assertThat(runner.debugTraceDisabled()).isTrue();
        assertThat(runner.safeDirectoryCheckout()).isFalse();
        assertThat(runner.cleanGitConfig()).contains(false);
        assertThat(runner.labels()).isEqualTo(Map.of("site", "lab", "rack", "r2"));
        assertThat(runner.customBuildDirEnabled()).contains(true);
        assertThat(runner.featureFlags()).isEqualTo(Map.of("FF_TIMESTAMPS", false));
        assertThat(runner.artifact().uploadTimeout()).isEqualTo(Duration.ofSeconds(11));
        assertThat(runner.artifact().responseHeaderTimeout()).isEqualTo(Duration.ofSeconds(12));
        assertThat(runner.cache().type()).contains("s3");
        assertThat(runner.cache().path()).isEqualTo("prefix");
        assertThat(runner.cache().shared()).isTrue();
        assertThat(runner.cache().maxUploadedArchiveSize()).isEqualTo(13);
        assertThat(runner.cache().s3().serverAddress()).contains("minio:9000");
        assertThat(runner.cache().s3().secretKey()).isEqualTo(Secret.of("sk"));
        assertThat(runner.cache().s3().insecure()).isTrue();
        assertThat(runner.cache().s3().dualStack()).isFalse();
        assertThat(runner.cache().s3().pathStyle()).contains(true);
        assertThat(runner.cache().s3().assumeRoleMaxConcurrency()).isEqualTo(14);
        assertThat(runner.docker().string("image")).contains("alpine:3");
        assertThat(runner.docker().strings("pull_policy")).containsExactly("never");
        assertThat(runner.docker().tables("services").getFirst().string("name")).contains("redis");
    }

    @Test
    void everyKeyOfTheTableIsTakenWithAValueOfItsType() throws ConfigException {
        for (ConfigKey key : ConfigKeys.all()) {
            if (!key.path().startsWith("runners.docker.") || key.type() == KeyType.FOREIGN) {
                continue;
            }
            if (key.path().startsWith("runners.docker.services")) {
                continue;
            }
            String value =
                    switch (key.type()) {
                        case STRING, SECRET, STRING_OR_STRINGS -> "\"x\"";
                        case INTEGER -> "1";
                        case BOOLEAN -> "true";
                        case DURATION -> "\"1s\"";
                        case TIME -> "2026-01-01T00:00:00Z";
                        case STRINGS -> "[\"x\"]";
                        case STRING_MAP -> "{ k = \"x\" }";
                        case BOOLEAN_MAP -> "{ k = true }";
                        case TABLE, TABLES, FOREIGN -> throw new AssertionError(key);
                    };
            String text = ONE_RUNNER + "[runners.docker]\n" + key.name() + " = " + value + "\n";
            assertThat(read(text).config().runners().getFirst().docker().has(key.name()))
                    .as(key.path())
                    .isTrue();
            assertThat(read(text).warnings().all())
                    .as(key.path())
                    .noneMatch(w -> w.kind() == Kind.UNKNOWN);
        }
    }

    @Test
    void zeroAndLessMeanTheDefault() throws ConfigException {
        Config config =
                read("check_interval = 0\nshutdown_timeout = -1\n"
                                + ONE_RUNNER
                                + "output_limit = 0\nlimit = -3\n")
                        .config();

        assertThat(config.checkInterval()).isEqualTo(Duration.ofSeconds(3));
        assertThat(config.shutdownTimeout()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.runners().getFirst().outputLimit()).isEqualTo(4096);
        assertThat(config.runners().getFirst().limit()).isZero();
    }

    @Test
    @Tag("JS-177")
    void urlAndTokenTakeEnvironmentVariables() throws ConfigException {
        LoadedConfig loaded =
                ConfigReader.read(
                        """
                        [[runners]]
                          url = "https://$HOST/ci"
                          token = "${TOKEN}"
                          executor = "shell"
                        """,
                        "config.toml",
                        Map.of("HOST", "gitlab.example", "TOKEN", "glrt-from-env"));

        assertThat(loaded.config().runners().getFirst().url())
                .isEqualTo("https://gitlab.example/ci");
        assertThat(loaded.config().runners().getFirst().token())
                .isEqualTo(Secret.of("glrt-from-env"));
        assertThat(loaded.warnings().isEmpty()).isTrue();
    }

    @Test
    void aVariableThatIsNotSetIsNamed() throws ConfigException {
        String text = ONE_RUNNER.replace("glrt-abc", "$RUNNER_SECRET");

        assertThat(read(text).warnings().lines())
                .contains(
                        "line 3: runners[0].token names the environment variable RUNNER_SECRET, which is not set and"
                                + " counts as empty")
                .contains("line 3: runners[0].token is empty, so this runner is skipped");
    }

    @Test
    void unknownAndUnusedKeysAreNamedWithTheirLine() throws ConfigException {
        String text =
                """
                concurent = 2
                sentry_dsn = "https://x"

                """
                        + ONE_RUNNER
                        + """
                          # a comment
                          limti = 3
                          [runners.kubernetes]
                            namespace = "ci"
                          [runners.cache]
                            colour = "red"
                        """;

        assertThat(read(text).warnings().lines())
                .containsExactly(
                        "line 1: concurent is not a known key, did you mean concurrent?",
                        "line 2: sentry_dsn has no effect in armrunner yet",
                        "line 9: runners[0].limti is not a known key, did you mean limit?",
                        "line 10: runners[0].kubernetes has no effect in armrunner yet",
                        "line 13: runners[0].cache.colour is not a known key");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    concurrent = 0                      | config.toml:1: concurrent must be 1 or more, but is 0
                    concurrent = "4"                    | config.toml:1: concurrent must be a whole number, but is a string
                    check_interval = 1.5                | config.toml:1: check_interval must be a whole number, but is a number with a fraction
                    connection_max_age = "15 minutes"   | config.toml:1: connection_max_age "15 minutes" is not a duration such as "30s", "10m" or "1h30m"
                    log_level = "loud"                  | config.toml:1: log_level must be one of debug, error, fatal, info, panic, trace, warn, warning, but is "loud"
                    labels = { x = "short" }            | config.toml:1: labels.x is not a label's name: 3 to 65 letters, digits, '_', '.', '-', first a letter, digit or '_'
                    runners = 3                         | config.toml:1: runners must be an array of tables, but is a whole number
                    """)
    void aWrongValueIsOneLineWithPlaceAndReason(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ConfigException.class)
                .hasMessage(message);
    }

    @Test
    void anErrorInTheSecondRunnerHasItsLine() {
        String text = ONE_RUNNER + "\n# second\n" + ONE_RUNNER + "  limit = true\n";

        assertThatThrownBy(() -> read(text))
                .hasMessage(
                        "config.toml:11: runners[1].limit must be a whole number, but is true or false");
    }

    @Test
    void aRunnerWithoutUrlOrExecutorIsRefused() {
        assertThatThrownBy(() -> read("[[runners]]\ntoken = \"t\"\nexecutor = \"shell\"\n"))
                .hasMessageStartingWith("config.toml:1: runners[0].url is missing");
        assertThatThrownBy(() -> read("[[runners]]\ntoken = \"t\"\nurl = \"u\"\n"))
                .hasMessageStartingWith("config.toml:1: runners[0].executor is missing");
    }

    @Test
    void brokenTomlIsNamedByLineAndNeverQuoted() {
        assertThatThrownBy(() -> read("concurrent = 1\n[[runners]]\ntoken = glrt-very-secret\n"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("config.toml:3: is not valid TOML")
                .hasMessageNotContaining("secret");
    }

    @Test
    void nothingThatIsPrintedHoldsASecret() throws ConfigException {
        LoadedConfig loaded =
                read(
                        ONE_RUNNER
                                + "environment = [\"PASSWORD=hunter2\"]\n[runners.cache.s3]\nSecretKey = \"hunter2\"\n");

        assertThat(loaded.toString()).doesNotContain("hunter2").doesNotContain("glrt-abc");
        assertThat(loaded.config().runners().getFirst().cache().toString())
                .doesNotContain("hunter2");
    }

    private static LoadedConfig read(String text) throws ConfigException {
        return ConfigReader.read(text, "config.toml", Map.of());
    }
}
