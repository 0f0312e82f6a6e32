package io.armrunner.plan;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** After which prefixes the log hides a token (job-semantics §5.6). */
final class TokenPrefixes {
    /** Never less than this one. */
    private static final List<String> PERSONAL = List.of("glpat-");

    private static final List<String> OTHERS =
            List.of(
                    "gloas-",
                    "gldt-",
                    "glrt-",
                    "glcbt-",
                    "glrtr-",
                    "glptt-",
                    "glft-",
                    "glimt-",
                    "glagent-",
                    "glsoat-",
                    "glffct-",
                    "_gitlab_session=",
                    "gltok-");

    /** GitLab Runner masks after no more prefixes than these, the shortest ones. */
    private static final int LIMIT = 15;

    private TokenPrefixes() {}

    static List<String> of(boolean allDefaults, List<String> fromServer) {
        Set<String> prefixes = new LinkedHashSet<>(PERSONAL);
        if (allDefaults) {
            prefixes.addAll(OTHERS);
        }
        for (String prefix : fromServer) {
            if (!prefix.isBlank()) {
                prefixes.add(prefix.strip());
            }
        }
        return prefixes.stream()
                .sorted(Comparator.comparingInt(String::length))
                .limit(LIMIT)
                .toList();
    }
}
