package io.armrunner.trace;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The log of a job, running or ended, as anybody reads it from the disk: whole, masked and stamped,
 * beyond what GitLab takes of it. Rules and reads only; the job's process writes it through {@link
 * TraceLog}.
 */
public final class LogFile {
    /**
     * One file of a log.
     *
     * @param start the offset of its first byte in the log
     */
    record Part(Path path, long start) {}

    /** Some bytes of a log; none at its end. */
    public static final class Piece {
        private final long offset;
        private final byte[] bytes;

        private Piece(long offset, byte[] bytes) {
            this.offset = offset;
            this.bytes = bytes;
        }

        /** Of the first of them; later than the one that was asked for where bytes are not kept. */
        public long offset() {
            return offset;
        }

        /** The bytes, which now belong to the caller. */
        public byte[] bytes() {
            return bytes;
        }

        /** Where to go on. */
        public long end() {
            return offset + bytes.length;
        }
    }

    private LogFile() {}

    /** The files of a log in their order; the first one is there, the others may be. */
    static List<Part> parts(Path log) throws IOException {
        List<Part> parts = new ArrayList<>(1);
        parts.add(new Part(log, 0));
        Path directory = log.toAbsolutePath().getParent();
        if (directory == null) {
            return parts;
        }
        String prefix = log.getFileName() + ".";
        try (DirectoryStream<Path> all =
                Files.newDirectoryStream(directory, path -> start(path, prefix).isPresent())) {
            for (Path path : all) {
                parts.add(new Part(path, start(path, prefix).orElseThrow()));
            }
        }
        parts.sort(Comparator.comparingLong(Part::start));
        return parts;
    }

    private static Optional<Long> start(Path path, String prefix) {
        String name = String.valueOf(path.getFileName());
        if (!name.startsWith(prefix)) {
            return Optional.empty();
        }
        String digits = name.substring(prefix.length());
        boolean number =
                !digits.isEmpty()
                        && digits.length() < 19
                        && digits.chars().allMatch(each -> each >= '0' && each <= '9');
        return number ? Optional.of(Long.parseLong(digits)) : Optional.empty();
    }

    /** Whether a file is one of those that a log of this name may have. */
    public static boolean isPart(Path file, String log) {
        return String.valueOf(file.getFileName()).equals(log) || start(file, log + ".").isPresent();
    }

    /**
     * Reads from {@code offset} on, {@code most} bytes at most. Safe beside the process that writes
     * the log.
     */
    public static Piece read(Path log, long offset, int most) throws IOException {
        Piece piece = read(new Part(log, 0), offset, most);
        if (piece.bytes().length > 0) {
            return piece;
        }
        for (Part part : parts(log)) {
            if (part.start() > 0) {
                try {
                    piece = read(part, Math.max(offset, part.start()), most);
                } catch (NoSuchFileException _) {
                    // The writer has just put a later one in its place.
                    continue;
                }
                if (piece.bytes().length > 0) {
                    return piece;
                }
            }
        }
        return new Piece(offset, new byte[0]);
    }

    private static Piece read(Part part, long offset, int most) throws IOException {
        try (RandomAccessFile file = open(part.path())) {
            long here = offset - part.start();
            int count = (int) Math.min(most, Math.max(0, file.length() - here));
            byte[] bytes = new byte[count];
            file.seek(Math.max(0, here));
            file.readFully(bytes);
            return new Piece(offset, bytes);
        }
    }

    private static RandomAccessFile open(Path path) throws IOException {
        try {
            return new RandomAccessFile(path.toFile(), "r");
        } catch (FileNotFoundException e) {
            if (Files.exists(path)) {
                throw e;
            }
            throw new NoSuchFileException(path.toString());
        }
    }

    /** How many bytes the log has, those that are not kept included. */
    public static long length(Path log) throws IOException {
        Part last = parts(log).getLast();
        return last.start() + Files.size(last.path());
    }

    /**
     * Makes one file of the log of a job that has ended, with a line where bytes are not kept.
     *
     * @param target a new file on the same file system
     */
    public static void moveTo(Path log, Path target) throws IOException {
        List<Part> parts = parts(log);
        long end = Files.size(log);
        for (Part part : parts.subList(1, parts.size())) {
            try (OutputStream out = Files.newOutputStream(log, StandardOpenOption.APPEND)) {
                if (part.start() > end) {
                    out.write(gap(part.start() - end));
                }
                Files.copy(part.path(), out);
            }
            end = part.start() + Files.size(part.path());
            Files.delete(part.path());
        }
        Files.move(log, target);
    }

    /** What stands for bytes that are not kept. */
    public static byte[] gap(long bytes) {
        return ("\n" + Ansi.BOLD_YELLOW + bytes + " bytes are not kept here." + Ansi.RESET + "\n")
                .getBytes(StandardCharsets.US_ASCII);
    }
}
