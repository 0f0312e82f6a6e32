package io.armrunner.cli;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A line of the service's log taken apart: {@code event key=value key="some words"}. Pure.
 *
 * @param message the event, or the whole line where it has another form
 * @param fields in the order of the line
 */
record LogFields(String message, Map<String, String> fields) {
    LogFields {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /** Takes a line apart; one that does not have the form stays whole. */
    static LogFields of(String line) {
        int end = line.indexOf(' ');
        if (end < 1) {
            return new LogFields(line, Map.of());
        }
        Map<String, String> fields = new LinkedHashMap<>();
        int at = end;
        while (at < line.length()) {
            int name = at + 1;
            int equals = line.indexOf('=', name);
            if (line.charAt(at) != ' ' || equals < 0 || !isName(line, name, equals)) {
                return new LogFields(line, Map.of());
            }
            boolean quoted = equals + 1 < line.length() && line.charAt(equals + 1) == '"';
            int value = quoted ? equals + 2 : equals + 1;
            int over = quoted ? closing(line, value) : space(line, value);
            fields.put(line.substring(name, equals), line.substring(value, over));
            at = quoted ? over + 1 : over;
        }
        return new LogFields(line.substring(0, end), fields);
    }

    private static boolean isName(String line, int from, int to) {
        for (int i = from; i < to; i++) {
            char each = line.charAt(i);
            if (!Character.isLetterOrDigit(each) && each != '_' && each != '-') {
                return false;
            }
        }
        return to > from;
    }

    private static int space(String line, int from) {
        int end = line.indexOf(' ', from);
        return end < 0 ? line.length() : end;
    }

    /**
     * A message in quotes may have quotes of its own: the last one before a field or the end
     * counts.
     */
    private static int closing(String line, int from) {
        int at = line.indexOf('"', from);
        while (at >= 0) {
            if (at + 1 == line.length()) {
                return at;
            }
            int equals = line.indexOf('=', at);
            if (line.charAt(at + 1) == ' ' && equals > 0 && isName(line, at + 2, equals)) {
                return at;
            }
            at = line.indexOf('"', at + 1);
        }
        return line.length();
    }

    /** With the job whose thread has this name, {@code job-17} or {@code trace-17}. */
    LogFields withJobOf(String thread) {
        int dash = thread.indexOf('-');
        boolean ofJob = thread.startsWith("job-") || thread.startsWith("trace-");
        if (!ofJob || fields.containsKey("job")) {
            return this;
        }
        String number = thread.substring(dash + 1);
        if (number.isEmpty() || !number.chars().allMatch(each -> each >= '0' && each <= '9')) {
            return this;
        }
        Map<String, String> more = new LinkedHashMap<>(fields);
        more.put("job", number);
        return new LogFields(message, more);
    }
}
