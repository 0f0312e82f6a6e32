package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;
import java.util.Set;

/** How a value looks after the usual encodings. */
final class EncodedForms {
    private EncodedForms() {}

    static void addTo(Set<String> phrases, String value) {
        byte[] bytes = value.getBytes(UTF_8);
        base64(phrases, bytes, Base64.getEncoder());
        base64(phrases, bytes, Base64.getUrlEncoder());
        phrases.add(percent(bytes, true, false));
        phrases.add(percent(bytes, false, false));
        phrases.add(percent(bytes, true, true));
        phrases.add(json(value, false, false));
        phrases.add(json(value, true, false));
        phrases.add(json(value, false, true));
        phrases.add(json(value, true, true));
    }

    /**
     * The value alone, and the part of its encoding that stays the same in a longer text, for each
     * of the three ways in which groups of three bytes can fall on it.
     */
    private static void base64(Set<String> phrases, byte[] bytes, Base64.Encoder encoder) {
        phrases.add(new String(encoder.encode(bytes), ISO_8859_1));
        phrases.add(new String(encoder.withoutPadding().encode(bytes), ISO_8859_1));
        for (int before = 0; before < 3; before++) {
            byte[] shifted = new byte[before + bytes.length];
            System.arraycopy(bytes, 0, shifted, before, bytes.length);
            String text = new String(encoder.withoutPadding().encode(shifted), ISO_8859_1);
            // A character holds 6 bits: those with a bit of a neighbour are left out.
            phrases.add(text.substring((before * 8 + 5) / 6, shifted.length * 8 / 6));
        }
    }

    private static String percent(byte[] bytes, boolean upperCase, boolean plusForSpace) {
        StringBuilder text = new StringBuilder(bytes.length * 3);
        for (byte b : bytes) {
            boolean plain =
                    (b >= '0' && b <= '9')
                            || (b >= 'A' && b <= 'Z')
                            || (b >= 'a' && b <= 'z')
                            || b == '-'
                            || b == '_'
                            || b == '.'
                            || b == '~';
            if (plain) {
                text.append((char) b);
            } else if (b == ' ' && plusForSpace) {
                text.append('+');
            } else {
                text.append('%').append(hex(b >> 4, upperCase)).append(hex(b, upperCase));
            }
        }
        return text.toString();
    }

    private static char hex(int number, boolean upperCase) {
        return (upperCase ? "0123456789ABCDEF" : "0123456789abcdef").charAt(number & 15);
    }

    /**
     * The value inside a JSON string.
     *
     * @param asciiOnly whether other characters are escaped too, as Python does
     * @param safeInHtml whether angle brackets and ampersands are escaped too, as Go does
     */
    private static String json(String value, boolean asciiOnly, boolean safeInHtml) {
        StringBuilder text = new StringBuilder(value.length() + 16);
        for (int index = 0; index < value.length(); index++) {
            char c = value.charAt(index);
            switch (c) {
                case '"', '\\' -> text.append('\\').append(c);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                default -> {
                    boolean escaped =
                            c < ' '
                                    || (asciiOnly && c >= 0x7f)
                                    || (safeInHtml && "<>&".indexOf(c) >= 0);
                    if (escaped) {
                        text.append("\\u");
                        for (int shift = 12; shift >= 0; shift -= 4) {
                            text.append(hex(c >> shift, false));
                        }
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        return text.toString();
    }
}
