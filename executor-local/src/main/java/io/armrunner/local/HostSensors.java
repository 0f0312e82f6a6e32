package io.armrunner.local;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a host tells of itself: disk, memory, temperature, and on a Raspberry Pi whether its power
 * supply or its heat holds it back. Reads files of the kernel; what a host does not have is empty.
 * Thread-safe.
 */
public final class HostSensors {
    private static final Logger LOG = LoggerFactory.getLogger(HostSensors.class);

    /** Where firmware of a Raspberry Pi says what holds it back, on newer kernels. */
    private static final String THROTTLED = "devices/platform/soc/soc:firmware/get_throttled";

    /** The older way is a program, so it is not asked before every job. */
    private static final Duration ASK_AGAIN = Duration.ofSeconds(10);

    private static final Duration ANSWER = Duration.ofSeconds(2);

    private final Path proc;
    private final Path sys;
    private final Path vcgencmd;
    private final InstantSource clock;
    private OptionalInt asked = OptionalInt.empty();
    private long askedAt = Long.MIN_VALUE;

    /**
     * @param proc {@code /proc}
     * @param sys {@code /sys}
     * @param vcgencmd the Raspberry Pi's program, used where the kernel has no file and it exists
     */
    public HostSensors(Path proc, Path sys, Path vcgencmd, InstantSource clock) {
        this.proc = proc;
        this.sys = sys;
        this.vcgencmd = vcgencmd;
        this.clock = clock;
    }

    /** Those of this host. */
    public static HostSensors ofHost(InstantSource clock) {
        return new HostSensors(
                Path.of("/proc"), Path.of("/sys"), Path.of("/usr/bin/vcgencmd"), clock);
    }

    /** Bytes that jobs may still write below {@code directory}, or where it would be made. */
    OptionalLong freeDisk(Path directory) {
        for (Path at = directory.toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at)) {
                try {
                    return OptionalLong.of(Files.getFileStore(at).getUsableSpace());
                } catch (IOException e) {
                    LOG.warn("disk_unreadable path={} error=\"{}\"", at, e.toString());
                    return OptionalLong.empty();
                }
            }
        }
        return OptionalLong.empty();
    }

    /** Bytes of memory that programs could get without swapping. */
    OptionalLong freeMemory() {
        for (String line : lines(proc.resolve("meminfo"))) {
            if (line.startsWith("MemAvailable:")) {
                String number = line.substring("MemAvailable:".length()).replace("kB", "").strip();
                return OptionalLong.of(Long.parseLong(number) * 1024);
            }
        }
        return OptionalLong.empty();
    }

    /** Degrees Celsius of the hottest zone. */
    OptionalInt temperature() {
        OptionalInt hottest = OptionalInt.empty();
        Path thermal = sys.resolve("class/thermal");
        if (!Files.isDirectory(thermal)) {
            return hottest;
        }
        try (DirectoryStream<Path> zones = Files.newDirectoryStream(thermal, "thermal_zone*")) {
            for (Path zone : zones) {
                // A zone whose sensor sleeps cannot be read: the others count.
                Optional<Integer> degrees =
                        first(zone.resolve("temp")).map(text -> Integer.parseInt(text) / 1000);
                if (degrees.isPresent()
                        && (hottest.isEmpty() || degrees.get() > hottest.getAsInt())) {
                    hottest = OptionalInt.of(degrees.get());
                }
            }
        } catch (IOException e) {
            LOG.warn("temperature_unreadable path={} error=\"{}\"", thermal, e.toString());
        }
        return hottest;
    }

    /**
     * What holds a Raspberry Pi back at this moment, such as {@code under-voltage}; empty on other
     * hosts and on a healthy one.
     */
    Optional<String> throttling() {
        OptionalInt bits = throttledBits();
        if (bits.isEmpty()) {
            return Optional.empty();
        }
        // The upper half says what has happened since the start; only the lower is now.
        List<String> words =
                List.of(
                        "under-voltage",
                        "its frequency is capped",
                        "it is throttled",
                        "the soft temperature limit is reached");
        for (int bit : new int[] {0, 2, 3, 1}) {
            if ((bits.getAsInt() >> bit & 1) == 1) {
                return Optional.of(words.get(bit));
            }
        }
        return Optional.empty();
    }

    private OptionalInt throttledBits() {
        Optional<String> told = first(sys.resolve(THROTTLED));
        if (told.isPresent()) {
            return hex(told.get());
        }
        return Files.isExecutable(vcgencmd) ? askedBits() : OptionalInt.empty();
    }

    private synchronized OptionalInt askedBits() {
        long now = clock.millis();
        if (askedAt == Long.MIN_VALUE || now - askedAt > ASK_AGAIN.toMillis()) {
            askedAt = now;
            asked = ask();
        }
        return asked;
    }

    private OptionalInt ask() {
        try {
            Process process =
                    new ProcessBuilder(vcgencmd.toString(), "get_throttled")
                            .redirectErrorStream(true)
                            .start();
            try {
                process.getOutputStream().close();
                if (!process.waitFor(ANSWER.toMillis(), TimeUnit.MILLISECONDS)) {
                    LOG.warn("throttling_unknown program={} error=\"no answer\"", vcgencmd);
                    return OptionalInt.empty();
                }
                String answer =
                        new String(
                                process.getInputStream().readAllBytes(),
                                java.nio.charset.StandardCharsets.UTF_8);
                int equals = answer.indexOf('=');
                return equals < 0 ? OptionalInt.empty() : hex(answer.substring(equals + 1).strip());
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            LOG.warn("throttling_unknown program={} error=\"{}\"", vcgencmd, e.toString());
            return OptionalInt.empty();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return OptionalInt.empty();
        }
    }

    private static OptionalInt hex(String text) {
        try {
            return OptionalInt.of(
                    Integer.parseUnsignedInt(text.startsWith("0x") ? text.substring(2) : text, 16));
        } catch (NumberFormatException e) {
            LOG.warn("throttling_unknown text=\"{}\"", text);
            return OptionalInt.empty();
        }
    }

    private static Optional<String> first(Path file) {
        return lines(file).stream().findFirst().map(String::strip).filter(text -> !text.isEmpty());
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            // Some sensors answer with an error while they sleep.
            LOG.debug("sensor_unreadable file={} error=\"{}\"", file, e.toString());
            return List.of();
        }
    }
}
