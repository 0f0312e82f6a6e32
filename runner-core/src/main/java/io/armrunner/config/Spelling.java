package io.armrunner.config;

import java.util.Collection;
import java.util.Optional;

/** How far two words are apart. */
final class Spelling {
    private Spelling() {}

    /**
     * The least number of letters to put in, take out or change to make {@code a} into {@code b}.
     */
    static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = above[0];
            above[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = above[j];
                above[j] = Math.min(change, 1 + Math.min(above[j], above[j - 1]));
            }
        }
        return above[b.length()];
    }

    /**
     * The word that is most like {@code word}, if one is close enough to be meant; of several the
     * first.
     */
    static Optional<String> nearest(String word, Collection<String> words) {
        int furthest = Math.max(1, (word.length() + 1) / 3);
        Optional<String> nearest = Optional.empty();
        for (String candidate : words) {
            int distance = distance(ConfigKeys.lower(candidate), ConfigKeys.lower(word));
            if (distance <= furthest) {
                furthest = distance - 1;
                nearest = Optional.of(candidate);
            }
        }
        return nearest;
    }
}
