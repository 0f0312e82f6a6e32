package io.armrunner.coordinator;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads a multipart body part by part without ever holding a part: {@link #next} gives a part's
 * head, {@link #copyTo} moves its bytes on. Used by one thread.
 */
final class Multipart {
    private static final int HEAD_LIMIT = 16 * 1024;

    private final InputStream in;

    /**
     * What stands before each part but the first: the line's end belongs to it, not to the part.
     */
    private final byte[] delimiter;

    private final byte[] buffer = new byte[32 * 1024];
    private int start;
    private int end;
    private boolean inPart;

    Multipart(InputStream in, String boundary) {
        this.in = in;
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
        // The body starts with a delimiter that lacks the line's end; with it, all are alike.
        buffer[0] = '\r';
        buffer[1] = '\n';
        end = 2;
        inPart = true;
    }

    /** The {@code boundary} of a content type. */
    static Optional<String> boundary(String contentType) {
        if (!contentType.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
            return Optional.empty();
        }
        return parameter(contentType, "boundary").filter(found -> !found.isEmpty());
    }

    /** A part's field name, and its file name when it is a file. */
    record Head(String name, Optional<String> filename) {}

    /**
     * The next part, after skipping what is left of the one before; empty at the end of the body.
     */
    Optional<Head> next() throws IOException {
        if (inPart) {
            copyTo(OutputStream.nullOutputStream());
        }
        String tail = line();
        if (tail.startsWith("--")) {
            return Optional.empty();
        }
        String name = "";
        Optional<String> filename = Optional.empty();
        int length = 0;
        for (String line = line(); !line.isEmpty(); line = line()) {
            length += line.length();
            if (length > HEAD_LIMIT) {
                throw new MalformedException("a part's head is too long");
            }
            if (line.toLowerCase(Locale.ROOT).startsWith("content-disposition:")) {
                name = parameter(line, "name").orElse("");
                filename = parameter(line, "filename");
            }
        }
        inPart = true;
        return Optional.of(new Head(name, filename));
    }

    /** Moves the part's bytes to {@code out}. */
    void copyTo(OutputStream out) throws IOException {
        while (true) {
            int found = find();
            if (found >= 0) {
                out.write(buffer, start, found - start);
                start = found + delimiter.length;
                inPart = false;
                return;
            }
            // All but a tail that may be the delimiter's beginning is the part's.
            int safe = end - (delimiter.length - 1);
            if (safe > start) {
                out.write(buffer, start, safe - start);
                start = safe;
            }
            fill();
        }
    }

    /** The body does not have the form it claims. */
    static final class MalformedException extends IOException {
        private static final long serialVersionUID = 1L;

        private final String why;

        MalformedException(String why) {
            super(why);
            this.why = why;
        }

        String why() {
            return why;
        }
    }

    private int find() {
        for (int at = start; at + delimiter.length <= end; at++) {
            int matched = 0;
            while (matched < delimiter.length && buffer[at + matched] == delimiter[matched]) {
                matched++;
            }
            if (matched == delimiter.length) {
                return at;
            }
        }
        return -1;
    }

    private void fill() throws IOException {
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, end - start);
            end -= start;
            start = 0;
        }
        int read = in.read(buffer, end, buffer.length - end);
        if (read < 0) {
            throw new MalformedException("the body ends before its last boundary");
        }
        end += read;
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        while (true) {
            while (start < end) {
                char c = (char) (buffer[start++] & 0xff);
                if (c == '\n') {
                    return line.toString();
                }
                if (c != '\r') {
                    line.append(c);
                }
                if (line.length() > HEAD_LIMIT) {
                    throw new MalformedException("a line of a part's head is too long");
                }
                // The last boundary need not be followed by a line's end.
                if (line.length() == 2 && line.charAt(0) == '-' && line.charAt(1) == '-') {
                    return line.toString();
                }
            }
            fill();
        }
    }

    private static Optional<String> parameter(String header, String name) {
        String lower = header.toLowerCase(Locale.ROOT);
        for (int at = lower.indexOf(name + "="); at >= 0; at = lower.indexOf(name + "=", at + 1)) {
            char before = at == 0 ? ' ' : lower.charAt(at - 1);
            if (before != ' ' && before != ';') {
                continue;
            }
            String value = header.substring(at + name.length() + 1);
            int close = value.startsWith("\"") ? value.indexOf('"', 1) : value.indexOf(';');
            String found =
                    value.startsWith("\"")
                            ? value.substring(1, close < 0 ? value.length() : close)
                            : value.substring(0, close < 0 ? value.length() : close).strip();
            // Header text is read byte by byte; names are sent in UTF-8.
            return Optional.of(
                    new String(
                            found.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8));
        }
        return Optional.empty();
    }
}
