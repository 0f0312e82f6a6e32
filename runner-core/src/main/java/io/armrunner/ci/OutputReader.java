package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Cache;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code artifacts} and {@code cache} into what a runner is told (runner-protocol §3.8.9,
 * §3.8.10).
 */
final class OutputReader {
    private static final Set<String> ARTIFACTS =
            Set.of(
                    "name",
                    "untracked",
                    "paths",
                    "exclude",
                    "when",
                    "expire_in",
                    "expose_as",
                    "public",
                    "access",
                    "reports");
    private static final Set<String> CACHE =
            Set.of("key", "paths", "untracked", "policy", "when", "unprotect", "fallback_keys");
    private static final List<String> WHEN = List.of("on_success", "on_failure", "always");
    // GitLab's limits.
    private static final int MAX_CACHES = 4;
    private static final int MAX_KEY_FILES = 2;

    private OutputReader() {}

    /** The archive, when there is anything to put into it, then each report. */
    static List<Artifacts> artifacts(@Nullable Yaml value, Fields fields, List<String> notes) {
        Optional<Mapping> mapping = fields.mapping("artifacts", value);
        if (mapping.isEmpty()) {
            return List.of();
        }
        Mapping artifacts = mapping.get();
        fields.known("artifacts", artifacts, ARTIFACTS);
        List<String> paths = fields.texts("artifacts:paths", artifacts.get("paths"));
        boolean untracked =
                fields.truth("artifacts:untracked", artifacts.get("untracked")).orElse(false);
        Optional<String> expire = expire(artifacts.get("expire_in"), fields);
        fields.truth("artifacts:public", artifacts.get("public"));
        fields.word(
                "artifacts:access",
                artifacts.get("access"),
                List.of("all", "developer", "maintainer", "none"));
        if (artifacts.has("expose_as")) {
            fields.text("artifacts:expose_as", artifacts.get("expose_as"));
            notes.add("artifacts:expose_as: GitLab shows it in the merge request");
        }
        String name = fields.text("artifacts:name", artifacts.get("name")).orElse(null);
        List<String> exclude = fields.texts("artifacts:exclude", artifacts.get("exclude"));
        String when =
                fields.word("artifacts:when", artifacts.get("when"), WHEN).orElse("on_success");
        List<Artifacts> all = new ArrayList<>();
        if (!paths.isEmpty() || untracked) {
            all.add(
                    new Artifacts(
                            name,
                            untracked,
                            nullable(paths),
                            nullable(exclude),
                            when,
                            expire.orElse(null),
                            "archive",
                            "zip"));
        }
        fields.mapping("artifacts:reports", artifacts.get("reports"))
                .ifPresent(reports -> reports(reports, expire, fields, all));
        return all;
    }

    private static Optional<String> expire(@Nullable Yaml value, Fields fields) {
        Optional<String> text = fields.text("artifacts:expire_in", value);
        if (text.isPresent() && !text.get().equals("never")) {
            fields.duration("artifacts:expire_in", value);
        }
        return text;
    }

    private static void reports(
            Mapping reports, Optional<String> expire, Fields fields, List<Artifacts> all) {
        for (Map.Entry<String, Entry> entry : reports.entries().entrySet()) {
            String type = entry.getKey();
            Yaml value = entry.getValue().value();
            if (value instanceof Scalar scalar && scalar.isNull()) {
                continue;
            }
            List<String> paths;
            if (type.equals("coverage_report")) {
                Optional<Mapping> coverage =
                        fields.mapping("artifacts:reports:coverage_report", value);
                if (coverage.isEmpty()) {
                    continue;
                }
                fields.known(
                        "artifacts:reports:coverage_report",
                        coverage.get(),
                        Set.of("coverage_format", "path"));
                type =
                        fields.word(
                                        "artifacts:reports:coverage_report:coverage_format",
                                        coverage.get().get("coverage_format"),
                                        List.of("cobertura", "jacoco"))
                                .orElse("cobertura");
                paths =
                        fields
                                .text(
                                        "artifacts:reports:coverage_report:path",
                                        coverage.get().get("path"))
                                .stream()
                                .toList();
            } else {
                paths = fields.textOrTexts("artifacts:reports:" + type, value);
            }
            Keywords.Report report = Keywords.reportTypes().get(type);
            if (report == null) {
                fields.problems()
                        .add(
                                entry.getValue().keyAt(),
                                Keywords.unknown(type, Keywords.reportTypes().keySet())
                                        + " (a type of artifacts:reports)");
                continue;
            }
            all.add(
                    new Artifacts(
                            report.name(),
                            false,
                            nullable(paths),
                            null,
                            "always",
                            expire.orElse(null),
                            type,
                            report.format()));
        }
    }

    private static List<@Nullable String> nullable(List<String> texts) {
        return new ArrayList<>(texts);
    }

    /** The caches that have anything to keep. */
    static List<CacheSpec> caches(@Nullable Yaml value, Fields fields) {
        List<CacheSpec> caches = new ArrayList<>();
        List<Yaml> items = fields.items(value);
        if (items.size() > MAX_CACHES && value != null) {
            fields.problems()
                    .add(
                            value.at(),
                            "cache has " + items.size() + " entries; allowed: up to " + MAX_CACHES);
        }
        for (Yaml item : items) {
            fields.mapping("cache", item)
                    .flatMap(mapping -> cache(mapping, fields))
                    .ifPresent(caches::add);
        }
        return caches;
    }

    private static Optional<CacheSpec> cache(Mapping cache, Fields fields) {
        fields.known("cache", cache, CACHE);
        fields.truth("cache:unprotect", cache.get("unprotect"));
        String key = "default";
        String prefix = "";
        List<String> files = List.of();
        if (cache.get("key") instanceof Mapping made) {
            fields.known("cache:key", made, Set.of("files", "files_commits", "prefix"));
            files =
                    fields.texts(
                            "cache:key:files",
                            made.get(made.has("files") ? "files" : "files_commits"));
            prefix = fields.text("cache:key:prefix", made.get("prefix")).orElse("");
            if (files.isEmpty() || files.size() > MAX_KEY_FILES) {
                fields.problems()
                        .add(
                                made.at(),
                                "cache:key:files has "
                                        + files.size()
                                        + " entries; allowed: 1 or 2");
            }
        } else {
            key = fields.text("cache:key", cache.get("key")).orElse("default");
        }
        List<String> paths = fields.texts("cache:paths", cache.get("paths"));
        boolean untracked = fields.truth("cache:untracked", cache.get("untracked")).orElse(false);
        // The policy may be a variable, which the runner fills in.
        String policy = fields.text("cache:policy", cache.get("policy")).orElse("pull-push");
        Yaml given = cache.get("policy");
        if (given != null && !policy.startsWith("$")) {
            fields.word("cache:policy", given, List.of("pull-push", "pull", "push"));
        }
        Cache made =
                new Cache(
                        key,
                        untracked,
                        nullable(paths),
                        policy,
                        fields.word("cache:when", cache.get("when"), WHEN).orElse("on_success"),
                        nullable(fields.texts("cache:fallback_keys", cache.get("fallback_keys"))));
        return paths.isEmpty() && !untracked
                ? Optional.empty()
                : Optional.of(new CacheSpec(made, prefix, files, cache.at()));
    }
}
