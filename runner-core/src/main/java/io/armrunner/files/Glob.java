package io.armrunner.files;

import java.util.ArrayList;
import java.util.List;

/**
 * A path pattern in the syntax of the doublestar library, version 4 (job-semantics §6.3): {@code *}
 * and {@code ?} stay within a path element, {@code [a-z]} and {@code [^a]} are sets, {@code {a,b}}
 * are alternatives, <code>**</code> as a whole element is any depth, none included. A leading dot
 * is like any other letter.
 *
 * <p>Immutable. A walk through a tree takes one {@link #step} for each name on its way down, so
 * that a directory in which nothing can match is not entered.
 */
public final class Glob {
    // {a,b}{c,d}… doubles with each pair; nobody writes a thousand by hand.
    private static final int MAX_ALTERNATIVES = 1000;
    // A position in the elements is a bit of a long.
    private static final int MAX_ELEMENTS = 62;
    private static final String ANY_DEPTH = "**";

    private final List<List<String>> alternatives;

    private Glob(List<List<String>> alternatives) {
        this.alternatives = alternatives;
    }

    /**
     * Reads a pattern.
     *
     * @throws IllegalArgumentException when a bracket or brace is not closed, or there are more
     *     alternatives or elements than can be meant
     */
    public static Glob of(String pattern) {
        List<String> expanded = new ArrayList<>();
        expandBraces(pattern, expanded);
        List<List<String>> alternatives = new ArrayList<>();
        for (String alternative : expanded) {
            List<String> elements = List.of(alternative.split("/", -1));
            if (elements.size() > MAX_ELEMENTS) {
                throw new IllegalArgumentException("pattern with too many path elements");
            }
            elements.forEach(Glob::check);
            alternatives.add(elements);
        }
        return new Glob(alternatives);
    }

