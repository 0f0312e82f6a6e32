package io.armrunner.variables;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The variables that steer the runner, read once from the expanded list (job-semantics §2.9 and
 * §1.6).
 *
 * @param debugTrace whether scripts run under xtrace
 * @param debugServices whether the output of services goes to the log
 * @param gitStrategy {@code clone}, {@code fetch}, {@code none} or {@code empty}
 * @param gitCheckout whether the commit is checked out
 * @param gitClonePath the project directory that the job asks for, empty for none
 * @param gitCleanFlags words for {@code git clean}; empty: it is not run
 * @param gitFetchExtraFlags words for {@code git fetch}
 * @param gitCloneExtraFlags words for {@code git clone}
 * @param gitSubmoduleStrategy as sent: a word that is none of {@code none}, {@code normal}, {@code
 *     recursive} fails {@code get_sources}
 * @param gitSubmodulePaths path specifications of the submodules that count; empty for all
 * @param gitSubmoduleDepth depth of the submodules' history, 0 for all of it
 * @param gitSubmoduleUpdateFlags words for {@code git submodule update}
 * @param gitSubmoduleForceHttps whether SSH addresses of this GitLab are fetched over HTTP
 * @param gitLfsSkipSmudge whether the job wants LFS pointers instead of files
 * @param afterScriptIgnoresErrors whether a failing after_script leaves the job's result alone
 * @param cacheRequestTimeoutMinutes limit of one request of the cache
 * @param attempts how often stages are tried
 * @param warnings one entry for each variable that could not be read
 */
public record JobSettings(
        boolean debugTrace,
        boolean debugServices,
        String gitStrategy,
        boolean gitCheckout,
        String gitClonePath,
        List<String> gitCleanFlags,
        List<String> gitFetchExtraFlags,
        List<String> gitCloneExtraFlags,
        String gitSubmoduleStrategy,
        List<String> gitSubmodulePaths,
        int gitSubmoduleDepth,
        List<String> gitSubmoduleUpdateFlags,
        boolean gitSubmoduleForceHttps,
        boolean gitLfsSkipSmudge,
        boolean afterScriptIgnoresErrors,
        int cacheRequestTimeoutMinutes,
        Attempts attempts,
        List<String> warnings) {

    /** Minutes that one request of the cache may take when nobody says otherwise. */
    private static final int CACHE_REQUEST_MINUTES = 10;

    /** How often each stage is tried, 1 to 10. */
    public record Attempts(
            int getSources,
            int restoreCache,
            int artifactDownload,
            int executorJobSection,
            int secretsRetrieval) {}

    /**
     * Reads all of them.
     *
     * @param variables expanded
     * @param allowGitFetch whether the project's default is to fetch into an old working copy
     * @param depth the project's depth, which submodules follow
     * @param debugTraceDisabled whether this runner refuses the debug variables
     */
    public static JobSettings read(
            JobVariables variables, boolean allowGitFetch, int depth, boolean debugTraceDisabled) {
        Reader reader = new Reader(variables, new ArrayList<>());
        return new JobSettings(
                reader.debug("CI_DEBUG_TRACE", debugTraceDisabled),
                reader.debug("CI_DEBUG_SERVICES", debugTraceDisabled),
                reader.strategy(allowGitFetch ? "fetch" : "clone"),
                reader.bool("GIT_CHECKOUT", true),
                variables.content("GIT_CLONE_PATH"),
                reader.words("GIT_CLEAN_FLAGS", List.of("-ffdx")),
                reader.words("GIT_FETCH_EXTRA_FLAGS", List.of("--prune", "--quiet")),
                reader.words("GIT_CLONE_EXTRA_FLAGS", List.of()),
                reader.or("GIT_SUBMODULE_STRATEGY", "none"),
                split(variables.content("GIT_SUBMODULE_PATHS")),
                reader.integer("GIT_SUBMODULE_DEPTH", depth),
                reader.words("GIT_SUBMODULE_UPDATE_FLAGS", List.of()),
                reader.bool("GIT_SUBMODULE_FORCE_HTTPS", false),
                reader.bool("GIT_LFS_SKIP_SMUDGE", false),
                reader.bool("AFTER_SCRIPT_IGNORE_ERRORS", true),
                reader.integer("CACHE_REQUEST_TIMEOUT", CACHE_REQUEST_MINUTES),
                new Attempts(
                        reader.attempts("GET_SOURCES_ATTEMPTS"),
                        reader.attempts("RESTORE_CACHE_ATTEMPTS"),
                        reader.attempts("ARTIFACT_DOWNLOAD_ATTEMPTS"),
                        reader.attempts("EXECUTOR_JOB_SECTION_ATTEMPTS"),
                        reader.attempts("SECRETS_RETRIEVAL_ATTEMPTS")),
                List.copyOf(reader.warnings()));
    }

    private static List<String> split(String text) {
        String stripped = text.strip();
        return stripped.isEmpty() ? List.of() : List.of(stripped.split("\\s+"));
    }

    /** Reads one variable at a time and notes what it could not read. */
    private record Reader(JobVariables variables, List<String> warnings) {
        String or(String key, String otherwise) {
            String text = variables.content(key);
            return text.isEmpty() ? otherwise : text;
        }

        boolean bool(String key, boolean otherwise) {
            String text = variables.content(key);
            if (text.isEmpty()) {
                return otherwise;
            }
            Optional<Boolean> value = GoBool.parse(text);
            if (value.isEmpty()) {
                warnings.add(
                        key
                                + ": expected bool got \""
                                + text
                                + "\", using default value: "
                                + otherwise);
            }
            return value.orElse(otherwise);
        }

        boolean debug(String key, boolean disabled) {
            boolean wanted = bool(key, false);
            if (wanted && disabled) {
                warnings.add(key + ": usage is disabled on this Runner");
            }
            return wanted && !disabled;
        }

        int integer(String key, int otherwise) {
            String text = variables.content(key);
            if (text.isEmpty()) {
                return otherwise;
            }
            try {
                return Integer.parseInt(text);
            } catch (NumberFormatException e) {
                warnings.add(
                        key
                                + ": expected int got \""
                                + text
                                + "\", using default value: "
                                + otherwise);
                return otherwise;
            }
        }

        int attempts(String key) {
            int wanted = integer(key, 1);
            int clamped = Math.clamp(wanted, 1, 10);
            if (clamped != wanted) {
                warnings.add(
                        key
                                + ": number of attempts out of the range [1, 10], clamping to: "
                                + clamped);
            }
            return clamped;
        }

        String strategy(String otherwise) {
            String text = or("GIT_STRATEGY", otherwise);
            return switch (text) {
                case "clone", "fetch", "none", "empty" -> text;
                default -> {
                    warnings.add(
                            "GIT_STRATEGY: expected either 'clone', 'fetch', 'none' or 'empty' got \""
                                    + text
                                    + "\", using default value '"
                                    + otherwise
                                    + "'");
                    yield otherwise;
                }
            };
        }

        List<String> words(String key, List<String> otherwise) {
            String text = variables.content(key);
            if (text.isEmpty()) {
                return otherwise;
            }
            return text.equals("none") ? List.of() : split(text);
        }
    }
}
