package io.armrunner.variables;

import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the variables of a job cost: 150 of them, every third with two others in its value. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ExpansionBenchmark {
    private static final int COUNT = 150;

    private final List<Variable> list = new ArrayList<>();

    @Setup
    public void fill() {
        for (int i = 0; i < COUNT; i++) {
            String value =
                    i % 3 == 0
                            ? "$VARIABLE_%d/build/${VARIABLE_%d}".formatted(i / 2, i / 3)
                            : "value-" + i;
            list.add(Variable.of("VARIABLE_" + i, value));
        }
    }

    /** All values of a job, once. */
    @Benchmark
    public JobVariables allValues() {
        return JobVariables.of(list, "/builds/group/project.tmp").expanded();
    }
}
