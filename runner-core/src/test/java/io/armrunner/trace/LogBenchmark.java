package io.armrunner.trace;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a job's output costs on its way into the log: masks, spool file, stamps, all of it. One
 * operation is 64 KiB of lines as a build prints them.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LogBenchmark {
    private static final int LENGTH = 64 * 1024;

    /** A log of 4 MiB before it starts anew, so that the disk does not fill. */
    private static final int PIECES = 64;

    private static final Masks SECRETS =
            Masks.of(
                    List.of(
                            Secret.of("hunter2-but-longer"),
                            Secret.of("AKIAIOSFODNN7EXAMPLE"),
                            Secret.of("correct horse battery staple"),
                            Secret.of("glcbt-64_SampleJobTokenSample")),
                    List.of("glpat-"));

    private byte[] output = new byte[0];
    private Path directory = Path.of("");

    /** Takes everything and keeps nothing. */
    private static final class Nothing implements Filter {
        private long taken;

        @Override
        public void write(byte[] bytes, int offset, int length) {
            taken += length;
        }

        @Override
        public void flush() {}

        @Override
        public void save(java.io.DataOutputStream out) {
            // Nothing is held back.
        }

        @Override
        public void restore(java.io.DataInputStream in) {
            // Nothing was saved.
        }
    }

    @Setup
    public void write() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int line = 0; text.length() < LENGTH; line++) {
            text.append("[INFO] compiling source ")
                    .append(line)
                    .append(" of module ")
                    .append(line % 7);
            text.append(line % 50 == 0 ? ", key AKIAIOSFODNN7EXAMPLE\n" : " with warnings\n");
        }
        output = text.substring(0, LENGTH).getBytes(UTF_8);
        directory = Files.createTempDirectory("log-benchmark-");
    }

    @TearDown
    public void remove() throws IOException {
        Files.delete(directory);
    }

    /** The masks alone. */
    @Benchmark
    public long masks() {
        Nothing nothing = new Nothing();
        Filter chain = SECRETS.chain(nothing);
        chain.write(output, 0, LENGTH);
        chain.flush();
        return nothing.taken;
    }

    /** Spool file and checksum alone. */
    @Benchmark
    @OperationsPerInvocation(PIECES)
    public long trace() throws IOException {
        try (TraceLog trace = open()) {
            for (int piece = 0; piece < PIECES; piece++) {
                trace.append(output, 0, LENGTH);
            }
            trace.discard();
            return trace.size();
        }
    }

    /** Stamps, default masks and spool file. */
    @Benchmark
    @OperationsPerInvocation(PIECES)
    public long stamps() throws IOException {
        return log(Masks.DEFAULT, true);
    }

    /** All that happens to the output of a job with secrets. */
    @Benchmark
    @OperationsPerInvocation(PIECES)
    public long everything() throws IOException {
        return log(SECRETS, true);
    }

    private long log(Masks masks, boolean stamped) throws IOException {
        try (TraceLog trace = open();
                JobLog log =
                        new JobLog(
                                trace,
                                masks,
                                new JobLog.Format(true, stamped),
                                InstantSource.system())) {
            for (int piece = 0; piece < PIECES; piece++) {
                log.jobOutput(output, 0, LENGTH);
            }
            log.endJobOutput();
            trace.discard();
            return trace.size();
        }
    }

    private TraceLog open() throws IOException {
        return TraceLog.create(directory.resolve("trace.log"), new OutputLimit(1L << 40));
    }
}
