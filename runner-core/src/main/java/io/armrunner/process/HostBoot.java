package io.armrunner.process;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The host's word for the time between two of its starts. */
public final class HostBoot {
    private static final Path ID = Path.of("/proc/sys/kernel/random/boot_id");

    private HostBoot() {}

    /** Another word after each start of the host; empty when it does not say. */
    public static String id() {
        try {
            return Files.readString(ID, US_ASCII).strip();
        } catch (IOException _) {
            return "";
        }
    }
}
