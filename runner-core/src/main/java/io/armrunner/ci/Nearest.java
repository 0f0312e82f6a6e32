package io.armrunner.ci;

import java.util.Collection;

/** The word most like a mistyped one. */
final class Nearest {
    private Nearest() {}

    /** The nearest of {@code words}, empty when none is near enough to be meant. */
    static String of(String wrong, Collection<String> words) {
        String best = "";
        // Two slips, or one letter swapped, in a short word are still a typo; more is another word.
        int limit = 1 + (wrong.length() < 4 ? 1 : Math.max(2, wrong.length() / 3));
        for (String word : words) {
            if (Math.abs(word.length() - wrong.length()) < limit) {
                int distance = distance(wrong, word);
                if (distance < limit) {
                    limit = distance;
                    best = word;
                }
            }
        }
        return best;
    }

    private static int distance(String a, String b) {
        int[] before = new int[b.length() + 1];
        for (int j = 0; j < before.length; j++) {
            before[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = before[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(change, 1 + Math.min(before[j], row[j - 1]));
            }
            before = row;
        }
        return before[b.length()];
    }
}
