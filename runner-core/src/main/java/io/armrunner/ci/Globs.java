package io.armrunner.ci;

import java.util.ArrayList;
import java.util.List;

/** Path globs as GitLab reads them: pure, no regular expression made. */
final class Globs {
    private Globs() {}

    /**
     * Whether a path matches as in {@code changes} and {@code exists}: {@code *} and {@code ?} stay
     * within a directory, <code>**&#47;</code> is any depth, <code>{a,b}</code> are alternatives, a
     * dot is like any other letter.
     */
    static boolean matches(String glob, String path) {
        for (String alternative : braces(glob)) {
            if (match(alternative, 0, path, 0, false)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether a path matches as in {@code include:local}: here <code>**</code> crosses directories
     * wherever it stands.
     */
    static boolean matchesInclude(String glob, String path) {
        return match(glob, 0, path, 0, true);
    }

    private static boolean match(String glob, int g, String path, int p, boolean include) {
        while (g < glob.length()) {
            char c = glob.charAt(g);
            if (c == '*') {
                return star(glob, g, path, p, include);
            }
            if (p >= path.length()) {
                return false;
            }
            char actual = path.charAt(p);
            if (c == '[' && !include) {
                int end = glob.indexOf(']', g + 2);
                if (end > 0) {
                    if (actual == '/' || !inSet(glob, g + 1, end, actual)) {
                        return false;
                    }
                    g = end + 1;
                    p++;
                    continue;
                }
            }
            if (c == '?' && !include) {
                if (actual == '/') {
                    return false;
                }
            } else {
                if (c == '\\' && g + 1 < glob.length()) {
                    g++;
                    c = glob.charAt(g);
                }
                if (c != actual) {
                    return false;
                }
            }
            g++;
            p++;
        }
        return p == path.length();
    }

    private static boolean star(String glob, int g, String path, int p, boolean include) {
        boolean twice = glob.startsWith("**", g);
        if (twice
                && !include
                && glob.startsWith("/", g + 2)
                && (g == 0 || glob.charAt(g - 1) == '/')) {
            return anyDepth(glob, g + 3, path, p);
        }
        boolean crosses = twice && include;
        int rest = g;
        while (rest < glob.length() && glob.charAt(rest) == '*') {
            rest++;
        }
        for (int at = p; at <= path.length(); at++) {
            if (match(glob, rest, path, at, include)) {
                return true;
            }
            if (at < path.length() && path.charAt(at) == '/' && !crosses) {
                return false;
            }
        }
        return false;
    }

    private static boolean anyDepth(String glob, int rest, String path, int p) {
        int at = p;
        while (true) {
            if (match(glob, rest, path, at, false)) {
                return true;
            }
            int slash = path.indexOf('/', at);
            if (slash < 0) {
                return false;
            }
            at = slash + 1;
        }
    }

    private static boolean inSet(String glob, int from, int end, char actual) {
        boolean not = glob.charAt(from) == '!' || glob.charAt(from) == '^';
        boolean found = false;
        for (int i = not ? from + 1 : from; i < end; i++) {
            if (i + 2 < end && glob.charAt(i + 1) == '-') {
                found |= glob.charAt(i) <= actual && actual <= glob.charAt(i + 2);
                i += 2;
            } else {
                found |= glob.charAt(i) == actual;
            }
        }
        return found != not;
    }

    private static List<String> braces(String glob) {
        int open = glob.indexOf('{');
        if (open < 0) {
            return List.of(glob);
        }
        List<Integer> cuts = new ArrayList<>();
        int depth = 0;
        int close = -1;
        for (int i = open; i < glob.length() && close < 0; i++) {
            char c = glob.charAt(i);
            if (c == '{') {
                depth++;
            } else if (c == '}') {
                depth--;
                close = depth == 0 ? i : -1;
            } else if (c == ',' && depth == 1) {
                cuts.add(i);
            }
        }
        if (close < 0) {
            return List.of(glob);
        }
        cuts.add(close);
        List<String> all = new ArrayList<>();
        int from = open + 1;
        for (int cut : cuts) {
            all.addAll(
                    braces(
                            glob.substring(0, open)
                                    + glob.substring(from, cut)
                                    + glob.substring(close + 1)));
            from = cut + 1;
        }
        return all;
    }
}
