package io.armrunner.cli;

import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigKey;
import io.armrunner.config.ConfigKeys;
import io.armrunner.config.KeyType;
import io.armrunner.config.RunnerEntry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * One flag and one environment variable for each key of a {@code [[runners]]} entry, as GitLab
 * Runner's {@code register} has them (job-semantics §10.2 to §10.5). Made from the table of keys
 * rather than written out.
 */
final class RegisterOptions {
    private static final String ROOT = "runners.";

    /** Keys whose flag or variable does not follow the rule: flags, then the variable. */
    private static final Map<String, List<String>> SPECIAL =
            Map.of(
                    "name", List.of("--name", "--description", "RUNNER_NAME"),
                    "url", List.of("-u", "--url", "CI_SERVER_URL"),
                    "token", List.of("-t", "--token", "CI_SERVER_TOKEN"),
                    "tls-ca-file", List.of("--tls-ca-file", "CI_SERVER_TLS_CA_FILE"),
                    "tls-cert-file", List.of("--tls-cert-file", "CI_SERVER_TLS_CERT_FILE"),
                    "tls-key-file", List.of("--tls-key-file", "CI_SERVER_TLS_KEY_FILE"),
                    "clone_url", List.of("--clone-url", "CLONE_URL"),
                    "environment", List.of("--env", "RUNNER_ENV"),
                    "custom_build_dir.enabled",
                            List.of(
                                    "--custom_build_dir-enabled",
                                    "--custom-build-dir-enabled",
                                    "CUSTOM_BUILD_DIR_ENABLED"),
                    "cache.MaxUploadedArchiveSize",
                            List.of(
                                    "--cache-max-uploaded-archive-size",
                                    "--cache-max_uploaded_archive_size",
                                    "CACHE_MAXIMUM_UPLOADED_ARCHIVE_SIZE"));

    private final Map<String, OptionSpec> options = new LinkedHashMap<>();

    /** Adds the flags to a command. */
    void addTo(CommandSpec command) {
        for (ConfigKey key : ConfigKeys.all()) {
            if (!key.path().startsWith(ROOT) || !isWordable(key)) {
                continue;
            }
            String path = key.path().substring(ROOT.length());
            List<String> names = names(path);
            String variable = names.getLast();
            OptionSpec.Builder option =
                    OptionSpec.builder(names.subList(0, names.size() - 1).toArray(new String[0]))
                            .descriptionKey(variable)
                            .description(key.path() + " [$" + variable + "]")
                            .paramLabel(label(key.type()));
            if (isList(key.type())) {
                option.type(List.class).auxiliaryTypes(String.class).arity("1");
            } else if (key.type() == KeyType.BOOLEAN) {
                option.type(String.class).arity("0..1").fallbackValue("true");
            } else {
                option.type(String.class).arity("1");
            }
            OptionSpec made = option.build();
            options.put(path, made);
            command.addOption(made);
        }
    }

    /** Puts what was given into the entry. */
    void fill(RunnerEntry entry) throws ConfigException, UserError {
        for (Map.Entry<String, OptionSpec> option : options.entrySet()) {
            Object value = option.getValue().getValue();
            try {
                if (value instanceof List<?> list) {
                    List<String> words = new ArrayList<>();
                    list.forEach(word -> words.add(String.valueOf(word)));
                    entry.set(option.getKey(), words);
                } else if (value != null) {
                    entry.set(option.getKey(), String.valueOf(value));
                }
            } catch (ConfigException e) {
                throw new UserError(2, option.getValue().longestName() + ": " + e.getMessage());
            }
        }
    }

    private static boolean isWordable(ConfigKey key) {
        // What register itself finds out, and what only a file can say.
        if (key.path().equals("runners.id") || key.path().startsWith("runners.docker.services.")) {
            return false;
        }
        return switch (key.type()) {
            case STRING,
                    SECRET,
                    INTEGER,
                    BOOLEAN,
                    DURATION,
                    STRINGS,
                    STRING_OR_STRINGS,
                    STRING_MAP,
                    BOOLEAN_MAP ->
                    true;
            case TIME, TABLE, TABLES, FOREIGN -> false;
        };
    }

    private static boolean isList(KeyType type) {
        return switch (type) {
            case STRINGS, STRING_OR_STRINGS, STRING_MAP, BOOLEAN_MAP -> true;
            case STRING, SECRET, INTEGER, BOOLEAN, DURATION, TIME, TABLE, TABLES, FOREIGN -> false;
        };
    }

    private static String label(KeyType type) {
        return switch (type) {
            case STRING, SECRET, TIME, TABLE, TABLES, FOREIGN -> "TEXT";
            case INTEGER -> "N";
            case BOOLEAN -> "true|false";
            case DURATION -> "DURATION";
            case STRINGS, STRING_OR_STRINGS -> "TEXT...";
            case STRING_MAP, BOOLEAN_MAP -> "KEY=VALUE";
        };
    }

    /** The flags of a key and, last, its variable. */
    static List<String> names(String path) {
        List<String> special = SPECIAL.get(path);
        if (special != null) {
            return special;
        }
        String dashed = dashed(path);
        String variable = dashed.replace('-', '_').toUpperCase(Locale.ROOT);
        boolean ofTable = path.indexOf('.') >= 0;
        return List.of("--" + dashed, ofTable ? variable : "RUNNER_" + variable);
    }

    /**
     * {@code cache.s3.ServerSideEncryptionKeyID} is {@code cache-s3-server-side-encryption-key-id}.
     */
    private static String dashed(String path) {
        StringBuilder dashed = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean upper = Character.isUpperCase(c);
            boolean afterLower = i > 0 && Character.isLowerCase(path.charAt(i - 1));
            boolean beforeLower =
                    i + 1 < path.length() && Character.isLowerCase(path.charAt(i + 1));
            boolean afterLetter = i > 0 && Character.isLetter(path.charAt(i - 1));
            if (upper && afterLetter && (afterLower || beforeLower)) {
                dashed.append('-');
            }
            dashed.append(c == '.' || c == '_' ? '-' : Character.toLowerCase(c));
        }
        return dashed.toString();
    }
}
