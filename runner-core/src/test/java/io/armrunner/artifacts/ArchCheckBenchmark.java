package io.armrunner.artifacts;

import com.sun.management.OperatingSystemMXBean;
import io.armrunner.files.ArchiveListener;
import io.armrunner.files.CompressionLevel;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.PackingThreads;
import io.armrunner.files.ZipPacker;
import io.armrunner.plan.PlanFixture;
import io.armrunner.spec.JobFailure;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.TraceLog;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs to look at an artifact's native files while it is packed: the same tree with {@code
 * ARMRUNNER_ARCH_CHECK} {@code off} and {@code warn}, taking turns in one run, the first one first
 * every other time. Counted is the process's CPU time, so a busy machine does not matter much.
 *
 * <p>The tree: 2,000 files of 100 kB, half of them random and half of them text; each twentieth is
 * a native file, each hundredth a wheel with ten of them.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5)
@Measurement(iterations = 20)
@Fork(1)
public class ArchCheckBenchmark {
    private static final int FILES = 2000;
    private static final int SIZE = 100_000;

    private final OperatingSystemMXBean process =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private Optional<Tree> tree = Optional.empty();
    private int round;

    /** Milliseconds of the process's CPU time in one round. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Cost {
        public double cpuOff;
        public double cpuWarn;

        @Setup(Level.Iteration)
        public void clear() {
            cpuOff = 0;
            cpuWarn = 0;
        }
    }

    /** What is packed, and with what. */
    private record Tree(
            Path root,
            HelperEnvironment off,
            HelperEnvironment warn,
            List<Path> files,
            PackingThreads threads,
            TraceLog trace,
            HelperLines lines) {}

    @Setup
    public void make() throws IOException, JobFailure {
        Path root = Files.createTempDirectory("arch-check-");
        Random random = new Random(5);
        byte[] head = elf(183);
        Path project = Files.createDirectories(root.resolve("project"));
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < FILES; i++) {
            Path file = project.resolve("%04d".formatted(i));
            Files.write(file, i % 100 == 0 ? wheel(head, random) : content(i, head, random));
            files.add(project.relativize(file));
        }
        TraceLog trace = TraceLog.create(root.resolve("trace"), OutputLimit.DEFAULT);
        tree =
                Optional.of(
                        new Tree(
                                root,
                                environment(root, "off"),
                                environment(root, "warn"),
                                files,
                                new PackingThreads(Runtime.getRuntime().availableProcessors()),
                                trace,
                                new HelperLines(
                                        new JobLog(
                                                trace,
                                                Masks.of(List.of(), List.of()),
                                                new JobLog.Format(true, true),
                                                InstantSource.system()))));
    }

    private static HelperEnvironment environment(Path root, String mode)
            throws IOException, JobFailure {
        return HelperEnvironment.of(
                new PlanFixture(root).variable("ARMRUNNER_ARCH_CHECK", mode).plan());
    }

    private static byte[] content(int number, byte[] head, Random random) {
        byte[] bytes = new byte[SIZE];
        if (number % 2 == 0) {
            random.nextBytes(bytes);
        } else {
            StringBuilder text = new StringBuilder(SIZE + 10);
            while (text.length() < SIZE) {
                text.append(random.nextInt(1_000_000)).append('\n');
            }
            bytes = text.substring(0, SIZE).getBytes(StandardCharsets.UTF_8);
        }
        if (number % 20 == 1) {
            System.arraycopy(head, 0, bytes, 0, head.length);
        }
        return bytes;
    }

    /** The beginning of a native file of that machine. */
    private static byte[] elf(int machine) {
        return ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1})
                .putShort(16, (short) 3)
                .putShort(18, (short) machine)
                .array();
    }

    private static byte[] wheel(byte[] head, Random random) throws IOException {
        var bytes = new java.io.ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < 10; i++) {
                byte[] library = new byte[SIZE / 10];
                random.nextBytes(library);
                System.arraycopy(head, 0, library, 0, head.length);
                zip.putNextEntry(new ZipEntry("lib" + i + ".so"));
                zip.write(library);
            }
        }
        return bytes.toByteArray();
    }

    @TearDown
    public void remove() throws IOException {
        Tree made = tree.orElseThrow();
        made.threads().close();
        made.trace().close();
        try (Stream<Path> all = Files.walk(made.root())) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.delete(path);
            }
        }
    }

    @Benchmark
    public void offAndWarn(Cost cost) throws IOException, InterruptedException, JobFailure {
        boolean warnFirst = round++ % 2 == 1;
        if (warnFirst) {
            cost.cpuWarn += pack(Tree::warn);
        }
        cost.cpuOff += pack(Tree::off);
        if (!warnFirst) {
            cost.cpuWarn += pack(Tree::warn);
        }
    }

    private double pack(Function<Tree, HelperEnvironment> mode)
            throws IOException, InterruptedException, JobFailure {
        Tree made = tree.orElseThrow();
        Path project = made.root().resolve("project");
        long before = process.getProcessCpuTime();
        Optional<ArchCheck> check = ArchCheck.of(mode.apply(made), project, made.lines());
        new ZipPacker(made.threads(), CompressionLevel.DEFAULT)
                .pack(
                        project,
                        made.files(),
                        OutputStream.nullOutputStream(),
                        new ArchiveListener() {
                            @Override
                            public void file(String name, byte[] head, int length) {
                                if (check.isPresent()) {
                                    check.get().file(name, head, length);
                                }
                            }

                            @Override
                            public void warning(String message) {
                                throw new IllegalStateException(message);
                            }
                        });
        if (check.isPresent()) {
            check.get().finish();
        }
        return (process.getProcessCpuTime() - before) / 1e6;
    }
}
