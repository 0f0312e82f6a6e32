package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Checked settings to records: the defaults and the limits of job-semantics §10.1 to §10.4. */
final class ConfigAssembly {
    private static final Set<String> LOG_LEVELS =
            Set.of("panic", "fatal", "error", "warning", "warn", "info", "debug", "trace");
    private static final Set<String> LOG_FORMATS = Set.of("runner", "text", "json");
    private static final String HAND_OVER = "hand-over";
    private static final Set<String> SHUTDOWNS = Set.of("end-jobs", HAND_OVER);
    private static final Set<String> HTTP = Set.of("http", "https");
    // GitLab stores no more than this for a runner.
    private static final int MOST_LABELS = 32;
    // A million gigabytes.
    private static final int MOST_MIB = 1_000_000_000;

    private final KeyCheck check;
    private final Map<String, String> environment;
    private final TokenReader tokens;

    ConfigAssembly(KeyCheck check, Map<String, String> environment, TokenReader tokens) {
        this.check = check;
        this.environment = environment;
        this.tokens = tokens;
    }

    Config config(Settings settings) {
        long concurrent = settings.integer("concurrent", 1);
        if (concurrent < 1 || concurrent > Integer.MAX_VALUE) {
            check.wrong("concurrent", "must be 1 or more, but is " + concurrent);
            concurrent = 1;
        }
        Optional<String> logLevel = oneOf(settings, "log_level", LOG_LEVELS);
        Optional<String> logFormat = oneOf(settings, "log_format", LOG_FORMATS);
        Map<String, String> labels = settings.stringMap("labels");
        checkLabels("labels", labels);

        List<RunnerConfig> runners = new ArrayList<>();
        List<Settings> entries = settings.tables("runners");
        for (int i = 0; i < entries.size(); i++) {
            String path = "runners[" + i + "]";
            try {
                RunnerConfig runner = runner(entries.get(i), path, labels);
                doubtTwin(runner, path + ".token", runners);
                runners.add(runner);
            } catch (ConfigException e) {
                check.wrong(e);
            }
        }
        if (settings.tables("runners").isEmpty()) {
            check.doubt(
                    "runners",
                    "has no entry, so no job will be asked for; add one with: armrunner register");
        }
        return new Config(
                (int) concurrent,
                seconds(settings, "check_interval", 3),
                logLevel,
                logFormat,
                settings.string("listen_address"),
                duration(settings, "", "connection_max_age", Duration.ofMinutes(15)),
                seconds(settings, "shutdown_timeout", 30),
                oneOf(settings, "shutdown", SHUTDOWNS).filter(HAND_OVER::equals).isPresent(),
                labels,
                settings.string("user"),
                sessionServer(settings.table("session_server")),
                operation(settings),
                runners);
    }

    private Config.Operation operation(Settings settings) {
        Config.Operation absent = Config.Operation.DEFAULT;
        return new Config.Operation(
                between(settings, "", "min_free_disk", absent.minFreeDiskMib(), 0, MOST_MIB),
                between(settings, "", "kept_logs_size", absent.keptLogsMib(), 0, MOST_MIB),
                duration(settings, "", "kept_logs_age", absent.keptLogsAge()),
                settings.bool("status_logs"));
    }

    private Config.SessionServer sessionServer(Settings settings) {
        return new Config.SessionServer(
                settings.string("listen_address"),
                settings.string("advertise_address"),
                Duration.ofSeconds(positive(settings, "session_server", "session_timeout", 1800)));
    }

    private RunnerConfig runner(Settings settings, String path, Map<String, String> globalLabels)
            throws ConfigException {
        String executor = settings.string("executor", "");
        if (executor.isEmpty()) {
            check.wrong(
                    path + ".executor",
                    "is missing; say where jobs run, for example executor = \"shell\"");
        }
        String url = expanded(settings, path, "url");
        checkUrl(path + ".url", url);
        TokenSource source = tokenSource(settings, path);
        Secret token = token(settings, path, source);
        Map<String, String> labels = new LinkedHashMap<>(globalLabels);
        labels.putAll(settings.stringMap("labels"));
        checkLabels(path + ".labels", labels);
        return new RunnerConfig(
                settings.string("name", ""),
                url,
                token,
                source,
                settings.integer("id", 0),
                settings.time("token_obtained_at"),
                settings.time("token_expires_at"),
                path(settings, path, "tls-ca-file"),
                path(settings, path, "tls-cert-file"),
                path(settings, path, "tls-key-file"),
                positive(settings, path, "limit", 0),
                positive(settings, path, "request_concurrency", 1),
                settings.bool("strict_check_interval", false),
                positive(settings, path, "output_limit", 4096),
                between(settings, path, "output_end", 64, 0, 1024),
                positive(settings, path, "output_kept", 64 * 1024),
                positive(settings, path, "unhealthy_requests_limit", 3),
                duration(settings, path, "unhealthy_interval", Duration.ofMinutes(60)),
                positive(settings, path, "job_status_final_update_retry_limit", 10),
                executor,
                settings.string("shell", "bash"),
                settings.string("builds_dir"),
                settings.string("cache_dir"),
                settings.string("clone_url"),
                settings.strings("environment"),
                settings.string("pre_get_sources_script"),
                settings.string("post_get_sources_script"),
                settings.string("pre_build_script"),
                settings.string("post_build_script"),
                settings.duration("prepare_timeout").filter(Duration::isPositive),
                settings.duration("get_sources_timeout").filter(Duration::isPositive),
                settings.bool("debug_trace_disabled", false),
                settings.bool("safe_directory_checkout", !executor.equals("shell")),
                settings.bool("clean_git_config"),
                labels,
                settings.table("custom_build_dir").bool("enabled"),
                settings.boolMap("feature_flags"),
                artifact(settings.table("artifact"), path + ".artifact"),
                cache(settings.table("cache"), path + ".cache"),
                settings.table("docker"),
                settings.table("custom"),
                new LaneReader(check).lanes(settings, path, executor));
    }

