package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example as it is shipped, with wheels of the test's own in place of those on PyPI. */
class LambdaExampleTest {
    private static final Path EXAMPLE = Path.of("examples", "lambda-arm64");
    private static final String VERSION = "6.1.3";
    private static final int X86_64 = 62;
    private static final int AARCH64 = 183;

    private final Path directory;
    private final LocalProject project;

    LambdaExampleTest(@TempDir Path directory) throws IOException {
        this.directory = directory.toRealPath();
        project = new LocalProject(this.directory);
    }

    @BeforeEach
    void copyTheExample() throws Exception {
        try (Stream<Path> files = Files.list(EXAMPLE)) {
            for (Path file : files.toList()) {
                Files.copy(file, project.root().resolve(file.getFileName().toString()));
            }
        }
        List<String> hashes = new ArrayList<>();
        hashes.add(wheel("linux_" + host(), host().equals("aarch64") ? AARCH64 : X86_64));
        hashes.add(wheel("manylinux_2_28_aarch64", AARCH64));
        hashes.add(wheel("manylinux_2_28_x86_64", X86_64));
        project.write(
                        "requirements.txt",
                        "lxml==" + VERSION + " --hash=" + String.join(" --hash=", hashes) + "\n")
                .commit("Start");
    }

    private static String host() {
        return switch (System.getProperty("os.arch")) {
            case "amd64" -> "x86_64";
            case String other -> other;
        };
    }

    /** A wheel of lxml with one library that is nothing but a head; its hash. */
    private String wheel(String platform, int machine) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        String info = "lxml-" + VERSION + ".dist-info/";
        String tag = "py3-none-" + platform;
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            add(zip, "lxml/__init__.py", new byte[0]);
            add(zip, "lxml/etree.so", elf(machine));
            add(
                    zip,
                    info + "METADATA",
                    text("Metadata-Version: 2.1\nName: lxml\nVersion: " + VERSION + "\n"));
            add(
                    zip,
                    info + "WHEEL",
                    text("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: " + tag + "\n"));
            add(
                    zip,
                    info + "RECORD",
                    text(
                            "lxml/__init__.py,,\nlxml/etree.so,,\n%sMETADATA,,\n%sWHEEL,,\n%sRECORD,,\n"
                                    .formatted(info, info, info)));
        }
        Path wheels = Files.createDirectories(directory.resolve("wheels"));
        Path wheel = wheels.resolve("lxml-" + VERSION + "-" + tag + ".whl");
        try (OutputStream out = Files.newOutputStream(wheel)) {
            bytes.writeTo(out);
        }
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(
                                    MessageDigest.getInstance("SHA-256")
                                            .digest(bytes.toByteArray()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void add(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The head of a 64-bit, little-endian shared object. */
    private static byte[] elf(int machine) {
        byte[] head = new byte[64];
        byte[] magic = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        System.arraycopy(magic, 0, head, 0, magic.length);
        head[16] = 3;
        head[18] = (byte) machine;
        head[20] = 1;
        return head;
    }

    private LocalProject.Run exec(String platform) {
        Map<String, String> environment = new HashMap<>();
        environment.put("PIP_CONFIG_FILE", "/dev/null");
        environment.put("PIP_NO_INDEX", "1");
        environment.put("PIP_FIND_LINKS", directory.resolve("wheels").toString());
        return project.exec(
                environment,
                "--verbose",
                "--artifacts-dir",
                directory.resolve("kept").toString(),
                "--variable",
                "WHEEL_PLATFORM=" + platform);
    }

    private List<String> packed() throws IOException {
        try (FileSystem zip =
                        FileSystems.newFileSystem(directory.resolve("kept/package/package.zip"));
                Stream<Path> files = Files.walk(zip.getPath("/"))) {
            return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList();
        }
    }

    @Test
    void librariesOfAnotherMachineAreNamed() throws IOException {
        LocalProject.Run run = exec("manylinux_2_28_x86_64");

        assertThat(run.status()).as(run.out() + run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "WARNING: arm64 check: 1 of 1 native file not for aarch64",
                        "WARNING:   package.zip!/lxml/etree.so: x86-64",
                        "reproducible | the same bytes twice");
        assertThat(packed()).contains("/handler.py", "/lxml/__init__.py", "/lxml/etree.so");
    }

    @Test
    void anArchiveForArmPasses() {
        LocalProject.Run run = exec("manylinux_2_28_aarch64");

        assertThat(run.status()).as(run.out() + run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "arm64 check: 1 native file, all aarch64",
                        "reproducible | the same bytes twice")
                .doesNotContain("not for aarch64");
    }

    @Test
    void withoutAWordItTakesTheWheelsOfThisMachine() {
        LocalProject.Run run = exec("");

        assertThat(run.status()).as(run.out() + run.err()).isZero();
        assertThat(run.out())
                .contains(
                        host().equals("aarch64")
                                ? "arm64 check: 1 native file, all aarch64"
                                : "package.zip!/lxml/etree.so: x86-64");
    }
}
