package io.armrunner.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.file.Path;

/**
 * Names of files as text and back, whatever the locale of the process is: under {@code LC_ALL=C}
 * Java cannot spell a name that is not ASCII. Pure functions.
 */
public final class PathNames {
    private static final char REPLACEMENT = '\uFFFD';

    private PathNames() {}

    /** The path's text; its bytes are read as UTF-8. */
    public static String text(Path path) {
        String text = path.toString();
        return text.indexOf(REPLACEMENT) < 0
                ? text
                : new String(bytes(path, text.startsWith("/")), UTF_8);
    }

    /** The path of a text under a directory. */
    public static Path resolve(Path directory, String text) {
        if (text.chars().allMatch(c -> c < 0x80)) {
            return directory.resolve(text);
        }
        // The address form takes any bytes; a name that Java could spell is the same that way.
        String root = directory.toAbsolutePath().toUri().getRawPath();
        StringBuilder raw = new StringBuilder(root.endsWith("/") ? root : root + "/");
        for (byte b : text.getBytes(UTF_8)) {
            char c = (char) (b & 0xff);
            if (c == '/' || (c < 0x80 && Character.isLetterOrDigit(c))) {
                raw.append(c);
            } else {
                raw.append('%')
                        .append(Character.forDigit(c >> 4, 16))
                        .append(Character.forDigit(c & 15, 16));
            }
        }
        return Path.of(URI.create("file://" + raw));
    }

    private static byte[] bytes(Path path, boolean absolute) {
        Path root = Path.of("/");
        String raw = root.resolve(path).toUri().getRawPath();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(raw.length());
        for (int i = absolute ? 0 : 1; i < raw.length(); i++) {
            if (raw.charAt(i) == '%') {
                bytes.write(Integer.parseInt(raw, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.write(raw.charAt(i));
            }
        }
        return bytes.toByteArray();
    }
}
