package io.armrunner.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the library is not installed, the tests of it see the JDK's compressor twice. */
class LibdeflateTest {
    private static final int PIECE = PackingSlot.PIECE;

    @TempDir Path directory;

    private final Random random = new Random(7);
    private final Map<String, byte[]> contents = new HashMap<>();

    private byte[] text(int size) {
        StringBuilder text = new StringBuilder();
        while (text.length() < size) {
            text.append("line ").append(random.nextInt(100_000)).append('\n');
        }
        return Arrays.copyOf(
                text.toString().getBytes(java.nio.charset.StandardCharsets.US_ASCII), size);
    }

    private byte[] noise(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private void write(String name, byte[] content) throws IOException {
        contents.put(name, content);
        Files.write(Files.createDirectories(directory.resolve("source")).resolve(name), content);
    }

    private List<Path> source() throws IOException {
        int[] sizes = {0, 1, 100, 4095, 4096, 100_000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE};
        for (int size : sizes) {
            write("text-" + size, text(size));
            write("noise-" + size, noise(size));
            write("zeros-" + size, new byte[size]);
        }
        List<Path> names = new ArrayList<>();
        for (String name : contents.keySet().stream().sorted().toList()) {
            names.add(Path.of(name));
        }
        return names;
    }

    private Path pack(boolean library, CompressionLevel level) throws IOException {
        List<Path> names = source();
        Path archive = directory.resolve("archive.zip");
        try (PackingThreads threads = new PackingThreads(2, library);
                OutputStream out = Files.newOutputStream(archive)) {
            new ZipPacker(threads, level)
                    .pack(directory.resolve("source"), names, out, new Silent());
        }
        return archive;
    }

    private record Silent() implements ArchiveListener {
        @Override
        public void file(String name, byte[] head, int length) {}

        @Override
        public void warning(String message) {
            throw new IllegalStateException(message);
        }
    }

    private void extract(Path archive, boolean library) throws IOException {
        try (PackingThreads threads = new PackingThreads(2, library)) {
            new ZipExtractor(threads).extract(archive, directory.resolve("target"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "true, true, DEFAULT", "true, false, DEFAULT", "false, true, DEFAULT",
        "false, false, DEFAULT", "true, false, FAST", "true, false, SLOW",
        "true, false, SLOWEST", "true, true, FASTEST"
    })
    void whatOneLibraryPacksTheOtherUnpacks(boolean packs, boolean unpacks, CompressionLevel level)
            throws IOException {
        extract(pack(packs, level), unpacks);
        contents.forEach((name, content) ->
                assertThat(directory.resolve("target").resolve(name))
                        .as(name)
                        .hasBinaryContent(content));
    }

    @Test
    void theSystemsLibraryMakesArchivesOfTheSizeOfTheJdks() throws IOException {
        long own = Files.size(pack(false, CompressionLevel.DEFAULT));
        long systems = Files.size(pack(true, CompressionLevel.DEFAULT));
        assertThat(systems).isBetween(own * 97 / 100, own * 103 / 100);
    }

    @Test
    void theSameFilesMakeTheSameBytes() throws IOException {
        byte[] first = Files.readAllBytes(pack(true, CompressionLevel.DEFAULT));
        try (PackingThreads threads = new PackingThreads(1);
                OutputStream out = Files.newOutputStream(directory.resolve("again.zip"))) {
            List<Path> names =
                    contents.keySet().stream().sorted().map(name -> Path.of(name)).toList();
            new ZipPacker(threads, CompressionLevel.DEFAULT)
                    .pack(directory.resolve("source"), names, out, new Silent());
        }
        assertThat(directory.resolve("again.zip")).hasBinaryContent(first);
    }

    @Test
    void aDamagedFileIsNamedByEitherLibrary() throws IOException {
        write("text", text(50_000));
        Path archive = directory.resolve("archive.zip");
        try (PackingThreads threads = new PackingThreads(2);
                OutputStream out = Files.newOutputStream(archive)) {
            new ZipPacker(threads, CompressionLevel.DEFAULT)
                    .pack(directory.resolve("source"), List.of(Path.of("text")), out, new Silent());
        }
        byte[] bytes = Files.readAllBytes(archive);
        for (int at = 1000; at < 1100; at++) {
            bytes[at] ^= 0x55;
        }
        Files.write(archive, bytes);
        for (boolean library : new boolean[] {true, false}) {
            assertThatThrownBy(() -> extract(archive, library))
                    .isInstanceOf(ArchiveException.class)
                    .hasMessage("text is damaged in the archive");
        }
    }
}
