package io.armrunner.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes lines for a person out of a job's log: takes the stamps off, joins the pieces of long
 * lines, drops section markers, and says which lines are the runner's own (job-semantics §5.2,
 * §5.4).
 *
 * <p>One per job; calls come one at a time.
 */
final class LogText {
    private static final int HEADER = 32;

    /** A piece shorter than this is no part of a line that was cut for its length. */
    private static final int CUT = 8 * 1024 - HEADER - 8;

    private static final String SECTION_START = "section_start:";
    private static final String SECTION_END = "section_end:";
    private static final String CLEAR = "\u001b[0K";

    /** A failed start is explained by the runner's last lines. */
    private static final int KEPT = 40;

    /** Sections of the runner's own; those of the user's script nest in the ones not named here. */
    private static final Set<String> RUNNERS =
            Set.of(
                    "prepare_executor",
                    "prepare_script",
                    "get_sources",
                    "clear_worktree",
                    "restore_cache",
                    "download_artifacts",
                    "archive_cache",
                    "archive_cache_on_failure",
                    "upload_artifacts_on_success",
                    "upload_artifacts_on_failure",
                    "cleanup_file_variables");

    /** Whose title says nothing to the user. */
    private static final Set<String> TITLED = Set.of("step_script", "after_script", "release");

    /** A line of the log. */
    record Line(String text, boolean ofRunner) {}

    private final Consumer<Line> lines;
    private final ByteArrayOutputStream piece = new ByteArrayOutputStream();
    private final Map<Character, String> held = new HashMap<>();
    private final Deque<Line> last = new ArrayDeque<>();
    private String section = "";
    private boolean title;
    private boolean scriptSeen;

    LogText(Consumer<Line> lines) {
        this.lines = lines;
    }

    /** The log grew. */
    void add(byte[] bytes) {
        for (byte each : bytes) {
            if (each == '\n') {
                piece(piece.toString(StandardCharsets.UTF_8));
                piece.reset();
            } else {
                piece.write(each);
            }
        }
    }

    /** The log has ended. */
    void end() {
        if (piece.size() > 0) {
            piece(piece.toString(StandardCharsets.UTF_8));
            piece.reset();
        }
        held.values().forEach(this::line);
        held.clear();
    }

    /** Whether the user's script began. */
    boolean scriptSeen() {
        return scriptSeen;
    }

    /** The last lines of the runner's own. */
    Iterable<Line> lastOfRunner() {
        return last;
    }

    private void piece(String text) {
        if (!isStamped(text)) {
            line(text);
            return;
        }
        // Both streams write lines, and each joins its own.
        char stream = text.charAt(30);
        boolean continues = text.charAt(31) == '+';
        String body = text.substring(HEADER);
        String before = held.remove(stream);
        if (before != null && !continues) {
            line(before);
            before = null;
        }
        String whole = before == null ? body : before + body;
        boolean marker = whole.startsWith(SECTION_START) || whole.startsWith(SECTION_END);
        if (!marker && (body.length() >= CUT || body.indexOf('\r') >= 0)) {
            held.put(stream, whole);
        } else {
            line(whole);
        }
    }

    private static boolean isStamped(String text) {
        return text.length() >= HEADER
                && text.charAt(4) == '-'
                && text.charAt(10) == 'T'
                && text.charAt(26) == 'Z'
                && text.charAt(27) == ' '
                && (text.charAt(30) == 'O' || text.charAt(30) == 'E')
                && (text.charAt(31) == ' ' || text.charAt(31) == '+');
    }

    private void line(String whole) {
        String text = whole;
        boolean marked = false;
        while (text.startsWith(SECTION_START) || text.startsWith(SECTION_END)) {
            int end = text.indexOf('\r');
            marker(end < 0 ? text : text.substring(0, end));
            marked = true;
            text = end < 0 ? "" : text.substring(end + 1);
            text = text.startsWith(CLEAR) ? text.substring(CLEAR.length()) : text;
        }
        if (marked && text.isEmpty()) {
            return;
        }
        give(afterReturns(text).replace(CLEAR, ""));
    }

    private void marker(String marker) {
        boolean starts = marker.startsWith(SECTION_START);
        String[] words = marker.split(":", 3);
        String name = words.length < 3 ? "" : words[2];
        int options = name.indexOf('[');
        name = options < 0 ? name : name.substring(0, options);
        if (starts && (RUNNERS.contains(name) || isScript(name))) {
            section = name;
            title = true;
            scriptSeen |= isScript(name);
        } else if (!starts && name.equals(section)) {
            section = "";
        }
    }

    private static boolean isScript(String name) {
        return TITLED.contains(name) || name.startsWith("step_");
    }

    /** A terminal would show what stands after the last return; progress bars live from that. */
    private static String afterReturns(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == '\r') {
            end--;
        }
        int start = text.lastIndexOf('\r', end - 1);
        return text.substring(start + 1, end);
    }

    /** What a user wants to see of the runner's own: what went wrong, and where a build ran. */
    private static boolean isForUsers(String text) {
        return text.startsWith("ERROR: ")
                || text.startsWith("WARNING: ")
                || text.startsWith("CodeBuild ")
                || text.startsWith("  starting CodeBuild ");
    }

    private void give(String text) {
        boolean ofRunner = title || !isScript(section);
        title = false;
        String plain = Colours.strip(text);
        if (ofRunner && isForUsers(plain)) {
            ofRunner = false;
        }
        Line line = new Line(text, ofRunner);
        if (ofRunner) {
            last.addLast(line);
            if (last.size() > KEPT) {
                last.removeFirst();
            }
        }
        lines.accept(line);
    }
}