    private TokenSource tokenSource(Settings settings, String path) {
        Optional<String> literal = settings.string("token");
        Optional<String> file = settings.string("token_file");
        Optional<String> credential = settings.string("token_credential");
        if (literal.isPresent() && (file.isPresent() || credential.isPresent())) {
            check.wrong(
                    path + (file.isPresent() ? ".token_file" : ".token_credential"),
                    "stands beside token; keep one of both");
        } else if (file.isPresent() && credential.isPresent()) {
            check.wrong(path + ".token_credential", "stands beside token_file; keep one of both");
        }
        if (file.isPresent()) {
            return path(settings, path, "token_file")
                    .<TokenSource>map(TokenSource.InFile::new)
                    .orElse(new TokenSource.InConfig(false));
        }
        if (credential.isPresent()) {
            if (credential.get().indexOf('/') >= 0) {
                check.wrong(path + ".token_credential", "is a credential's name, without a path");
            }
            return new TokenSource.Credential(credential.get());
        }
        String word = literal.orElse("");
        if (word.startsWith(TokenSource.Parameter.PREFIX)) {
            return new TokenSource.Parameter(word.substring(TokenSource.Parameter.PREFIX.length()));
        }
        return new TokenSource.InConfig(word.indexOf('$') >= 0);
    }

    private Secret token(Settings settings, String path, TokenSource source) {
        if (source instanceof TokenSource.Elsewhere elsewhere) {
            String key =
                    switch (elsewhere) {
                        case TokenSource.InFile _ -> ".token_file";
                        case TokenSource.Credential _ -> ".token_credential";
                        case TokenSource.Parameter _ -> ".token";
                    };
            try {
                return tokens.token(elsewhere);
            } catch (IOException e) {
                check.wrong(path + key, String.valueOf(e.getMessage()));
                return Secret.NONE;
            }
        }
        Secret token = Secret.of(expanded(settings, path, "token"));
        if (token.isEmpty()) {
            String hint = "is empty, so this runner is skipped";
            if (settings.string("token").isPresent()) {
                check.doubt(path + ".token", hint);
            } else {
                check.leftOut(path + ".token", hint);
            }
        }
        return token;
    }

    /** Two entries of one runner ask GitLab twice as often and count their limits apart. */
    private void doubtTwin(RunnerConfig runner, String path, List<RunnerConfig> others) {
        for (int i = 0; i < others.size() && !runner.token().isEmpty(); i++) {
            RunnerConfig other = others.get(i);
            if (other.token().equals(runner.token()) && other.url().equals(runner.url())) {
                check.doubt(path, "is the token of runners[" + i + "] as well; keep one of both");
                return;
            }
        }
    }

    /** Never quotes the address, which may hold a password. */
    private void checkUrl(String path, String url) {
        if (url.isEmpty()) {
            check.wrong(path, "is missing or empty; say which GitLab to ask for jobs");
            return;
        }
        try {
            URI uri = new URI(url);
            String scheme = uri.getScheme();
            if (uri.getHost() != null
                    && scheme != null
                    && HTTP.contains(ConfigKeys.lower(scheme))) {
                return;
            }
        } catch (URISyntaxException _) {
            // Said below in the words of this file.
        }
        check.wrong(
                path, "is no address of a GitLab: it begins with http:// or https:// and a host");
    }

    private RunnerConfig.ArtifactTimeouts artifact(Settings settings, String path) {
        return new RunnerConfig.ArtifactTimeouts(
                duration(settings, path, "upload_timeout", Duration.ofHours(1)),
                duration(settings, path, "response_header_timeout", Duration.ofMinutes(10)));
    }

    private CacheConfig cache(Settings settings, String path) {
        return new CacheConfig(
                settings.string("Type"),
                settings.string("Path", ""),
                settings.bool("Shared", false),
                Math.max(0, settings.integer("MaxUploadedArchiveSize", 0)),
                s3(settings.table("s3"), path + ".s3"),
                settings.table("gcs"),
                settings.table("azure"));
    }

