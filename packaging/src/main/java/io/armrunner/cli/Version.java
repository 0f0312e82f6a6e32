package io.armrunner.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Properties;

/**
 * Which armrunner this is.
 *
 * @param version the release
 * @param revision the commit, {@code unknown} when the build was not told
 */
record Version(String version, String revision) {
    /** The one that was built into the jar. */
    static Version current() {
        Properties properties = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
            if (in == null) {
                throw new IllegalStateException("version.properties is missing from the jar");
            }
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Version(
                properties.getProperty("version", "unknown"),
                properties.getProperty("revision", "unknown"));
    }

    /** GitLab's word for the machine: Go's, not Java's. */
    static String architecture() {
        String name = System.getProperty("os.arch", "unknown").toLowerCase(Locale.ROOT);
        return switch (name) {
            case "aarch64" -> "arm64";
            case "x86_64" -> "amd64";
            default -> name;
        };
    }

    /** The answer to {@code --version}. */
    String[] lines() {
        return new String[] {
            "Version:      " + version,
            "Git revision: " + revision,
            "Java:         " + Runtime.version(),
            "OS/Arch:      linux/" + architecture()
        };
    }
}
