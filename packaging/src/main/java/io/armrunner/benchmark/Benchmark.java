package io.armrunner.benchmark;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures runners side by side: for each row and round, one contender after the other. Runs on the
 * thread that calls it; nothing is left when it is done, whatever happened.
 */
public final class Benchmark {
    private final Rows rows;
    private final PrintWriter out;
    private final PrintWriter err;

    /**
     * @param environment what the runners and git get
     * @param out where the table goes, row by row
     * @param err where it is said that a contender could not do a row
     */
    public Benchmark(
            Map<String, String> environment,
            InstantSource clock,
            PrintWriter out,
            PrintWriter err) {
        this.rows = new Rows(environment, clock);
        this.out = out;
        this.err = err;
    }

    /** The names of all rows. */
    public List<String> rowNames() {
        return List.copyOf(rows.all().keySet());
    }

    /** What came out. */
    public record Outcome(ObjectNode figures, boolean complete) {}

    /**
     * Measures and prints.
     *
     * @param contenders the first is the one that the others are set against
     * @param wanted names of rows; all when empty
     * @param rounds how often each contender does each row
     */
    public Outcome run(List<Contender> contenders, List<String> wanted, int rounds)
            throws InterruptedException {
        Results results = new Results(contenders);
        results.printHeader(out);
        boolean complete = true;
        for (Map.Entry<String, Rows.Row> row : rows.all().entrySet()) {
            if (!wanted.isEmpty() && !wanted.contains(row.getKey())) {
                continue;
            }
            Map<String, Boolean> keys = new LinkedHashMap<>();
            for (int round = 0; round < rounds; round++) {
                for (Contender contender : contenders) {
                    try {
                        List<Figure> figures = row.getValue().measure(contender);
                        results.add(contender, figures);
                        figures.forEach(figure -> keys.put(figure.key(), true));
                    } catch (IOException e) {
                        complete = false;
                        err.println(row.getKey() + ", " + contender.name() + ": " + e.getMessage());
                    }
                }
            }
            results.print(out, List.copyOf(keys.keySet()));
        }
        return new Outcome(results.json(), complete);
    }
}
