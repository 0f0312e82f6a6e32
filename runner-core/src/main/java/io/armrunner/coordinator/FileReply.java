package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Answers with an artifact's bytes, or with the one range of them that was asked for. */
final class FileReply {
    private static final int PIECE = 16 * 1024;

    private FileReply() {}

    /** One range of bytes, both ends inclusive. */
    record Range(long first, long last) {
        long length() {
            return last - first + 1;
        }

        /**
         * Reads {@code bytes=a-b}, {@code bytes=a-} or {@code bytes=-n}; empty when it fits nothing
         * of {@code size}.
         */
        static Optional<Range> parse(String header, long size) {
            if (!header.startsWith("bytes=") || header.indexOf(',') >= 0) {
                return Optional.empty();
            }
            String text = header.substring("bytes=".length());
            int dash = text.indexOf('-');
            if (dash < 0) {
                return Optional.empty();
            }
            try {
                if (dash == 0) {
                    long suffix = Long.parseLong(text.substring(1));
                    return suffix <= 0 || size == 0
                            ? Optional.empty()
                            : Optional.of(new Range(Math.max(0, size - suffix), size - 1));
                }
                long first = Long.parseLong(text.substring(0, dash));
                long last =
                        dash == text.length() - 1
                                ? size - 1
                                : Long.parseLong(text.substring(dash + 1));
                if (first < 0 || first >= size || last < first) {
                    return Optional.empty();
                }
                return Optional.of(new Range(first, Math.min(last, size - 1)));
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
    }

    static int send(Exchange exchange, StoredArtifact artifact, Map<String, String> additional)
            throws IOException {
        Map<String, String> headers = new HashMap<>(additional);
        headers.put("Content-Type", "application/octet-stream");
        headers.put(
                "Content-Disposition",
                "attachment; filename=\"" + artifact.filename().replace("\"", "_") + "\"");
        headers.put("Accept-Ranges", "bytes");
        Range range = new Range(0, artifact.size() - 1);
        int status = 200;
        Optional<String> asked = exchange.header("range");
        if (asked.isPresent()) {
            Optional<Range> parsed = Range.parse(asked.get(), artifact.size());
            if (parsed.isEmpty()) {
                Reply.refused(416, "the artifact has " + artifact.size() + " bytes")
                        .with("Content-Range", "bytes */" + artifact.size())
                        .send(exchange, additional);
                return 416;
            }
            range = parsed.get();
            status = 206;
            headers.put(
                    "Content-Range",
                    "bytes %d-%d/%d".formatted(range.first(), range.last(), artifact.size()));
        }
        try (FileChannel file = FileChannel.open(artifact.file(), StandardOpenOption.READ);
                OutputStream out = exchange.replyStream(status, headers)) {
            file.position(range.first());
            copy(Channels.newInputStream(file), out, range.length());
        }
        return status;
    }

    private static void copy(InputStream in, OutputStream out, long length) throws IOException {
        byte[] piece = new byte[PIECE];
        long left = length;
        while (left > 0) {
            int read = in.read(piece, 0, (int) Math.min(piece.length, left));
            if (read < 0) {
                throw new IOException("the artifact's file became shorter while it was sent");
            }
            out.write(piece, 0, read);
            left -= read;
        }
    }
}
