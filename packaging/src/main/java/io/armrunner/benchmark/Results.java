package io.armrunner.benchmark;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * All values of all rounds, and how they are shown: a line for each figure, with the median of each
 * contender and, from the second contender on, the first one's median divided by theirs. Used by
 * one thread.
 */
final class Results {
    private final List<Contender> contenders;
    private final Map<String, Map<String, List<Double>>> values = new LinkedHashMap<>();

    Results(List<Contender> contenders) {
        this.contenders = List.copyOf(contenders);
    }

    /** Adds the figures of one round of one contender. */
    void add(Contender contender, List<Figure> figures) {
        for (Figure figure : figures) {
            values.computeIfAbsent(figure.key(), _ -> new LinkedHashMap<>())
                    .computeIfAbsent(contender.name(), _ -> new ArrayList<>())
                    .add(figure.value());
        }
    }

    void printHeader(PrintWriter out) {
        StringBuilder line = new StringBuilder("%-22s".formatted("figure"));
        for (int i = 0; i < contenders.size(); i++) {
            line.append("  %24s".formatted(contenders.get(i).name()));
            if (i > 0) {
                line.append("  ratio");
            }
        }
        out.println(line);
    }

    /** Prints the lines of these figures. */
    void print(PrintWriter out, List<String> keys) {
        for (String key : keys) {
            out.println(line(key));
        }
        out.flush();
    }

    private String line(String key) {
        Map<String, List<Double>> all = values.getOrDefault(key, Map.of());
        StringBuilder line = new StringBuilder("%-22s".formatted(key));
        double first = Double.NaN;
        for (int i = 0; i < contenders.size(); i++) {
            List<Double> own = all.getOrDefault(contenders.get(i).name(), List.of());
            line.append("  %24s".formatted(own.isEmpty() ? "-" : range(own)));
            double median = own.isEmpty() ? Double.NaN : median(own);
            if (i == 0) {
                first = median;
            } else {
                double ratio = first / median;
                line.append(
                        Double.isFinite(ratio)
                                ? String.format(Locale.ROOT, "  %5.2f", ratio)
                                : "      -");
            }
        }
        return line.toString();
    }

    private static String range(List<Double> values) {
        double least = values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
        double most = values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        return values.size() == 1
                ? String.format(Locale.ROOT, "%.3f", least)
                : String.format(Locale.ROOT, "%.3f (%.3f..%.3f)", median(values), least, most);
    }

    /** All values, for programs: figure, then contender, then the rounds. */
    ObjectNode json() {
        ObjectNode root = Wire.mapper().createObjectNode();
        values.forEach((key, all) -> {
            ObjectNode figure = root.putObject(key);
            all.forEach((name, rounds) -> {
                ArrayNode list = figure.putArray(name);
                rounds.forEach(list::add);
            });
        });
        return root;
    }

    /** The middle one, or the mean of the two in the middle. */
    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}
