package io.armrunner.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Writes one zip archive to a stream while it is made, on all cores (job-semantics §6.4).
 *
 * <p>The calling thread writes, and reads the pieces of large files; {@link PackingThreads} read
 * and compress {@link FileBatch small files} and compress pieces, a few ahead of the writer. The
 * same files make the same bytes. A file that changes, shrinks or vanishes meanwhile gets a
 * warning; the archive stays whole, because sizes and checksum of each entry are of the bytes that
 * went in.
 */
public final class ZipPacker {
    // A piece takes milliseconds; only a disk that hangs takes this long.
    private static final long PIECE_LIMIT_MINUTES = 10;
    private static final byte[] LAST_BLOCK = {3, 0};
    private static final int COPY = 64 * 1024;

    private final PackingThreads threads;
    private final CompressionLevel level;

    public ZipPacker(PackingThreads threads, CompressionLevel level) {
        this.threads = threads;
        this.level = level;
    }

    /**
     * Writes the archive; {@code out} stays open.
     *
     * @param entries relative to {@code root}, in the order of the archive; parents are not added
     * @throws LocalFileException when a file cannot be read
     * @throws IOException when {@code out} takes no more
     */
    public void pack(Path root, List<Path> entries, OutputStream out, ArchiveListener listener)
            throws IOException {
        try (Packing packing = new Packing(root, out, listener)) {
            for (Path entry : entries) {
                packing.add(entry);
            }
            packing.end();
        }
    }

    /** Small entries that are being packed. */
    private record Batch(FileBatch files, Future<FileBatch> result) {}

    private final class Packing implements AutoCloseable {
        private final Path root;
        private final OutputStream out;
        private final ArchiveListener listener;
        private final ZipHeaders headers = new ZipHeaders();
        private final Deque<Batch> waiting = new ArrayDeque<>();
        private final Deque<PackingSlot> free = new ArrayDeque<>();
        private final List<PackingSlot> slots = new ArrayList<>();
        private @Nullable FileBatch filling;
        private final int most = threads.parallelism() * 2 + 1;
        private long offset;

        Packing(Path root, OutputStream out, ArchiveListener listener) {
            this.root = root;
            this.out = out;
            this.listener = listener;
        }

        void add(Path relative) throws IOException {
            Path path = root.resolve(relative);
            String name = PathNames.text(relative);
            FileStatus status;
            try {
                status = FileStatus.of(path);
            } catch (NoSuchFileException e) {
                listener.warning(name + ": vanished before it was packed");
                return;
            } catch (IOException e) {
                throw unreadable(name, e);
            }
            if (status.isRegular() && status.size() > PackingSlot.PIECE) {
                flush();
                large(path, name, status);
            } else if (status.isDirectory()) {
                small(path, name + "/", status);
            } else if (status.isLink() || status.isRegular()) {
                small(path, name, status);
            }
        }

        private void small(Path path, String name, FileStatus status) throws IOException {
            FileBatch batch = filling;
            if (batch != null && !batch.hasRoom(status)) {
                submit(batch);
                batch = null;
            }
            if (batch == null) {
                batch = new FileBatch(slot());
                filling = batch;
            }
            batch.add(path, name, status);
        }

        private void submit(FileBatch batch) {
            waiting.add(new Batch(batch, threads.submit(batch::pack)));
            filling = null;
        }

        void end() throws IOException {
            flush();
            write(headers.end(offset));
        }

        /** A free slot; if there is none, the oldest batch is written first. */
        private PackingSlot slot() throws IOException {
            while (free.isEmpty() && slots.size() == most) {
                writeOldest();
            }
            PackingSlot slot = free.poll();
            if (slot == null) {
                slot = new PackingSlot(level, threads.library());
                slots.add(slot);
            }
            return slot;
        }

        private void flush() throws IOException {
            if (filling != null) {
                submit(filling);
            }
            while (!waiting.isEmpty()) {
                writeOldest();
            }
        }

        private void writeOldest() throws IOException {
            Batch batch = waiting.element();
            await(batch.files().name(), batch.result());
            waiting.remove();
            offset += batch.files().writeTo(out, offset, headers, listener);
            free.push(batch.files().slot());
        }

        private void changed(String name) {
            listener.warning(name + ": file changed as it was packed");
        }

