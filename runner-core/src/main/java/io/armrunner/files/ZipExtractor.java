package io.armrunner.files;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the contents of a zip file over a directory, on all cores (job-semantics §6.7).
 *
 * <p>First all names and sizes are looked at, so that an archive that must not be extracted leaves
 * no trace; then come the regular files, then links and the attributes of directories: a link from
 * the archive cannot send a file elsewhere. Memory does not depend on the sizes of the files.
 */
public final class ZipExtractor {
    private static final Logger LOG = LoggerFactory.getLogger(ZipExtractor.class);

    private static final int BUFFER = 64 * 1024;
    // Files up to this size are read, unpacked and written in one piece each.
    private static final int WHOLE = 256 * 1024;
    // The longest target that Linux takes.
    private static final int MAX_LINK = 4096;
    private static final Set<OpenOption> NEW =
            Set.of(
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
    // One file of many GB on a slow disk.
    private static final long FILE_LIMIT_HOURS = 1;
    // A step is one piece of a file; only a disk that hangs takes this long.
    private static final Duration SETTLING = Duration.ofMinutes(1);

    // Handing the work to another thread and back costs as much as a file of some kilobytes.
    private static final int BATCH_ENTRIES = 16;
    private static final long BATCH_BYTES = 1024 * 1024;

    private record Later(ZipDirectory.Entry entry, String clean) {}

    private record One(ZipDirectory.Entry entry, String clean, Path path) {}

    private record Running(String first, Unpacker unpacker, Future<?> result) {}

    private final PackingThreads threads;

    public ZipExtractor(PackingThreads threads) {
        this.threads = threads;
    }

    /**
     * Extracts everything.
     *
     * @throws ArchiveException when the archive is broken, or an entry would lie outside
     * @throws IOException when a file cannot be written
     */
    public void extract(Path archive, Path directory) throws IOException {
        Files.createDirectories(directory);
        try (FileChannel file = FileChannel.open(archive, StandardOpenOption.READ)) {
            Target target = new Target(directory);
            ZipDirectory entries = ZipDirectory.open(file);
            check(entries, file.size(), target);
            entries.rewind();
            List<Later> later = files(file, entries, target);
            for (Later link : later) {
                if (link.entry().isLink()) {
                    link(file, link, target);
                }
            }
            // The deepest first: writing into a directory changes its time.
            for (Later made : later.reversed()) {
                if (made.entry().isDirectory()) {
                    Target.attributes(PathNames.resolve(directory, made.clean()), made.entry());
                }
            }
        }
    }

    private static void check(ZipDirectory entries, long archiveSize, Target target)
            throws IOException {
        long packed = 0;
        long size = 0;
        for (ZipDirectory.Entry entry = entries.next(); entry != null; entry = entries.next()) {
            target.clean(entry.name());
            packed += entry.packed();
            size += entry.size();
            if (packed > archiveSize || size < 0) {
                throw new ArchiveException(
                        "the entries of the archive overlap, as no honest one's do");
            }
            if (entry.method() != ZipHeaders.STORED
                    && entry.method() != ZipHeaders.DEFLATED
                    && entry.method() != ZipHeaders.ZSTD) {
                throw new ArchiveException(
                        "%s is compressed by method %d: only stored, deflated and zstd files can be extracted"
                                .formatted(entry.name(), entry.method()));
            }
        }
        long room = Files.getFileStore(target.root()).getUsableSpace();
        if (size > room) {
            throw new ArchiveException(
                    "the archive holds %d bytes, and the disk has room for %d"
                            .formatted(size, room));
        }
    }

    /** Writes the regular files; returns the rest, in the archive's order. */
    private List<Later> files(FileChannel file, ZipDirectory entries, Target target)
            throws IOException {
        List<Later> later = new ArrayList<>();
        try (Batches batches = new Batches(file)) {
            for (ZipDirectory.Entry entry = entries.next(); entry != null; entry = entries.next()) {
                String clean = target.clean(entry.name());
                if (clean.isEmpty()) {
                    continue;
                }
                if (entry.isDirectory()) {
                    target.directory(clean);
                    later.add(new Later(entry, clean));
                } else if (entry.isLink()) {
                    later.add(new Later(entry, clean));
                } else if (entry.isRegular()) {
                    batches.add(new One(entry, clean, target.inside(clean)));
                }
            }
            batches.finish();
        }
        return later;
    }

    /** Regular files on their way to the threads, some at a time. Belongs to one thread. */
    private final class Batches implements AutoCloseable {
        private final FileChannel file;
        private final Deque<Running> running = new ArrayDeque<>();
        private final Deque<Unpacker> free = new ArrayDeque<>();
        private List<One> filling = new ArrayList<>();
        private long bytes;

        Batches(FileChannel file) {
            this.file = file;
        }

        void add(One one) throws IOException {
            filling.add(one);
            bytes += one.entry().size();
            if (filling.size() >= BATCH_ENTRIES || bytes >= BATCH_BYTES) {
                submit();
            }
        }

        private void submit() throws IOException {
            while (running.size() > threads.parallelism() * 2) {
                free.add(ZipExtractor.finish(running));
            }
            Unpacker unpacker = free.isEmpty() ? new Unpacker(threads.library()) : free.remove();
            List<One> batch = filling;
            filling = new ArrayList<>();
            bytes = 0;
            running.add(
                    new Running(
                            batch.getFirst().clean(),
                            unpacker,
                            threads.submit(() -> {
                                write(file, batch, unpacker);
                                return true;
                            })));
        }

        void finish() throws IOException {
            if (!filling.isEmpty()) {
                submit();
            }
            while (!running.isEmpty()) {
                free.add(ZipExtractor.finish(running));
            }
        }

        @Override
        public void close() {
            // There are some only after a failure. They must not write any more when that is told.
            running.forEach(one -> one.unpacker().giveUp());
            running.stream()
                    .filter(one -> !threads.withdraw(one.result()))
                    .forEach(ZipExtractor::settle);
            running.forEach(one -> one.unpacker().close());
            free.forEach(Unpacker::close);
        }
    }

    private static Unpacker finish(Deque<Running> running) throws IOException {
        Running oldest = running.element();
        try {
            oldest.result().get(FILE_LIMIT_HOURS, TimeUnit.HOURS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException named) {
                throw named;
            }
            throw new IOException(
                    "%s or a file behind it could not be extracted: %s"
                            .formatted(oldest.first(), String.valueOf(e.getCause())),
                    e);
        } catch (TimeoutException e) {
            throw new IOException(
                    "%s and some files behind it were not extracted within %d h"
                            .formatted(oldest.first(), FILE_LIMIT_HOURS),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            java.io.InterruptedIOException interrupted =
                    new java.io.InterruptedIOException("interrupted while extracting");
            interrupted.initCause(e);
            throw interrupted;
        }
        return running.remove().unpacker();
    }

    /** Waits for the end of what was given up, which comes with its next step. */
    private static void settle(Running one) {
        boolean interrupted = false;
        long end = System.nanoTime() + SETTLING.toNanos();
        while (!one.result().isDone() && System.nanoTime() < end) {
            try {
                one.result().get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("extraction.given-up first={} cause={}", one.first(), e.toString());
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void write(FileChannel file, List<One> batch, Unpacker unpacker)
            throws IOException {
        for (One one : batch) {
            unpacker.checkGivenUp();
            try {
                write(file, one, unpacker);
            } catch (ArchiveException e) {
                throw e;
            } catch (IOException e) {
                throw new IOException("%s could not be extracted: %s".formatted(one.clean(), e), e);
            }
        }
    }

    private static void write(FileChannel file, One one, Unpacker unpacker) throws IOException {
        try (FileChannel out = create(one)) {
            unpacker.unpack(file, one.entry(), out);
        }
        Target.attributes(one.path(), one.entry());
    }

    private static FileChannel create(One one) throws IOException {
        try {
            return FileChannel.open(one.path(), NEW);
        } catch (FileAlreadyExistsException e) {
            Target.clear(one.path(), one.clean());
            return FileChannel.open(one.path(), NEW);
        }
    }

    private void link(FileChannel file, Later link, Target target) throws IOException {
        if (link.entry().size() > MAX_LINK) {
            throw new ArchiveException(
                    "%s is a link with a target of %d bytes"
                            .formatted(link.clean(), link.entry().size()));
        }
        byte[] content = new byte[(int) link.entry().size()];
        ByteBuffer into = ByteBuffer.wrap(content);
        try (Unpacker unpacker = new Unpacker(threads.library());
                WritableByteChannel memory = new Memory(into)) {
            unpacker.unpack(file, link.entry(), memory);
        }
        Path path = target.place(link.clean());
        String text = new String(content, StandardCharsets.UTF_8);
        if (text.isEmpty() || text.indexOf('\0') >= 0) {
            throw new ArchiveException(link.clean() + " is a link to nothing");
        }
        Files.createSymbolicLink(path, Path.of(text));
    }

    /** A few bytes of memory as a channel. */
    private record Memory(ByteBuffer into) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) {
            int length = bytes.remaining();
            into.put(bytes);
            return length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    /**
     * Unpacks one entry at a time; belongs to one thread at a time. Only {@link #giveUp} and {@link
     * #close} may be called meanwhile, and are seen by the next step of the one that runs.
     */
    private static final class Unpacker implements AutoCloseable {
        private final Optional<Libdeflate> library;
        private Libdeflate.@Nullable Decompressor decompressor;
        private @Nullable Inflater inflater;
        private boolean closed;
        private volatile boolean givenUp;
        private byte[] in = new byte[BUFFER];
        private byte[] out = new byte[BUFFER];

        Unpacker(Optional<Libdeflate> library) {
            this.library = library;
        }

        /** Lets the one that unpacks fail at its next step. */
        void giveUp() {
            givenUp = true;
        }

        void checkGivenUp() throws IOException {
            if (givenUp) {
                throw new IOException("extracting was given up");
            }
        }

        void unpack(FileChannel file, ZipDirectory.Entry entry, WritableByteChannel target)
                throws IOException {
            long from = ZipDirectory.contents(file, entry);
            if (entry.size() <= WHOLE && entry.packed() <= WHOLE) {
                in = room(in, entry.packed());
                out = room(out, entry.size());
            }
            CRC32 crc = new CRC32();
            long size =
                    switch (entry.method()) {
                        case ZipHeaders.STORED -> stored(file, from, entry, target, crc);
                        case ZipHeaders.ZSTD -> decompressed(file, from, entry, target, crc);
                        default ->
                                library.isPresent()
                                                && entry.packed() <= in.length
                                                && entry.size() <= out.length
                                        ? whole(library.get(), file, from, entry, target, crc)
                                        : inflated(file, from, entry, target, crc);
                    };
            if (size != entry.size() || crc.getValue() != entry.crc()) {
                throw damaged(entry);
            }
        }

        private static byte[] room(byte[] there, long size) {
            return size <= there.length ? there : new byte[WHOLE];
        }

        private static ArchiveException damaged(ZipDirectory.Entry entry) {
            return new ArchiveException(entry.name() + " is damaged in the archive");
        }

        private long whole(
                Libdeflate inflates,
                FileChannel file,
                long from,
                ZipDirectory.Entry entry,
                WritableByteChannel target,
                CRC32 crc)
                throws IOException {
            int packed = (int) entry.packed();
            int size = (int) entry.size();
            for (int done = 0; done < packed; ) {
                done += read(file, from + done, done, packed - done);
            }
            if (!inflate(inflates, packed, size)) {
                throw damaged(entry);
            }
            crc.update(out, 0, size);
            put(target, out, size);
            return size;
        }

        // Held while native memory is in use: closing must not free it then.
        private synchronized boolean inflate(Libdeflate inflates, int packed, int size)
                throws IOException {
            if (closed) {
                throw new IOException("extracting was given up");
            }
            Libdeflate.Decompressor there = decompressor;
            if (there == null) {
                there = inflates.decompressor();
                decompressor = there;
            }
            return there.decompress(in, packed, out, size);
        }

        private Inflater inflater() {
            Inflater there = inflater;
            if (there == null) {
                there = new Inflater(true);
                inflater = there;
            } else {
                there.reset();
            }
            return there;
        }

        private long stored(
                FileChannel file,
                long from,
                ZipDirectory.Entry entry,
                WritableByteChannel target,
                CRC32 crc)
                throws IOException {
            long done = 0;
            while (done < entry.packed()) {
                int length = read(file, from + done, 0, entry.packed() - done);
                crc.update(in, 0, length);
                put(target, in, length);
                done += length;
            }
            return done;
        }

        private long inflated(
                FileChannel file,
                long from,
                ZipDirectory.Entry entry,
                WritableByteChannel target,
                CRC32 crc)
                throws IOException {
            Inflater stream = inflater();
            long done = 0;
            long size = 0;
            try {
                while (!stream.finished()) {
                    int length = stream.inflate(out);
                    if (length > 0) {
                        size += length;
                        if (size > entry.size()) {
                            throw new ArchiveException(
                                    entry.name() + " is larger than the archive says");
                        }
                        crc.update(out, 0, length);
                        put(target, out, length);
                    } else if (stream.needsDictionary()
                            || (stream.needsInput() && done == entry.packed())) {
                        throw damaged(entry);
                    } else if (stream.needsInput()) {
                        int got = read(file, from + done, 0, entry.packed() - done);
                        stream.setInput(in, 0, got);
                        done += got;
                    }
                }
            } catch (DataFormatException e) {
                throw new ArchiveException(entry.name() + " is damaged in the archive", e);
            }
            return size;
        }

        private long decompressed(
                FileChannel file,
                long from,
                ZipDirectory.Entry entry,
                WritableByteChannel target,
                CRC32 crc)
                throws IOException {
            long size = 0;
            try (InputStream contents =
                    new ZstdInputStreamNoFinalizer(new ChannelPart(file, from, entry.packed()))) {
                for (int n = contents.read(out); n >= 0; n = contents.read(out)) {
                    size += n;
                    if (size > entry.size()) {
                        throw new ArchiveException(
                                entry.name() + " is larger than the archive says");
                    }
                    crc.update(out, 0, n);
                    put(target, out, n);
                }
            } catch (ZstdIOException e) {
                throw new ArchiveException(entry.name() + " is damaged in the archive", e);
            }
            return size;
        }

        /** Reads into the buffer from {@code at} on; one byte at least. */
        private int read(FileChannel file, long from, int at, long most) throws IOException {
            int room = (int) Math.min(in.length - at, most);
            int n = file.read(ByteBuffer.wrap(in, at, room), from);
            if (n <= 0) {
                throw new ArchiveException("the archive ends too early");
            }
            return n;
        }

        private void put(WritableByteChannel target, byte[] bytes, int length) throws IOException {
            checkGivenUp();
            ByteBuffer buffer = ByteBuffer.wrap(bytes, 0, length);
            while (buffer.hasRemaining()) {
                target.write(buffer);
            }
        }

        @Override
        public synchronized void close() {
            closed = true;
            if (decompressor != null) {
                decompressor.close();
                decompressor = null;
            }
            if (inflater != null) {
                inflater.end();
                inflater = null;
            }
        }
    }
}
