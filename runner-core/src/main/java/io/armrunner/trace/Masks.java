package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.spec.Secret;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a job's log must not show (job-semantics §5.6). Immutable; made once a job and shared by its
 * chains.
 *
 * <p>GitLab Runner masks values as they are. Here a value of {@link #ENCODED_LENGTH} characters or
 * more is also found encoded: in Base64 at any position of a longer text, percent-encoded, and as a
 * JSON string has it.
 */
public final class Masks {
    static final byte[] MASKED = "[MASKED]".getBytes(US_ASCII);

    /**
     * Shorter values have encoded forms so short that they would be found in texts that have
     * nothing to do with them.
     */
    static final int ENCODED_LENGTH = 8;

    /** GitLab Runner uses the 15 shortest (job-semantics §5.6.3). */
    private static final int MOST_PREFIXES = 15;

    private static final List<String> FIRST_PREFIX = List.of("glpat-");
    private static final List<String> DEFAULT_PREFIXES =
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

    /**
     * Nothing but the default token prefixes and URL parameters, which every log loses. Behind what
     * it is made of.
     */
    public static final Masks DEFAULT = of(List.of(), List.of());

    private final Automaton phrases;
    private final Automaton prefixes;

    private Masks(Automaton phrases, Automaton prefixes) {
        this.phrases = phrases;
        this.prefixes = prefixes;
    }

    /** {@link #of(Collection, Collection, boolean)} with all default prefixes. */
    public static Masks of(Collection<Secret> values, Collection<String> tokenPrefixes) {
        return of(values, tokenPrefixes, true);
    }

    /**
     * Masks for a job.
     *
     * @param values the values of all masked variables; white space around them is dropped, so are
     *     empty ones
     * @param tokenPrefixes the payload's {@code token_mask_prefixes}
     * @param allDefaultTokens FF_MASK_ALL_DEFAULT_TOKENS: without it, {@code glpat-} is the only
     *     default prefix
     */
    public static Masks of(
            Collection<Secret> values, Collection<String> tokenPrefixes, boolean allDefaultTokens) {
        Set<String> phrases = new LinkedHashSet<>();
        for (Secret secret : values) {
            String value = secret.value().strip();
            if (!value.isEmpty() && phrases.add(value) && value.length() >= ENCODED_LENGTH) {
                EncodedForms.addTo(phrases, value);
            }
        }
        return new Masks(automaton(phrases), automaton(prefixes(tokenPrefixes, allDefaultTokens)));
    }

    /** The shortest unique prefixes; of equal length, those that come first. */
    static List<String> prefixes(Collection<String> payload, boolean allDefaultTokens) {
        Set<String> unique = new LinkedHashSet<>(FIRST_PREFIX);
        if (allDefaultTokens) {
            unique.addAll(DEFAULT_PREFIXES);
        }
        for (String prefix : payload) {
            if (!prefix.isBlank()) {
                unique.add(prefix.strip());
            }
        }
        List<String> sorted = new ArrayList<>(unique);
        sorted.sort(Comparator.comparingInt(String::length));
        return List.copyOf(sorted.subList(0, Math.min(MOST_PREFIXES, sorted.size())));
    }

    private static Automaton automaton(Collection<String> texts) {
        return new Automaton(texts.stream().map(text -> text.getBytes(UTF_8)).toList());
    }

    /** The filters of one chain, ending in {@code last}. */
    Filter chain(Filter last) {
        return new PhraseFilter(
                phrases, new UrlParameterFilter(new TokenFilter(prefixes, new Utf8Filter(last))));
    }

    @Override
    public String toString() {
        return "Masks";
    }
}
