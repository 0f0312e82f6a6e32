package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The key of a cache (job-semantics §7.1).
 *
 * @param human as it stands in the log
 * @param path as directories and objects have it: relative, without {@code .} and {@code ..}
 */
record CacheKey(String human, String path) {
    /**
     * The key as a path that stays where it belongs; empty if nothing is left of it.
     *
     * @param raw as the job has it, variables expanded
     */
    static Optional<CacheKey> sanitized(String raw) {
        // Until nothing changes: what is trimmed off may leave a ".." behind.
        String before = decoded(raw);
        String key = cleaned(before);
        while (!key.equals(before)) {
            before = key;
            key = cleaned(before);
        }
        return key.isEmpty() ? Optional.empty() : Optional.of(new CacheKey(key, key));
    }

    /** The key under a name that any store takes (FF_HASH_CACHE_KEYS). */
    static CacheKey hashed(String raw) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(raw.getBytes(UTF_8));
            return new CacheKey(raw, HexFormat.of().formatHex(hash));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    // One pass, so that %252f does not become a slash.
    private static String decoded(String raw) {
        StringBuilder key = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            if (raw.regionMatches(true, i, "%2f", 0, 3)) {
                key.append('/');
                i += 2;
            } else if (raw.regionMatches(true, i, "%2e", 0, 3)) {
                key.append('.');
                i += 2;
            } else {
                key.append(raw.charAt(i) == '\\' ? '/' : raw.charAt(i));
            }
        }
        return key.toString();
    }

    private static String cleaned(String key) {
        List<String> segments = new ArrayList<>();
        for (String segment : key.split("/", -1)) {
            if (segment.equals("..")) {
                if (!segments.isEmpty()) {
                    segments.removeLast();
                }
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                segments.add(segment);
            }
        }
        while (!segments.isEmpty()) {
            String last = trimmedRight(segments.removeLast());
            if (!last.isEmpty()) {
                segments.add(last);
                break;
            }
        }
        return String.join("/", segments);
    }

    private static String trimmedRight(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    private static boolean isSpace(char c) {
        return (c >= '\t' && c <= '\r') || c == '\u0085' || Character.isSpaceChar(c);
    }
}