        private void large(Path path, String name, FileStatus status) throws IOException {
            try (FileChannel channel = SourceFile.open(path)) {
                boolean deflated = level.deflate() > 0 && isCompressible(channel, status.size());
                var entry =
                        new ZipHeaders.Entry(
                                name,
                                status,
                                deflated ? ZipHeaders.DEFLATED : ZipHeaders.STORED,
                                offset,
                                true);
                write(headers.local(entry, 0, 0, 0));
                CRC32 crc = new CRC32();
                long start = offset;
                long size = deflated ? deflate(channel, entry, crc) : copy(channel, entry, crc);
                long packed = offset - start;
                write(headers.descriptor(entry, crc.getValue(), packed, size));
                headers.finished(entry, crc.getValue(), packed, size);
                if (size != status.size() || !status.isStillThatOf(path)) {
                    changed(name);
                }
            } catch (NoSuchFileException e) {
                listener.warning(name + ": vanished before or while it was packed");
            }
        }

        // Beginning, middle and end: a large file may hold both kinds.
        private boolean isCompressible(FileChannel channel, long size) throws IOException {
            byte[] sample = new byte[4 * PackingSlot.DICTIONARY];
            for (long from : new long[] {0, size / 2, Math.max(0, size - sample.length)}) {
                int length = SourceFile.fill(channel, sample, 0, sample.length, from);
                if (Compressible.test(sample, 0, length)) {
                    return true;
                }
            }
            return false;
        }

        private long copy(FileChannel channel, ZipHeaders.Entry entry, CRC32 crc)
                throws IOException {
            byte[] piece = new byte[COPY];
            long from = 0;
            while (from < entry.status().size()) {
                int most = (int) Math.min(piece.length, entry.status().size() - from);
                int length = SourceFile.fill(channel, piece, 0, most, from);
                if (length == 0) {
                    break;
                }
                if (from == 0) {
                    listener.file(entry.name(), piece, Math.min(length, ArchiveListener.HEAD));
                }
                crc.update(piece, 0, length);
                out.write(piece, 0, length);
                offset += length;
                from += length;
            }
            return from;
        }

        private record Piece(PackingSlot slot, Future<?> result) {}

        private long deflate(FileChannel channel, ZipHeaders.Entry entry, CRC32 crc)
                throws IOException {
            Deque<Piece> pieces = new ArrayDeque<>();
            byte[] before = new byte[0];
            long from = 0;
            try {
                while (from < entry.status().size()) {
                    PackingSlot slot = pieceSlot(entry.name(), pieces);
                    int most = (int) Math.min(PackingSlot.PIECE, entry.status().size() - from);
                    byte[] in = slot.input();
                    int length = SourceFile.fill(channel, in, 0, most, from);
                    if (length == 0) {
                        free.push(slot);
                        break;
                    }
                    if (from == 0) {
                        listener.file(entry.name(), in, Math.min(length, ArchiveListener.HEAD));
                    }
                    crc.update(in, 0, length);
                    slot.length(length);
                    slot.dictionary(before);
                    // A copy: the next piece must look back at exactly the bytes that were packed,
                    // whatever happens to the file.
                    before =
                            Arrays.copyOfRange(
                                    in, Math.max(0, length - PackingSlot.DICTIONARY), length);
                    pieces.add(
                            new Piece(
                                    slot,
                                    threads.submit(() -> {
                                        slot.compressPiece();
                                        return true;
                                    })));
                    from += length;
                }
                while (!pieces.isEmpty()) {
                    writePiece(entry.name(), pieces);
                }
            } finally {
                pieces.forEach(piece -> settle(piece.result()));
            }
            out.write(LAST_BLOCK);
            offset += LAST_BLOCK.length;
            return from;
        }

        private PackingSlot pieceSlot(String name, Deque<Piece> pieces) throws IOException {
            while (free.isEmpty() && slots.size() == most) {
                writePiece(name, pieces);
            }
            return slot();
        }

        private void writePiece(String name, Deque<Piece> pieces) throws IOException {
            Piece piece = pieces.element();
            await(name, piece.result());
            pieces.remove();
            offset += piece.slot().writePieceTo(out);
            free.push(piece.slot());
        }

        private void write(LittleEndian bytes) throws IOException {
            out.write(bytes.array(), 0, bytes.size());
            offset += bytes.size();
        }

        @Override
        public void close() {
            waiting.forEach(small -> settle(small.result()));
            slots.forEach(PackingSlot::close);
        }
    }

    private static <T> T await(String name, Future<T> result) throws IOException {
        try {
            return result.get(PIECE_LIMIT_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof LocalFileException named) {
                throw named;
            }
            throw unreadable(name, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            throw new LocalFileException(
                    "%s could not be read within %d minutes".formatted(name, PIECE_LIMIT_MINUTES),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while packing " + name, e);
        }
    }

    private static LocalFileException unreadable(String name, Throwable cause) {
        return new LocalFileException(
                "%s could not be packed: %s".formatted(name, cause.getMessage()), cause);
    }

    /** A task that runs ends by itself, soon: ending its compressor waits for that. */
    private static void settle(Future<?> result) {
        result.cancel(false);
    }
}