    private CacheConfig.S3 s3(Settings settings, String path) {
        return new CacheConfig.S3(
                settings.string("ServerAddress"),
                Secret.of(settings.string("AccessKey", "")),
                Secret.of(settings.string("SecretKey", "")),
                Secret.of(settings.string("SessionToken", "")),
                settings.string("BucketName"),
                settings.string("BucketLocation"),
                settings.bool("Insecure", false),
                settings.string("AuthenticationType"),
                settings.string("ServerSideEncryption"),
                settings.string("ServerSideEncryptionKeyID"),
                settings.bool("DualStack", true),
                settings.bool("PathStyle"),
                settings.bool("Accelerate", false),
                settings.string("RoleARN"),
                settings.string("UploadRoleARN"),
                positive(settings, path, "AssumeRoleMaxConcurrency", 5),
                settings.bool("DisableAssumeRoleCredentialsCaching", false));
    }

    private Optional<String> oneOf(Settings settings, String key, Set<String> allowed) {
        Optional<String> value = settings.string(key).map(ConfigKeys::lower);
        if (value.isPresent() && !allowed.contains(value.get())) {
            check.wrong(
                    key,
                    "must be one of "
                            + String.join(", ", allowed.stream().sorted().toList())
                            + ", but is \""
                            + value.get()
                            + "\"",
                    Spelling.nearest(value.get(), allowed));
            return Optional.empty();
        }
        return value;
    }

    /** GitLab Runner takes 0 and less as "the default", so files have it. */
    private int positive(Settings settings, String path, String key, int absent) {
        long value = settings.integer(key, absent);
        if (value > Integer.MAX_VALUE) {
            check.wrong(
                    path + "." + key, "must be at most " + Integer.MAX_VALUE + ", but is " + value);
            return absent;
        }
        doubtNegative(path + "." + key, value, absent);
        return value <= 0 ? absent : (int) value;
    }

    /** A key of our own: nobody has written nonsense into it yet. */
    private int between(
            Settings settings, String path, String key, int absent, int least, int most) {
        long value = settings.integer(key, absent);
        if (value < least || value > most) {
            check.wrong(
                    path.isEmpty() ? key : path + "." + key,
                    "must be %d to %d, but is %d".formatted(least, most, value));
            return absent;
        }
        return (int) value;
    }

    private Duration seconds(Settings settings, String key, int absent) {
        long value = settings.integer(key, absent);
        if (value > Integer.MAX_VALUE) {
            check.wrong(key, "must be at most " + Integer.MAX_VALUE + " seconds, but is " + value);
            return Duration.ofSeconds(absent);
        }
        doubtNegative(key, value, absent);
        return Duration.ofSeconds(value <= 0 ? absent : value);
    }

    private Duration duration(Settings settings, String path, String key, Duration absent) {
        Duration value = settings.duration(key).orElse(absent);
        if (value.isNegative()) {
            check.wrong(path.isEmpty() ? key : path + "." + key, "must not be negative");
            return absent;
        }
        return value.isZero() ? absent : value;
    }

    private Optional<Path> path(Settings settings, String path, String key) {
        try {
            return settings.string(key).map(Path::of);
        } catch (InvalidPathException e) {
            check.wrong(path + "." + key, "is not the name of a file: " + e.getReason());
            return Optional.empty();
        }
    }

    private void doubtNegative(String path, long value, long used) {
        if (value < 0) {
            check.doubt(path, "is " + value + ", which counts as " + used);
        }
    }

    private String expanded(Settings settings, String path, String key) {
        return Expansion.expand(
                settings.string(key, ""),
                environment,
                name ->
                        check.doubt(
                                path + "." + key,
                                "names the environment variable "
                                        + name
                                        + ", which is not set and counts as empty"));
    }

    private void checkLabels(String path, Map<String, String> labels) {
        if (labels.size() > MOST_LABELS) {
            check.wrong(
                    path,
                    "gives " + labels.size() + " labels; GitLab takes at most " + MOST_LABELS);
        }
        for (Map.Entry<String, String> label : labels.entrySet()) {
            if (!LabelRules.KEY.matcher(label.getKey()).matches()) {
                check.wrong(
                        path + "." + label.getKey(),
                        "is not a label's name: 3 to 65 letters, digits, '_', '.', '-', first a letter, digit or '_'");
            }
            if (!LabelRules.VALUE.matcher(label.getValue()).matches()) {
                check.wrong(
                        path + "." + label.getKey(),
                        "has a value that GitLab does not take: 1 to 256 letters, digits, '_', '.', '-'");
            }
        }
    }

    /** Compiled only when a file has labels. */
    private static final class LabelRules {
        static final Pattern KEY = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{2,64}");
        static final Pattern VALUE = Pattern.compile("[A-Za-z0-9._-]{1,256}");
    }
}
