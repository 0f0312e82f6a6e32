package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Secret;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MasksTest {
    private static Masks masks(String... values) {
        return Masks.of(Stream.of(values).map(Secret::of).toList(), List.of("acme_"));
    }

    private static String through(Masks masks, byte[]... writes) {
        Collected collected = new Collected();
        Filter chain = masks.chain(collected);
        for (byte[] write : writes) {
            chain.write(write, 0, write.length);
        }
        chain.flush();
        return collected.text();
    }

    private static String through(Masks masks, String text) {
        return through(masks, text.getBytes(UTF_8));
    }

    @Test
    @Tag("JS-105")
    @Tag("RP-71")
    void valueSplitAnywhereIsMasked() {
        byte[] text = "a s3cr3t-value b".getBytes(UTF_8);
        for (int cut = 0; cut <= text.length; cut++) {
            assertThat(
                            through(
                                    masks("s3cr3t-value"),
                                    Arrays.copyOf(text, cut),
                                    Arrays.copyOfRange(text, cut, text.length)))
                    .isEqualTo("a [MASKED] b");
        }
    }

    @ParameterizedTest
    @Tag("JS-106")
    @CsvSource({
        "xabcdy, abc, abcd, x[MASKED]y",
        "xabcy, abc, abcd, x[MASKED]y",
        "xabcdefy, abcd, cdef, x[MASKED]y",
        "abcdabcd, abcd, zz, [MASKED][MASKED]",
        "aaab, aab, zz, a[MASKED]",
        "ababac, abac, zz, ab[MASKED]",
        "xbcx, abcd, bc, x[MASKED]x",
        "xabcx, abcd, bc, xa[MASKED]x",
        "abce, abcd, e, abc[MASKED]",
        "xaaaax, aa, zz, x[MASKED]x",
    })
    void everyOccurrenceIsMaskedAndOverlappingOnesAsOne(
            String text, String one, String two, String expected) {
        assertThat(through(masks(one, two), text)).isEqualTo(expected);
        assertThat(through(masks(two, one), text)).isEqualTo(expected);
    }

    @Test
    void valuesAreTrimmedAndEmptyOnesDropped() {
        assertThat(through(masks("  key\n", "", " \t"), "the key is\n"))
                .isEqualTo("the [MASKED] is\n");
    }

    @Test
    void valueOverSeveralLinesIsMasked() {
        assertThat(through(masks("line1\nline2"), "x line1\nline2 y\nline1\n"))
                .isEqualTo("x [MASKED] y\nline1\n");
    }

    @Test
    void partialMatchAtTheEndIsGivenOut() {
        assertThat(through(masks("secret-value"), "it is secret-val"))
                .isEqualTo("it is secret-val");
    }

    @Test
    void encodedFormsOfLongValuesAreMasked() {
        String value = "pä$$ \"w<o>rd/+?x";
        Masks masks = masks(value);
        for (String before : List.of("", "u", "us", "user:")) {
            for (String after : List.of("", "\n", "ab", "abc")) {
                for (Base64.Encoder encoder :
                        List.of(
                                Base64.getEncoder(),
                                Base64.getUrlEncoder(),
                                Base64.getEncoder().withoutPadding())) {
                    String encoded =
                            encoder.encodeToString((before + value + after).getBytes(UTF_8));
                    String shown = through(masks, "x " + encoded + " y");
                    assertThat(shown).contains("[MASKED]").doesNotContain(encoded);
                    // At most the characters that also hold bits of the neighbours are left.
                    assertThat(shown.replace("[MASKED]", "").length())
                            .isLessThanOrEqualTo(4 + 4 * (before.length() + after.length() + 2));
                }
            }
        }
        String whole = Base64.getEncoder().encodeToString(value.getBytes(UTF_8));
        assertThat(through(masks, whole + ".")).isEqualTo("[MASKED].");
        assertThat(through(masks, "p%C3%A4%24%24%20%22w%3Co%3Erd%2F%2B%3Fx."))
                .isEqualTo("[MASKED].");
        assertThat(through(masks, "p%c3%a4%24%24%20%22w%3co%3erd%2f%2b%3fx."))
                .isEqualTo("[MASKED].");
        assertThat(through(masks, "p%C3%A4%24%24+%22w%3Co%3Erd%2F%2B%3Fx.")).isEqualTo("[MASKED].");
        assertThat(through(masks, "pä$$ \\\"w<o>rd/+?x.")).isEqualTo("[MASKED].");
        assertThat(through(masks, "p\\u00e4$$ \\\"w\\u003co\\u003erd/+?x.")).isEqualTo("[MASKED].");
    }

    @Test
    void encodedFormsOfShortValuesAreLeftAlone() {
        String encoded = Base64.getEncoder().encodeToString("1234567".getBytes(UTF_8));
        assertThat(through(masks("1234567"), encoded)).isEqualTo(encoded);
    }

    @ParameterizedTest
    @Tag("JS-109")
    @CsvSource({
        "https://h/x?private_token=abc&y=1, https://h/x?private_token=[MASKED]&y=1",
        "?a=b&X-Amz-Signature=12%3f z, ?a=b&X-Amz-Signature=[MASKED] z",
        "?rss_token=a?authenticity_token=b, ?rss_token=[MASKED]?authenticity_token=[MASKED]",
        "?xprivate_token=abc, ?xprivate_token=abc",
        "private_token=abc, private_token=abc",
        "?&private_token=abc, ?&private_token=[MASKED]",
        "?private_tokens=abc, ?private_tokens=abc",
        "?private_token=&y=1, ?private_token=&y=1",
        "?x-amz-security-token=a&x-amz-credential=b, ?x-amz-security-token=[MASKED]&x-amz-credential=[MASKED]",
    })
    void urlParametersLoseTheirValues(String text, String expected) {
        assertThat(through(Masks.DEFAULT, text)).isEqualTo(expected);
        assertThat(through(Masks.DEFAULT, text + "\nnext")).isEqualTo(expected + "\nnext");
    }

    @ParameterizedTest
    @Tag("JS-107")
    @Tag("JS-108")
    @Tag("RP-72")
    @CsvSource({
        "glpat-abc123, glpat-[MASKED]",
        "glpat-abc123 x, glpat-[MASKED] x",
        "glglpat-a/b, glglpat-[MASKED]/b",
        "glpat- x, glpat- x",
        "GLPAT-abc, GLPAT-abc",
        "_gitlab_session=0a1b;, _gitlab_session=[MASKED];",
        "acme_tok.en=, acme_[MASKED]",
        "glrt-t1_x glrtr-y, glrt-[MASKED] glrtr-[MASKED]",
        "gloas-glpat-x, gloas-[MASKED]",
    })
    void tokensKeepTheirPrefixOnly(String text, String expected) {
        assertThat(through(masks(), text)).isEqualTo(expected);
    }

    @Test
    void onlyTheFifteenShortestPrefixesAreUsed() {
        assertThat(Masks.prefixes(List.of(" ab- ", "ab-", "", "a-very-long-prefix-"), true))
                .hasSize(15)
                .startsWith("ab-")
                .contains("glpat-", "_gitlab_session=")
                .doesNotContain("a-very-long-prefix-");
        assertThat(Masks.prefixes(List.of(), false)).containsExactly("glpat-");
    }

    @Test
    @Tag("RP-69")
    @Tag("JS-110")
    void invalidBytesBecomeReplacementCharacters() {
        assertThat(through(Masks.DEFAULT, new byte[] {0x61, (byte) 0xff, 0x62}))
                .isEqualTo("a\ufffdb");
        assertThat(through(Masks.DEFAULT, new byte[] {(byte) 0xe2, (byte) 0x82, 'a'}))
                .isEqualTo("\ufffd\ufffda");
        assertThat(through(Masks.DEFAULT, new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80}))
                .isEqualTo("\ufffd\ufffd\ufffd");
        assertThat(through(Masks.DEFAULT, new byte[] {'a', (byte) 0xf0, (byte) 0x9f}))
                .isEqualTo("a\ufffd\ufffd");
    }

    @Test
    @Tag("RP-70")
    void characterSplitOverWritesArrivesWhole() {
        byte[] text = "aé€😀b".getBytes(UTF_8);
        byte[][] writes = new byte[text.length][];
        for (int index = 0; index < text.length; index++) {
            writes[index] = new byte[] {text[index]};
        }
        assertThat(through(Masks.DEFAULT, writes)).isEqualTo("aé€😀b");
    }

    @Test
    void anyChunkingMasksAlikeAndAsTheDefinitionSays() {
        Random random = new Random(20261123);
        for (int round = 0; round < 3000; round++) {
            List<String> values = new ArrayList<>();
            for (int count = random.nextInt(5); count > 0; count--) {
                values.add(letters(random, 1 + random.nextInt(7), "abc"));
            }
            byte[] text = letters(random, random.nextInt(80), "abc\n").getBytes(UTF_8);
            Automaton automaton =
                    new Automaton(values.stream().map(value -> value.getBytes(UTF_8)).toList());
            Collected collected = new Collected();
            Filter filter = new PhraseFilter(automaton, collected);
            Chunks.write(text, random, 1 + random.nextInt(20), filter::write);
            filter.flush();
            assertThat(collected.text())
                    .as("%s in %s", values, new String(text, UTF_8))
                    .isEqualTo(defined(values, text));
        }
    }

    /** Mark every occurrence; overlapping ones are one. */
    private static String defined(List<String> values, byte[] bytes) {
        String text = new String(bytes, UTF_8);
        boolean[] masked = new boolean[text.length()];
        boolean[] inner = new boolean[text.length() + 1];
        for (String value : values) {
            for (int at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
                for (int index = at; index < at + value.length(); index++) {
                    masked[index] = true;
                    inner[index] |= index > at;
                }
            }
        }
        StringBuilder result = new StringBuilder();
        for (int index = 0; index < text.length(); index++) {
            if (!masked[index]) {
                result.append(text.charAt(index));
            } else if (!inner[index]) {
                result.append("[MASKED]");
            }
        }
        return result.toString();
    }

    @Test
    void anyChunkingOfTheWholeChainGivesTheSameBytes() {
        Random random = new Random(7);
        List<String> words =
                List.of(
                        "glpat-",
                        "abc",
                        "?",
                        "&",
                        "private_token=",
                        "rss_token=",
                        "\n",
                        " ",
                        "secret-value",
                        "secret-",
                        "c2VjcmV0LXZhbHVl",
                        "é",
                        "\u00ff",
                        "😀",
                        "\r",
                        "_gitlab_session=",
                        "value");
        for (int round = 0; round < 1500; round++) {
            String text =
                    random.ints(random.nextInt(30), 0, words.size())
                            .mapToObj(words::get)
                            .collect(Collectors.joining());
            // Half of the texts are torn: not UTF-8 any more.
            byte[] bytes = text.getBytes(random.nextBoolean() ? UTF_8 : ISO_8859_1);
            Collected collected = new Collected();
            Filter chain = masks("secret-value", "value\nabc").chain(collected);
            Chunks.write(bytes, random, 1 + random.nextInt(9), chain::write);
            chain.flush();
            assertThat(collected.text())
                    .isEqualTo(through(masks("secret-value", "value\nabc"), bytes));
            assertThat(collected.text())
                    .doesNotContain("secret-value")
                    .doesNotContain("c2VjcmV0LXZhbHVl");
        }
    }

    private static String letters(Random random, int length, String alphabet) {
        return random.ints(length, 0, alphabet.length())
                .mapToObj(index -> alphabet.substring(index, index + 1))
                .collect(Collectors.joining());
    }
}
