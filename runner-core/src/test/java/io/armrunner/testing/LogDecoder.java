package io.armrunner.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a job's log as GitLab's page shows it: stamps taken off, continued lines glued, sections
 * found.
 *
 * <p>Logs with and without stamps are understood, as GitLab decides by the first line.
 */
public final class LogDecoder {
    /** The header of a physical line: time, stream, type, and {@code +} for a line that goes on. */
    public static final Pattern STAMP =
            Pattern.compile(
                    "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z ([0-9a-f]{2})([OE])([ +])");

    private static final Pattern ESCAPE = Pattern.compile("\u001b\\[[0-9;]*[A-Za-z]");
    private static final Pattern MARKER =
            Pattern.compile(
                    "section_(start|end):(\\d+):([a-zA-Z0-9_.-]+)(\\[[^\\]]*\\])?\r\u001b\\[0K");

    private LogDecoder() {}

    /**
     * A section.
     *
     * @param name the stage's id
     * @param text the lines from its header to its end, without escape sequences
     */
    public record Section(String name, String text) {}

    /**
     * The log without stamps, continued lines glued; escape sequences and carriage returns stay.
     */
    public static String text(byte[] log) {
        String all = new String(log, UTF_8);
        boolean stamped = STAMP.matcher(all).lookingAt();
        if (!stamped) {
            return all;
        }
        StringBuilder text = new StringBuilder(all.length());
        for (String line : all.split("(?<=\n)", -1)) {
            Matcher stamp = STAMP.matcher(line);
            if (!stamp.lookingAt()) {
                text.append(line);
                continue;
            }
            if (stamp.group(3).equals("+") && text.length() > 0) {
                text.setLength(text.length() - 1);
            }
            text.append(line, stamp.end(), line.length());
        }
        return text.toString();
    }

    /** {@link #text} as a reader sees it: without escape sequences and section markers. */
    public static String plain(byte[] log) {
        return strip(MARKER.matcher(text(log)).replaceAll(""));
    }

    /** The text without escape sequences. */
    public static String strip(String text) {
        return ESCAPE.matcher(text).replaceAll("");
    }

    /**
     * The sections in the order in which they begin; one that does not end goes to the end of the
     * log.
     */
    public static List<Section> sections(byte[] log) {
        String text = text(log);
        List<Section> sections = new ArrayList<>();
        Matcher start = MARKER.matcher(text);
        while (start.find()) {
            if (start.group(1).equals("start")) {
                sections.add(new Section(start.group(3), body(text, start.end(), start.group(3))));
            }
        }
        return List.copyOf(sections);
    }

    private static String body(String text, int from, String name) {
        Matcher marker = MARKER.matcher(text);
        int at = from;
        while (marker.find(at)) {
            if (marker.group(1).equals("end") && marker.group(3).equals(name)) {
                return strip(text.substring(from, marker.start()));
            }
            at = marker.end();
        }
        return strip(text.substring(from));
    }
}
