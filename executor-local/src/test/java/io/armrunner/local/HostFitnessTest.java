package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.config.LaneConfig.Floors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A host's sensors, as the kernel and a Raspberry Pi's firmware show them. */
final class HostFitnessTest {
    @TempDir private Path root = Path.of("");

    @BeforeEach
    void kernel() throws IOException {
        write("proc/meminfo", "MemTotal: 8000000 kB\nMemFree: 1 kB\nMemAvailable:    2000000 kB\n");
        write("sys/class/thermal/thermal_zone0/temp", "48312\n");
        write("sys/class/thermal/thermal_zone1/temp", "61000\n");
    }

    private void write(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private HostSensors sensors() {
        return new HostSensors(
                root.resolve("proc"),
                root.resolve("sys"),
                root.resolve("vcgencmd"),
                InstantSource.system());
    }

    private HostFitness fitness(long disk, long memory, int degrees, boolean throttledTaken) {
        return new HostFitness(new Floors(disk, memory, degrees, throttledTaken), sensors());
    }

    @Test
    void sensorsTellDiskMemoryAndTheHottestZone() {
        assertThat(sensors().freeDisk(root.resolve("not/yet/made")).getAsLong()).isPositive();
        assertThat(sensors().freeMemory()).hasValue(2_000_000L * 1024);
        assertThat(sensors().temperature()).hasValue(61);
        assertThat(sensors().throttling()).isEmpty();
    }

    @Test
    void aHostBelowAFloorIsUnfit() {
        assertThat(fitness(1, 1, 62, false).unfit(root)).isEmpty();
        assertThat(fitness(Long.MAX_VALUE, 0, 0, false).unfit(root))
                .hasValueSatisfying(why -> assertThat(why).contains("min_free_disk"));
        assertThat(fitness(0, 3L << 30, 0, false).unfit(root))
                .contains("1953 MB of memory are free, min_free_memory is 3072 MB");
        assertThat(fitness(0, 0, 60, false).unfit(root))
                .contains("it has 61 degrees, max_temperature is 60");
    }

    @Test
    void aHotHostHasToCoolBelowTheLimitBeforeItIsFitAgain() throws Exception {
        HostFitness fitness = fitness(0, 0, 60, false);
        assertThat(fitness.unfit(root)).isPresent();
        write("sys/class/thermal/thermal_zone1/temp", "58000\n");
        assertThat(fitness.unfit(root)).isPresent();
        write("sys/class/thermal/thermal_zone1/temp", "54000\n");
        assertThat(fitness.unfit(root)).isEmpty();
        write("sys/class/thermal/thermal_zone1/temp", "58000\n");
        assertThat(fitness.unfit(root)).isEmpty();
    }

    @Test
    void aThrottledPiIsUnfitUnlessItIsTakenAllTheSame() throws Exception {
        String file = "sys/devices/platform/soc/soc:firmware/get_throttled";
        write(file, "50005\n");
        assertThat(fitness(0, 0, 0, false).unfit(root)).contains("under-voltage");
        assertThat(fitness(0, 0, 0, true).unfit(root)).isEmpty();
        write(file, "0x4\n");
        assertThat(fitness(0, 0, 0, false).unfit(root)).contains("it is throttled");
        // Only since the start, not now.
        write(file, "50000\n");
        assertThat(fitness(0, 0, 0, false).unfit(root)).isEmpty();
    }

    @Test
    void whereTheKernelHasNoFileThePisProgramIsAsked() throws Exception {
        write("vcgencmd", "#!/bin/sh\necho throttled=0x50008\n");
        Files.setPosixFilePermissions(
                root.resolve("vcgencmd"), PosixFilePermissions.fromString("rwx------"));

        // The program has a moment to answer, which may be too short on a busy machine.
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() ->
                        assertThat(fitness(0, 0, 0, false).unfit(root))
                                .contains("the soft temperature limit is reached"));
    }

    @Test
    void aSensorThatCannotBeReadSaysNothing() throws Exception {
        Files.delete(root.resolve("proc/meminfo"));
        Files.delete(root.resolve("sys/class/thermal/thermal_zone1/temp"));

        assertThat(sensors().freeMemory()).isEmpty();
        assertThat(sensors().temperature()).hasValue(48);
        assertThat(fitness(0, 1, 0, false).unfit(root)).isEmpty();
    }
}
