package io.armrunner.files;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * The system's libdeflate, if it is installed: deflates and inflates a whole buffer in half of the
 * time and less that zlib takes, to the same format. It knows no streams, so files larger than a
 * buffer stay with the JDK's zlib. Thread-safe; loaded when the first archive of the process needs
 * it, and kept.
 */
// The JDK has no other way to call a library; the launcher allows it.
@SuppressWarnings("restricted")
final class Libdeflate {
    // The name of the interface that has been stable since its first release.
    private static final String LIBRARY = "libdeflate.so.0";

    private static final ValueLayout.OfLong SIZE = ValueLayout.JAVA_LONG;

    // The collector waits for such a call. It takes milliseconds: buffers are of 256 KiB at most.
    private static final Linker.Option ON_HEAP = Linker.Option.critical(true);

    private final MethodHandle newCompressor;
    private final MethodHandle compress;
    private final MethodHandle freeCompressor;
    private final MethodHandle newDecompressor;
    private final MethodHandle decompress;
    private final MethodHandle freeDecompressor;

    /** Looked for once in the life of the process, and not before somebody asks. */
    private static final class Installed {
        private static final Optional<Libdeflate> LIBRARY = load();

        private static Optional<Libdeflate> load() {
            try {
                return Optional.of(
                        new Libdeflate(
                                Linker.nativeLinker(),
                                SymbolLookup.libraryLookup(Libdeflate.LIBRARY, Arena.global())));
            } catch (IllegalArgumentException | NoSuchElementException e) {
                // The usual case on a small system: it is not installed. Or it is not what its name
                // says: then it is not used either.
                return Optional.empty();
            }
        }
    }

    private Libdeflate(Linker linker, SymbolLookup functions) {
        newCompressor =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_alloc_compressor"),
                        FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        compress =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_deflate_compress"),
                        FunctionDescriptor.of(
                                SIZE,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                SIZE,
                                ValueLayout.ADDRESS,
                                SIZE),
                        ON_HEAP);
        freeCompressor =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_free_compressor"),
                        FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
        newDecompressor =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_alloc_decompressor"),
                        FunctionDescriptor.of(ValueLayout.ADDRESS));
        decompress =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_deflate_decompress"),
                        FunctionDescriptor.of(
                                ValueLayout.JAVA_INT,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                SIZE,
                                ValueLayout.ADDRESS,
                                SIZE,
                                ValueLayout.ADDRESS),
                        ON_HEAP);
        freeDecompressor =
                linker.downcallHandle(
                        functions.findOrThrow("libdeflate_free_decompressor"),
                        FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));
    }

    /** The library, or nothing if the system has none. */
    static Optional<Libdeflate> installed() {
        return Installed.LIBRARY;
    }

    /**
     * A compressor, to be closed.
     *
     * @param level 1 to 12
     */
    Compressor compressor(int level) {
        MemorySegment state;
        try {
            state = (MemorySegment) newCompressor.invokeExact(level);
        } catch (Throwable e) {
            throw failed(e);
        }
        return new Compressor(allocated(state));
    }

    /** A decompressor, to be closed. */
    Decompressor decompressor() {
        MemorySegment state;
        try {
            state = (MemorySegment) newDecompressor.invokeExact();
        } catch (Throwable e) {
            throw failed(e);
        }
        return new Decompressor(allocated(state));
    }

    private static MemorySegment allocated(MemorySegment state) {
        if (state.address() == 0) {
            throw new OutOfMemoryError("the system has no memory left for " + LIBRARY);
        }
        return state;
    }

    // The functions are C: nothing of theirs is thrown, so it is a mistake of ours.
    private static IllegalStateException failed(Throwable cause) {
        return new IllegalStateException(LIBRARY + " could not be called", cause);
    }

    /** Compresses one buffer at a time; belongs to one thread at a time. */
    final class Compressor implements AutoCloseable {
        private final MemorySegment state;

        private Compressor(MemorySegment state) {
            this.state = state;
        }

        /**
         * Makes a whole deflate stream.
         *
         * @return its length, or 0 if {@code most} bytes are not enough for it
         */
        int compress(byte[] in, int from, int length, byte[] out, int most) {
            try {
                return (int)
                        (long)
                                compress.invokeExact(
                                        state,
                                        MemorySegment.ofArray(in).asSlice(from),
                                        (long) length,
                                        MemorySegment.ofArray(out),
                                        (long) most);
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        @Override
        public void close() {
            try {
                freeCompressor.invokeExact(state);
            } catch (Throwable e) {
                throw failed(e);
            }
        }
    }

    /** Decompresses one buffer at a time; belongs to one thread at a time. */
    final class Decompressor implements AutoCloseable {
        private final MemorySegment state;

        private Decompressor(MemorySegment state) {
            this.state = state;
        }

        /** Whether the input is a deflate stream of exactly {@code size} bytes; they are in out. */
        boolean decompress(byte[] in, int length, byte[] out, int size) {
            try {
                int result =
                        (int)
                                decompress.invokeExact(
                                        state,
                                        MemorySegment.ofArray(in),
                                        (long) length,
                                        MemorySegment.ofArray(out),
                                        (long) size,
                                        MemorySegment.NULL);
                return result == 0;
            } catch (Throwable e) {
                throw failed(e);
            }
        }

        @Override
        public void close() {
            try {
                freeDecompressor.invokeExact(state);
            } catch (Throwable e) {
                throw failed(e);
            }
        }
    }
}
