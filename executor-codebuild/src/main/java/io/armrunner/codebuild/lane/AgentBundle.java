package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The agent as CodeBuild unpacks it: {@code boot.sh} and the jars that it runs from. The same files
 * give the same bytes. Made once for a process, when the first build starts.
 */
public final class AgentBundle {
    /** Jars that only the manager needs: the SDK of AWS and the command line. */
    private static final List<String> MANAGERS =
            List.of(
                    "software.amazon",
                    "aws-",
                    "picocli",
                    "reactive-streams-tck",
                    "snakeyaml",
                    "eventstream");

    private final byte[] zip;
    private final String sha256;

    private AgentBundle(byte[] zip, String sha256) {
        this.zip = zip;
        this.sha256 = sha256;
    }

    /** The whole. */
    public byte[] zip() {
        return zip.clone();
    }

    /** Its digest in hex. */
    public String sha256() {
        return sha256;
    }

    /** Makes bundles, when they are needed. */
    @FunctionalInterface
    public interface Maker {
        /** The bundle; called once. */
        AgentBundle make() throws IOException;
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
            text(zip, "boot.sh", boot("$here/lib/*", mainClass));
            for (Path jar : jars.stream().sorted().toList()) {
                String name = String.valueOf(jar.getFileName());
                if (!isManagers(jar)) {
                    stored(zip, "lib/" + name, Files.readAllBytes(jar));
                }
            }
        }
        return of(bytes.toByteArray());
    }

    /**
     * A bundle that runs from a class path that is already on the machine where builds run: for
     * {@code --fake-aws}, whose builds run on this one.
     */
    public static AgentBundle ofClassPath(String classPath, String mainClass) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            text(zip, "boot.sh", boot(classPath, mainClass));
        }
        return of(bytes.toByteArray());
    }

    private static boolean isManagers(Path jar) {
        String path = jar.toString().replace('/', '.');
        String name = String.valueOf(jar.getFileName());
        return MANAGERS.stream().anyMatch(each -> name.startsWith(each))
                || path.contains("software.amazon");
    }

    private static AgentBundle of(byte[] zip) {
        try {
            return new AgentBundle(
                    zip,
                    HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(zip)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static String boot(String classPath, String mainClass) throws IOException {
        try (InputStream template = AgentBundle.class.getResourceAsStream("boot.sh")) {
            if (template == null) {
                throw new IOException("boot.sh is missing in the jar of this program");
            }
            return new String(template.readAllBytes(), UTF_8)
                    .replace("@CLASS_PATH@", classPath)
                    .replace("@MAIN@", mainClass);
        }
    }

    private static void text(ZipOutputStream zip, String name, String text) throws IOException {
        stored(zip, name, text.getBytes(UTF_8));
    }

    /** Jars are compressed already. */
    private static void stored(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        entry.setTimeLocal(java.time.LocalDateTime.of(2000, 1, 1, 0, 0));
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /** The jars in a directory. */
    public static List<Path> jars(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".jar")).toList();
        }
    }

    @Override
    public String toString() {
        return "AgentBundle[" + sha256 + "]";
    }
}
