package io.armrunner.trace;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of one whole log on the disk: a first file that takes as much as is kept of a log, and
 * for a log that is longer the last one or two pieces of {@value #PIECE} bytes, so that its end is
 * there as well. A later piece is the file {@code <first>.<offset of its first byte>}.
 *
 * <p>Guarded by the lock of its {@link TraceLog}. The files are {@link RandomAccessFile}s because a
 * channel would be closed under an interrupt, which here is how jobs are stopped.
 */
final class LogSegments implements AutoCloseable {
    /** More than the end of a log that GitLab gets, so that two pieces always hold that. */
    static final int PIECE = 1 << 20;

    private final Path path;
    private final long kept;
    private final List<Piece> pieces = new ArrayList<>(1);
    private long length;

    private record Piece(Path path, RandomAccessFile file, long start) {}

    private LogSegments(Path path, long kept) {
        this.path = path;
        this.kept = kept;
    }

    /** An empty log; the file must not exist and is readable by its owner alone. */
    static LogSegments create(Path path, long kept) throws IOException {
        LogSegments log = new LogSegments(path, kept);
        log.addPiece(path);
        return log;
    }

    /** The log of an earlier process, cut to {@code length} bytes. */
    static LogSegments reopen(Path path, long kept, long length) throws IOException {
        LogSegments log = new LogSegments(path, kept);
        try {
            log.restore(length);
        } catch (IOException | RuntimeException failure) {
            log.close();
            throw failure;
        }
        return log;
    }

    private void restore(long wanted) throws IOException {
        pieces.add(new Piece(path, new RandomAccessFile(path.toFile(), "rw"), 0));
        for (LogFile.Part part : LogFile.parts(path)) {
            if (part.start() >= wanted && part.start() > 0) {
                Files.delete(part.path());
            } else if (part.start() > 0) {
                pieces.add(
                        new Piece(
                                part.path(),
                                new RandomAccessFile(part.path().toFile(), "rw"),
                                part.start()));
            }
        }
        Piece last = pieces.getLast();
        long there = last.start() + last.file().length();
        if (there < wanted) {
            throw new IOException(
                    "Could not reopen job log %s at %d bytes: the file has %d. The end of it was lost."
                            .formatted(path, wanted, there));
        }
        if (there > wanted) {
            last.file().setLength(wanted - last.start());
        }
        length = wanted;
    }

    private void addPiece(Path file) throws IOException {
        Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        pieces.add(new Piece(file, new RandomAccessFile(file.toFile(), "rw"), length));
    }

    /** How many bytes were appended. */
    long length() {
        return length;
    }

    /** Appends all of these, or none if this fails. */
    void append(byte[] bytes, int offset, int count) throws IOException {
        Piece last = pieces.getLast();
        if (length - last.start() >= (last.start() == 0 ? kept : PIECE)) {
            addPiece(Path.of(path + "." + length));
            last = pieces.getLast();
            if (pieces.size() > 3) {
                Piece old = pieces.remove(1);
                old.file().close();
                Files.delete(old.path());
            }
        }
        last.file().seek(length - last.start());
        last.file().write(bytes, offset, count);
        length += count;
    }

    /** The first byte that is kept of the end: everything from there on can be read. */
    long startOfEnd() {
        return pieces.size() > 1 ? pieces.get(1).start() : 0;
    }

    /** Reads exactly these bytes; those between the first file and the end are not kept. */
    void read(long from, byte[] buffer, int offset, int count) throws IOException {
        int done = 0;
        for (int i = 0; i < pieces.size() && done < count; i++) {
            Piece piece = pieces.get(i);
            long end = i + 1 < pieces.size() ? pieces.get(i + 1).start() : length;
            long here = from + done - piece.start();
            long there = Math.min(end - piece.start(), piece.file().length());
            if (here >= 0 && here < there) {
                int part = (int) Math.min(there - here, count - done);
                piece.file().seek(here);
                piece.file().readFully(buffer, offset + done, part);
                done += part;
            }
        }
        if (done < count) {
            throw new IOException(
                    "Could not read job log %s at %d: these bytes are not kept."
                            .formatted(path, from + done));
        }
    }

    @Override
    public void close() throws IOException {
        for (Piece piece : pieces) {
            piece.file().close();
        }
    }

    /** Closes the files and deletes them. */
    void delete() throws IOException {
        close();
        for (Piece piece : pieces) {
            Files.deleteIfExists(piece.path());
        }
    }
}
