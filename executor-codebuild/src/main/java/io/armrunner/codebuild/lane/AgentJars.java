package io.armrunner.codebuild.lane;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Which of a manager's jars its agent runs from, and what of them. Pure but for reading them. */
final class AgentJars {
    /**
     * Code that only a manager runs: the SDK of AWS, the command line, the readers of configuration
     * and pipeline files, metrics, protocols that are not spoken, and the server of the fake AWS.
     */
    private static final List<String> MANAGERS =
            List.of(
                    "software/amazon/",
                    "picocli/",
                    "org/yaml/",
                    "com/fasterxml/jackson/dataformat/",
                    "io/prometheus/",
                    "io/netty/handler/codec/quic/",
                    "io/netty/handler/codec/http3/",
                    "org/apache/commons/exec/",
                    "org/jspecify/",
                    "org/gaul/",
                    "org/eclipse/jetty/",
                    "org/codehaus/",
                    "com/ctc/",
                    "com/google/",
                    "jakarta/",
                    "tools/jackson/");

    private static final List<String> NATIVE = List.of(".so", ".dll", ".dylib", ".jnilib");

    /** Builds run on these. */
    private static final List<String> SYSTEMS = List.of("linux/aarch64/", "linux/amd64/");

    private AgentJars() {}

    /**
     * What of a jar the agent needs; empty if that is nothing. The same jar gives the same bytes.
     */
    static Optional<byte[]> content(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<String> names = zip.stream().map(ZipEntry::getName).toList();
            if (names.stream().anyMatch(AgentJars::isManagers)) {
                return Optional.empty();
            }
            return Optional.of(
                    names.stream().anyMatch(AgentJars::isForeign)
                            ? without(zip)
                            : Files.readAllBytes(jar));
        }
    }

    private static boolean isManagers(String name) {
        return name.endsWith(".class") && MANAGERS.stream().anyMatch(name::startsWith);
    }

    /** A library for a system that no build has. */
    private static boolean isForeign(String name) {
        return NATIVE.stream().anyMatch(name::endsWith)
                && !name.startsWith("META-INF/")
                && SYSTEMS.stream().noneMatch(name::startsWith);
    }

    private static byte[] without(ZipFile zip) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream smaller = new ZipOutputStream(bytes)) {
            for (ZipEntry entry :
                    zip.stream().filter(each -> !isForeign(each.getName())).toList()) {
                ZipEntry same = new ZipEntry(entry.getName());
                same.setTimeLocal(LocalDateTime.of(2000, 1, 1, 0, 0));
                smaller.putNextEntry(same);
                try (InputStream content = zip.getInputStream(entry)) {
                    content.transferTo(smaller);
                }
                smaller.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
