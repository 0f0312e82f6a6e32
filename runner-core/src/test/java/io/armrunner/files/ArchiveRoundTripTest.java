package io.armrunner.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.artifacts.Python;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ArchiveRoundTripTest {
    private static final Instant OLD = Instant.parse("2001-02-03T04:05:06Z");

    @TempDir Path directory;

    private final PackingThreads threads = new PackingThreads(2);
    private final List<String> warnings = new ArrayList<>();
    private final ArchiveListener listener =
            new ArchiveListener() {
                @Override
                public void file(String name, byte[] head, int length) {}

                @Override
                public void warning(String message) {
                    warnings.add(message);
                }
            };

    @AfterEach
    void close() {
        threads.close();
    }

    private Path source() throws IOException {
        return Files.createDirectories(directory.resolve("source"));
    }

    private void write(String name, byte[] content) throws IOException {
        Path file = source().resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, content);
    }

    private static byte[] text(int size) {
        byte[] bytes = new byte[size];
        Random random = new Random(7);
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) "etaoin shrdlu\n".charAt(random.nextInt(14));
        }
        return bytes;
    }

    private static byte[] noise(int size) {
        byte[] bytes = new byte[size];
        new Random(11).nextBytes(bytes);
        return bytes;
    }

    private List<Path> all() throws IOException {
        Path source = source();
        try (Stream<Path> paths = Files.walk(source)) {
            return paths.filter(path -> !path.equals(source))
                    .map(source::relativize)
                    .sorted()
                    .toList();
        }
    }

    private Path pack(CompressionLevel level) throws IOException {
        Path archive = directory.resolve("archive.zip");
        try (OutputStream out = Files.newOutputStream(archive)) {
            new ZipPacker(threads, level).pack(source(), all(), out, listener);
        }
        return archive;
    }

    private Path extract(Path archive) throws IOException {
        Path target = directory.resolve("target");
        new ArchiveExtractor(threads).extract(archive, target);
        return target;
    }

    private void tree() throws IOException {
        write("empty", new byte[0]);
        write("small.txt", "hello\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        write("one piece.txt", text(PackingSlot.PIECE));
        write("pieces.txt", text(3 * PackingSlot.PIECE + 17));
        write("noise.bin", noise(100_000));
        write("much noise.bin", noise(2 * PackingSlot.PIECE + 1));
        byte[] both = text(4 * PackingSlot.PIECE);
        System.arraycopy(noise(PackingSlot.PIECE), 0, both, PackingSlot.PIECE, PackingSlot.PIECE);
        write("both.bin", both);
        write("deep/a/b/ünï cödé 😀.txt", text(5000));
        Files.setAttribute(source().resolve("small.txt"), "unix:mode", 04751);
        Files.setAttribute(source().resolve("deep/a"), "unix:mode", 01770);
        Files.createDirectories(source().resolve("empty directory"));
        Files.createSymbolicLink(source().resolve("deep/link"), Path.of("../small.txt"));
        Files.createSymbolicLink(source().resolve("dangling"), Path.of("/nowhere/at/all"));
        for (Path path : all()) {
            if (!Files.isSymbolicLink(source().resolve(path))) {
                Files.setLastModifiedTime(source().resolve(path), FileTime.from(OLD));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionLevel.class)
    @Tag("JS-115")
    void whatGoesInComesOut(CompressionLevel level) throws IOException, InterruptedException {
        tree();
        Path archive = pack(level);
        assertThat(warnings).isEmpty();
        Path target = extract(archive);
        for (Path path : all()) {
            Path before = source().resolve(path);
            Path after = target.resolve(path);
            assertThat(Files.exists(after, LinkOption.NOFOLLOW_LINKS)).isTrue();
            if (Files.isSymbolicLink(before)) {
                assertThat(Files.readSymbolicLink(after)).isEqualTo(Files.readSymbolicLink(before));
                continue;
            }
            assertThat(FileStatus.of(after).mode())
                    .as(path.toString())
                    .isEqualTo(FileStatus.of(before).mode());
            assertThat(Files.getLastModifiedTime(after).toInstant())
                    .as(path.toString())
                    .isEqualTo(OLD);
            if (Files.isRegularFile(before)) {
                assertThat(after).hasSameBinaryContentAs(before);
            }
        }
        assertThat(
                        Python.run(
                                "import sys,zipfile",
                                "z=zipfile.ZipFile(sys.argv[1])",
                                "print(z.testzip(), len(z.infolist()))",
                                archive.toString()))
                .containsExactly("None " + all().size());
        Process unzip =
                new ProcessBuilder("unzip", "-tq", archive.toString())
                        .redirectErrorStream(true)
                        .start();
        assertThat(
                        new String(
                                unzip.getInputStream().readAllBytes(),
                                java.nio.charset.StandardCharsets.UTF_8))
                .contains("No errors detected");
    }

    @Test
    @Tag("JS-137")
    void whatDoesNotCompressIsStored() throws IOException, InterruptedException {
        tree();
        assertThat(methods(pack(CompressionLevel.DEFAULT)))
                .contains("noise.bin 0", "much noise.bin 0", "empty 0", "one piece.txt 8")
                .contains("pieces.txt 8", "both.bin 8");
        assertThat(methods(pack(CompressionLevel.FASTEST))).allMatch(line -> line.endsWith(" 0"));
    }

    private static List<String> methods(Path archive) throws IOException, InterruptedException {
        return Python.run(
                "import sys,zipfile",
                "[print(i.filename,i.compress_type) for i in zipfile.ZipFile(sys.argv[1]).infolist()]",
                archive.toString());
    }

    @Test
    void theSameFilesMakeTheSameArchive() throws IOException {
        tree();
        byte[] first = Files.readAllBytes(pack(CompressionLevel.DEFAULT));
        assertThat(Files.readAllBytes(pack(CompressionLevel.DEFAULT))).isEqualTo(first);
    }

    /** More than one batch of them takes, one after another and with large files between. */
    @Test
    void manySmallFilesLinksAndDirectoriesKeepTheirOrder()
            throws IOException, InterruptedException {
        for (int i = 0; i < 300; i++) {
            write("%03d/a.txt".formatted(i), text(i * 37));
            write("%03d/b.bin".formatted(i), noise(i % 50 == 49 ? PackingSlot.PIECE + i : i));
            Files.createSymbolicLink(source().resolve("%03d/c".formatted(i)), Path.of("a.txt"));
        }
        List<Path> found = all();
        Files.delete(source().resolve("100/a.txt"));
        Files.delete(source().resolve("101/c"));
        Files.delete(source().resolve("299/b.bin"));
        Path archive = directory.resolve("archive.zip");
        try (OutputStream out = Files.newOutputStream(archive)) {
            new ZipPacker(threads, CompressionLevel.DEFAULT).pack(source(), found, out, listener);
        }

        assertThat(warnings)
                .containsExactly(
                        "100/a.txt: vanished before it was packed",
                        "101/c: vanished before it was packed",
                        "299/b.bin: vanished before it was packed");
        assertThat(
                        Python.run(
                                "import sys,zipfile",
                                "z=zipfile.ZipFile(sys.argv[1])",
                                "n=[e.rstrip('/') for e in z.namelist()]",
                                "print(z.testzip(), len(n), n==sorted(n))",
                                archive.toString()))
                .containsExactly("None 1197 True");
        Path target = extract(archive);
        for (Path path : all()) {
            if (Files.isRegularFile(source().resolve(path), LinkOption.NOFOLLOW_LINKS)) {
                assertThat(target.resolve(path)).hasSameBinaryContentAs(source().resolve(path));
            }
        }
    }

    @Test
    void aFileThatChangesOrVanishesMeanwhileGetsAWarningAndTheArchiveIsWhole()
            throws IOException, InterruptedException {
        write("a.txt", text(100));
        write("growing.bin", text(8 * PackingSlot.PIECE));
        write("shrinking.bin", text(8 * PackingSlot.PIECE));
        write("vanishing.bin", text(100));
        List<Path> found = all();
        Path archive = directory.resolve("archive.zip");
        try (OutputStream file = Files.newOutputStream(archive)) {
            OutputStream out =
                    new java.io.FilterOutputStream(file) {
                        private boolean done;

                        @Override
                        public void write(byte[] bytes, int offset, int length) throws IOException {
                            out.write(bytes, offset, length);
                            if (!done && length > 10_000) {
                                done = true;
                                Files.write(
                                        source().resolve("growing.bin"),
                                        text(50_000),
                                        java.nio.file.StandardOpenOption.APPEND);
                                Files.write(source().resolve("shrinking.bin"), text(1000));
                                Files.delete(source().resolve("vanishing.bin"));
                            }
                        }
                    };
            new ZipPacker(threads, CompressionLevel.DEFAULT).pack(source(), found, out, listener);
        }
        assertThat(warnings)
                .contains(
                        "growing.bin: file changed as it was packed",
                        "vanishing.bin: vanished before it was packed");
        assertThat(
                        Python.run(
                                "import sys,zipfile",
                                "z=zipfile.ZipFile(sys.argv[1])",
                                "print(z.testzip(), z.namelist())",
                                archive.toString()))
                .containsExactly("None ['a.txt', 'growing.bin', 'shrinking.bin']");
    }

    @Test
    @Tag("JS-135")
    void moreThan65535EntriesComeThrough() throws IOException {
        Path source = source();
        for (int i = 0; i < 66; i++) {
            Files.createDirectories(source.resolve("d" + i));
        }
        for (int i = 0; i < 66_000; i++) {
            Files.createFile(source.resolve("d" + i / 1000 + "/f" + i));
        }
        Path target = extract(pack(CompressionLevel.FASTEST));
        try (Stream<Path> files = Files.walk(target)) {
            assertThat(files.count()).isEqualTo(66_000 + 66 + 1);
        }
    }

    @Test
    @Tag("JS-132")
    void anEntryThatLeadsOutIsRefusedBeforeAnythingIsWritten()
            throws IOException, InterruptedException {
        Path archive = made("z.writestr('ok','1'); z.writestr('a/../../evil','2')");
        assertThatThrownBy(() -> extract(archive))
                .isInstanceOf(ArchiveException.class)
                .hasMessage(
                        "a/../../evil cannot be extracted outside of chroot (%s)",
                        directory.resolve("target"));
        assertThat(directory.resolve("target")).isEmptyDirectory();
        assertThat(directory.resolve("evil")).doesNotExist();
    }

    @Test
    void anAbsoluteNameIsTakenInside() throws IOException, InterruptedException {
        Path target = extract(made("z.writestr('/etc/./x//y','2')"));
        assertThat(target.resolve("etc/x/y")).hasContent("2");
    }

    @Test
    @Tag("JS-133")
    void aLinkInTheArchiveDoesNotRedirectLaterFiles() throws IOException, InterruptedException {
        Path outside = Files.createDirectories(directory.resolve("outside"));
        Path archive =
                made(
                        "l=zipfile.ZipInfo('d'); l.create_system=3; l.external_attr=0o120777<<16",
                        "z.writestr(l,'" + outside + "'); z.writestr('d/x','2')");
        assertThatThrownBy(() -> extract(archive)).isInstanceOf(ArchiveException.class);
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void aLinkInTheProjectThatLeadsOutIsNotFollowed() throws IOException, InterruptedException {
        Path outside = Files.createDirectories(directory.resolve("outside"));
        Path target = Files.createDirectories(directory.resolve("target"));
        Files.createSymbolicLink(target.resolve("d"), outside);
        Path archive = made("z.writestr('d/x','2')");
        assertThatThrownBy(() -> extract(archive)).hasMessageContaining("outside of chroot");
        assertThat(outside).isEmptyDirectory();
        Files.delete(target.resolve("d"));
        Files.createDirectories(target.resolve("real"));
        Files.createSymbolicLink(target.resolve("d"), Path.of("real"));
        extract(archive);
        assertThat(target.resolve("real/x")).hasContent("2");
    }

    @Test
    @Tag("JS-134")
    void readOnlyFilesAndLinksAreReplacedAndNotWrittenThrough()
            throws IOException, InterruptedException {
        Path outside = Files.writeString(directory.resolve("outside"), "kept");
        Path target = Files.createDirectories(directory.resolve("target"));
        Files.writeString(target.resolve("readonly"), "old");
        Files.setAttribute(target.resolve("readonly"), "unix:mode", 0400);
        Files.createSymbolicLink(target.resolve("link"), outside);
        extract(made("z.writestr('readonly','new'); z.writestr('link','new')"));
        assertThat(target.resolve("readonly")).hasContent("new");
        assertThat(target.resolve("link")).hasContent("new").isRegularFile();
        assertThat(Files.isSymbolicLink(target.resolve("link"))).isFalse();
        assertThat(outside).hasContent("kept");
    }

    @Test
    void aDirectoryInTheWayOfAFileIsAnError() throws IOException, InterruptedException {
        Path target = Files.createDirectories(directory.resolve("target/x"));
        Files.writeString(target.resolve("kept"), "1");
        Path archive = made("z.writestr('x','2')");
        assertThatThrownBy(() -> extract(archive)).hasMessageContaining("directory of that name");
    }

    @Test
    void brokenArchivesAreRefused() throws IOException, InterruptedException {
        tree();
        byte[] whole = Files.readAllBytes(pack(CompressionLevel.DEFAULT));
        for (int length : new int[] {0, 10, 1000, whole.length - 1}) {
            Path cut = Files.write(directory.resolve("cut"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> extract(cut))
                    .as("%d bytes", length)
                    .isInstanceOf(ArchiveException.class);
        }
        Path bomb = made("z.writestr('bomb',b'0'*100)");
        byte[] bytes = Files.readAllBytes(bomb);
        int at = bytes.length - 22 - 4 - 46 + 24;
        Arrays.fill(bytes, at, at + 3, (byte) 0xff);
        Files.write(bomb, bytes);
        assertThatThrownBy(() -> extract(bomb)).hasMessageContaining("claims to have");
        Path gzip = Files.write(directory.resolve("gz"), new byte[] {0x1f, (byte) 0x8b, 8, 0, 0});
        assertThatThrownBy(() -> extract(gzip)).hasMessageContaining("gzip");
    }

    @Test
    void whoCouldNotExtractAnArchiveWritesNoMoreWhenThatIsTold() throws Exception {
        byte[] content = noise(200_000);
        for (int i = 0; i < 100; i++) {
            write("%03d".formatted(i), content);
        }
        byte[] bytes = Files.readAllBytes(pack(CompressionLevel.FASTEST));
        bytes[1000] ^= 1;
        Path damaged = Files.write(directory.resolve("damaged.zip"), bytes);
        assertThatThrownBy(() -> extract(damaged)).hasMessageContaining("000 is damaged");
        Path target = directory.resolve("target");
        List<Path> there = list(target);
        // Each thread has something else to do only when it does nothing for the archive any more.
        CyclicBarrier both = new CyclicBarrier(2);
        Future<Integer> one = threads.submit(() -> both.await(1, TimeUnit.MINUTES));
        Future<Integer> other = threads.submit(() -> both.await(1, TimeUnit.MINUTES));
        assertThat(one.get(2, TimeUnit.MINUTES) + other.get(2, TimeUnit.MINUTES)).isEqualTo(1);
        assertThat(list(target)).isEqualTo(there);
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    @Test
    void anyByteFlippedIsEitherNoticedOrHarmless() throws IOException {
        write("a.txt", text(3000));
        write("b/c.bin", noise(3000));
        byte[] whole = Files.readAllBytes(pack(CompressionLevel.DEFAULT));
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = whole.clone();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Path broken = Files.write(directory.resolve("broken"), bytes);
            Path target = directory.resolve("into" + round);
            try {
                new ArchiveExtractor(threads).extract(broken, target);
            } catch (IOException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .allMatch(name -> name.matches("into\\d+|broken|source|archive.zip"));
        }
    }

    @Test
    @Tag("JS-122")
    void gzipMembersAreReadByOthersWithNamesAndPaths() throws IOException, InterruptedException {
        write("r/one.xml", text(1000));
        write("r/zwei ü.xml", text(2000));
        List<Path> files = List.of(Path.of("r/one.xml"), Path.of("r/zwei ü.xml"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GzipMembers.check(source(), files);
        GzipMembers.write(source(), files, CompressionLevel.DEFAULT, out);
        Path archive = Files.write(directory.resolve("r.gz"), out.toByteArray());
        assertThat(
                        Python.run(
                                "import sys,gzip",
                                "d=open(sys.argv[1],'rb').read()",
                                "print(len(gzip.decompress(d)), d.count(b'\\x1f\\x8b\\x08\\x18'))",
                                "print(b'one.xml\\0r/one.xml\\0' in d, b'e:zwei%20%C3%BC.xml\\0' in d)",
                                archive.toString()))
                .containsExactly("3000 2", "True True");
        Files.createDirectories(source().resolve("dir"));
        assertThatThrownBy(() -> GzipMembers.check(source(), List.of(Path.of("dir"))))
                .hasMessage("the \"dir\" is not a regular file");
    }

    /** An archive by another's hand. */
    private Path made(String... lines) throws IOException, InterruptedException {
        Path archive = directory.resolve("made.zip");
        List<String> program =
                new ArrayList<>(
                        List.of("import sys,zipfile", "z=zipfile.ZipFile(sys.argv[1],'w')"));
        program.addAll(List.of(lines));
        program.add("z.close()");
        program.add(archive.toString());
        Python.run(program.toArray(String[]::new));
        return archive;
    }
}
