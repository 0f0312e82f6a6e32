package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.LocalDateTime;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * What a build gets as CodeBuild unpacks it: the agent, which is {@code boot.sh} and the jars that
 * it runs from, or a Java for images without one. The same files give the same bytes. Made when the
 * first build needs it, and closed by who made it.
 */
public final class AgentBundle implements AutoCloseable {
    /** Where a bundle's bytes are. */
    private interface Content {
        InputStream open() throws IOException;

        long size() throws IOException;

        void remove() throws IOException;
    }

    private static Content bytes(byte[] zip) {
        return new Content() {
            @Override
            public InputStream open() {
                return new ByteArrayInputStream(zip);
            }

            @Override
            public long size() {
                return zip.length;
            }

            @Override
            public void remove() {
                // The collector's.
            }
        };
    }

    private static Content file(Path zip) {
        return new Content() {
            @Override
            public InputStream open() throws IOException {
                return Files.newInputStream(zip);
            }

            @Override
            public long size() throws IOException {
                return Files.size(zip);
            }

            @Override
            public void remove() throws IOException {
                Files.deleteIfExists(zip);
            }
        };
    }

    private final Content content;
    private final String sha256;

    private AgentBundle(Content content) throws IOException {
        this.content = content;
        try (InputStream bytes = open()) {
            this.sha256 = digest(bytes);
        }
    }

    /** The whole. */
    public InputStream open() throws IOException {
        return content.open();
    }

    /** How many bytes that is. */
    public long size() throws IOException {
        return content.size();
    }

    /** Its digest in hex. */
    public String sha256() {
        return sha256;
    }

    /** Makes bundles, when they are needed. Thread-safe. */
    public interface Maker {
        /** The agent. */
        AgentBundle agent() throws IOException;

        /**
         * A Java for images that have none; empty if this armrunner has none to bring.
         *
         * @param architecture of the builds, as {@code uname -m} says it
         */
        default Optional<AgentBundle> runtime(String architecture) throws IOException {
            return Optional.empty();
        }
    }

    /**
     * A bundle of the jars of a class path.
     *
     * @param jars files; those that only the manager needs are left out
     * @param mainClass the agent's entry
     */
    public static AgentBundle ofJars(List<Path> jars, String mainClass) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            text(zip, "boot.sh", boot("\"$here\"/lib/*.jar", mainClass));
            for (Path jar : jars.stream().sorted().toList()) {
                Optional<byte[]> needed = AgentJars.content(jar);
                if (needed.isPresent()) {
                    stored(zip, "lib/" + jar.getFileName(), needed.get());
                }
            }
        }
        return new AgentBundle(bytes(bytes.toByteArray()));
    }

    /**
     * A bundle that runs from a class path that is already on the machine where builds run: for
     * {@code --fake-aws}, whose builds run on this one.
     */
    public static AgentBundle ofClassPath(String classPath, String mainClass) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            String quoted =
                    Stream.of(classPath.split(File.pathSeparator, -1))
                            .filter(entry -> !entry.isEmpty())
                            .map(entry -> "'" + entry.replace("'", "'\\''") + "'")
                            .collect(Collectors.joining(" "));
            text(zip, "boot.sh", boot(quoted, mainClass));
        }
        return new AgentBundle(bytes(bytes.toByteArray()));
    }

    /**
     * A Java in a file of its own, which goes when the bundle is closed.
     *
     * @param runtimes by the C library that they need, {@code glibc} or {@code musl}
     */
    public static AgentBundle ofRuntimes(Map<String, Path> runtimes) throws IOException {
        Path file = Files.createTempFile("armrunner-runtime", ".zip");
        try {
            try (OutputStream out = Files.newOutputStream(file);
                    ZipOutputStream zip = new ZipOutputStream(out)) {
                for (Map.Entry<String, Path> runtime : new TreeMap<>(runtimes).entrySet()) {
                    tree(zip, runtime.getKey() + "/", runtime.getValue());
                }
            }
            return new AgentBundle(file(file));
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private static void tree(ZipOutputStream zip, String prefix, Path directory)
            throws IOException {
        // It may be a link, which a walk does not follow.
        Path root = directory.toRealPath();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = root.relativize(file).toString();
                // Nobody reads licences in a build.
                if (!name.startsWith("legal/")) {
                    zip.putNextEntry(entry(prefix + name));
                    Files.copy(file, zip);
                    zip.closeEntry();
                }
            }
        }
    }

    /** The digest of what a stream still has, in hex. */
    static String digest(InputStream bytes) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            new DigestInputStream(bytes, digest).transferTo(OutputStream.nullOutputStream());
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** The script; jars as words of a shell. */
    private static String boot(String jars, String mainClass) throws IOException {
        try (InputStream template = AgentBundle.class.getResourceAsStream("boot.sh")) {
            if (template == null) {
                throw new IOException("boot.sh is missing in the jar of this program");
            }
            return new String(template.readAllBytes(), UTF_8)
                    .replace("@JARS@", jars)
                    .replace("@MAIN@", mainClass);
        }
    }

    private static void text(ZipOutputStream zip, String name, String text) throws IOException {
        stored(zip, name, text.getBytes(UTF_8));
    }

    /** Jars are compressed already. */
    private static void stored(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = entry(name);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    private static ZipEntry entry(String name) {
        ZipEntry entry = new ZipEntry(name);
        entry.setTimeLocal(LocalDateTime.of(2000, 1, 1, 0, 0));
        return entry;
    }

    @Override
    public void close() throws IOException {
        content.remove();
    }

    @Override
    public String toString() {
        return "AgentBundle[" + sha256 + "]";
    }
}
