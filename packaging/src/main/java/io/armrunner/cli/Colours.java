package io.armrunner.cli;

/** Colours of a terminal; none of it when they are off. */
final class Colours {
    private static final String RESET = "\u001b[0m";
    private static final String[] NAMES = {
        "36", "33", "32", "35", "34", "96", "93", "92", "95", "94"
    };

    private final boolean on;

    Colours(boolean on) {
        this.on = on;
    }

    /** The text in the colour of the nth job. */
    String ofJob(int index, String text) {
        return paint(NAMES[index % NAMES.length], text);
    }

    String good(String text) {
        return paint("32", text);
    }

    String bad(String text) {
        return paint("31;1", text);
    }

    String doubtful(String text) {
        return paint("33", text);
    }

    String quiet(String text) {
        return paint("2", text);
    }

    /** A line of a log with its own colours, which end with it. */
    String log(String text) {
        return on ? (text.indexOf('\u001b') < 0 ? text : text + RESET) : strip(text);
    }

    private String paint(String code, String text) {
        return on ? "\u001b[" + code + "m" + text + RESET : text;
    }

    /** The text without escape sequences. */
    static String strip(String text) {
        if (text.indexOf('\u001b') < 0) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != '\u001b') {
                out.append(c);
                at++;
            } else {
                at = endOfSequence(text, at);
            }
        }
        return out.toString();
    }

    /** CSI ends with a letter, OSC with BEL or ST; anything else is two characters long. */
    private static int endOfSequence(String text, int start) {
        int at = start + 1;
        if (at >= text.length()) {
            return at;
        }
        if (text.charAt(at) == '[') {
            at++;
            while (at < text.length() && (text.charAt(at) < '@' || text.charAt(at) > '~')) {
                at++;
            }
            return Math.min(text.length(), at + 1);
        }
        if (text.charAt(at) == ']') {
            while (at < text.length() && text.charAt(at) != '\u0007') {
                if (text.charAt(at) == '\u001b' && text.startsWith("\u001b\\", at)) {
                    return at + 2;
                }
                at++;
            }
            return Math.min(text.length(), at + 1);
        }
        return at + 1;
    }
}