    /** Whether a path element is more than a name. */
    static boolean isPattern(String element) {
        for (int i = 0; i < element.length(); i++) {
            if ("*?[{\\".indexOf(element.charAt(i)) >= 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether the whole path, with slashes, matches. */
    public boolean matches(String path) {
        long[] state = start();
        int from = 0;
        while (from >= 0) {
            int slash = path.indexOf('/', from);
            state = step(state, slash < 0 ? path.substring(from) : path.substring(from, slash));
            if (isDead(state)) {
                return false;
            }
            from = slash < 0 ? -1 : slash + 1;
        }
        return accepts(state);
    }

    /** Where a walk begins: nothing of a path has been seen. */
    long[] start() {
        long[] state = new long[alternatives.size()];
        for (int i = 0; i < state.length; i++) {
            state[i] = close(alternatives.get(i), 1);
        }
        return state;
    }

    /** The state one path element further; the given one is not changed. */
    long[] step(long[] state, String name) {
        long[] next = new long[state.length];
        for (int i = 0; i < state.length; i++) {
            List<String> elements = alternatives.get(i);
            long bits = 0;
            for (int at = 0; at < elements.size(); at++) {
                if ((state[i] & 1L << at) == 0) {
                    continue;
                }
                if (elements.get(at).equals(ANY_DEPTH)) {
                    bits |= 1L << at;
                } else if (element(elements.get(at), 0, name, 0)) {
                    bits |= 1L << (at + 1);
                }
            }
            next[i] = close(elements, bits);
        }
        return next;
    }

    /** Whether the path so far matches. */
    boolean accepts(long[] state) {
        for (int i = 0; i < state.length; i++) {
            if ((state[i] & 1L << alternatives.get(i).size()) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether nothing below the path so far can match. */
    boolean isDead(long[] state) {
        for (int i = 0; i < state.length; i++) {
            if ((state[i] & ((1L << alternatives.get(i).size()) - 1)) != 0) {
                return false;
            }
        }
        return !accepts(state);
    }

    /** Whether the state leads on, whether or not it matches itself. */
    boolean leadsOn(long[] state) {
        for (int i = 0; i < state.length; i++) {
            if ((state[i] & ((1L << alternatives.get(i).size()) - 1)) != 0) {
                return true;
            }
        }
        return false;
    }

    private static long close(List<String> elements, long bits) {
        long closed = bits;
        for (int at = 0; at < elements.size(); at++) {
            if ((closed & 1L << at) != 0 && elements.get(at).equals(ANY_DEPTH)) {
                closed |= 1L << (at + 1);
            }
        }
        return closed;
    }

    private static boolean element(String pattern, int p, String name, int n) {
        // The last star and how far it reaches: on a mismatch it takes one letter more.
        int starAt = -1;
        int starName = 0;
        int at = p;
        int from = n;
        while (from < name.length() || at < pattern.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                starAt = ++at;
                starName = from;
                continue;
            }
            int next = from < name.length() ? one(pattern, at, name, from) : -1;
            if (next >= 0) {
                from += Character.charCount(name.codePointAt(from));
                at = next;
            } else if (starAt >= 0 && starName < name.length()) {
                starName += Character.charCount(name.codePointAt(starName));
                from = starName;
                at = starAt;
            } else {
                return false;
            }
        }
        return true;
    }

    /** Where the pattern goes on if its next part takes the letter at {@code n}, or -1. */
    private static int one(String pattern, int p, String name, int n) {
        if (p >= pattern.length()) {
            return -1;
        }
        int actual = name.codePointAt(n);
        char c = pattern.charAt(p);
        if (c == '?') {
            return p + 1;
        }
        if (c == '[') {
            return set(pattern, p + 1, actual);
        }
        int at = c == '\\' ? p + 1 : p;
        int wanted = pattern.codePointAt(at);
        return wanted == actual ? at + Character.charCount(wanted) : -1;
    }

    private static int set(String pattern, int from, int actual) {
        int at = from;
        boolean not = pattern.charAt(at) == '^' || pattern.charAt(at) == '!';
        if (not) {
            at++;
        }
        boolean found = false;
        boolean first = true;
        while (first || pattern.charAt(at) != ']') {
            first = false;
            at += pattern.charAt(at) == '\\' ? 1 : 0;
            int low = pattern.codePointAt(at);
            at += Character.charCount(low);
            int high = low;
            if (pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']') {
                at += pattern.charAt(at + 1) == '\\' ? 2 : 1;
                high = pattern.codePointAt(at);
                at += Character.charCount(high);
            }
            found |= low <= actual && actual <= high;
        }
        return found != not ? at + 1 : -1;
    }

    /** Walks over an element once, so that matching never meets an end where it expects none. */
    private static void check(String element) {
        for (int i = 0; i < element.length(); i++) {
            char c = element.charAt(i);
            if (c == '\\') {
                i++;
                if (i == element.length()) {
                    throw bad();
                }
            } else if (c == '[') {
                i = endOfSet(element, i + 1);
            } else if (c == '}') {
                throw bad();
            }
        }
    }

    private static int endOfSet(String element, int from) {
        int at = from;
        if (at < element.length() && (element.charAt(at) == '^' || element.charAt(at) == '!')) {
            at++;
        }
        for (int first = at; at < element.length(); at++) {
            if (element.charAt(at) == ']' && at > first) {
                return at;
            }
            if (element.charAt(at) == '\\') {
                at++;
            }
        }
        throw bad();
    }

    private static void expandBraces(String pattern, List<String> expanded) {
        int open = openBrace(pattern);
        if (open < 0) {
            if (expanded.size() == MAX_ALTERNATIVES) {
                throw new IllegalArgumentException("pattern with too many alternatives");
            }
            expanded.add(pattern);
            return;
        }
        List<Integer> cuts = new ArrayList<>(List.of(open));
        int depth = 1;
        int at = open + 1;
        for (; at < pattern.length() && depth > 0; at++) {
            char c = pattern.charAt(at);
            if (c == '\\') {
                at++;
            } else if (c == '{') {
                depth++;
            } else if (c == '}') {
                depth--;
            } else if (c == ',' && depth == 1) {
                cuts.add(at);
            }
        }
        if (depth > 0) {
            throw bad();
        }
        cuts.add(at - 1);
        for (int i = 0; i + 1 < cuts.size(); i++) {
            expandBraces(
                    pattern.substring(0, open)
                            + pattern.substring(cuts.get(i) + 1, cuts.get(i + 1))
                            + pattern.substring(at),
                    expanded);
        }
    }

    private static int openBrace(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c == '\\') {
                i++;
            } else if (c == '[') {
                int end = pattern.indexOf(']', i + 2);
                i = end < 0 ? i : end;
            } else if (c == '{') {
                return i;
            }
        }
        return -1;
    }

    private static IllegalArgumentException bad() {
        return new IllegalArgumentException("syntax error in pattern");
    }
}
