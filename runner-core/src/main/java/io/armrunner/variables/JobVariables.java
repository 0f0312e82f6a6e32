package io.armrunner.variables;

import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The variables of one job in their order; a later one of the same name wins. Immutable.
 *
 * <p>A variable of type file has its content as value; whoever refers to it means its path, which
 * is made from the directory for temporary files.
 */
public final class JobVariables {
    private final List<Variable> list;
    private final Map<String, Variable> last;
    private final String tempDirectory;

    private JobVariables(List<Variable> list, String tempDirectory) {
        this.list = List.copyOf(list);
        this.tempDirectory = tempDirectory;
        Map<String, Variable> byName = HashMap.newHashMap(list.size());
        for (Variable variable : list) {
            byName.put(variable.key(), variable);
        }
        this.last = byName;
    }

    /**
     * The list as it is, nothing expanded.
     *
     * @param tempDirectory absolute directory of the files of file variables, without a slash at
     *     its end
     */
    public static JobVariables of(List<Variable> list, String tempDirectory) {
        return new JobVariables(list, tempDirectory);
    }

    /** All entries, also those that a later one hides: this is the order of the exports. */
    public List<Variable> list() {
        return list;
    }

    /** The variable that counts for this name. */
    public Optional<Variable> find(String key) {
        return Optional.ofNullable(last.get(key));
    }

    /**
     * What a script sees under this name: the value, or the path for a file; empty if there is
     * none.
     */
    public String get(String key) {
        Variable variable = last.get(key);
        return variable == null ? "" : exported(variable);
    }

    /**
     * What the runner reads under this name: the value, or the content for a file; empty if there
     * is none.
     */
    public String content(String key) {
        Variable variable = last.get(key);
        return variable == null ? "" : variable.value();
    }

    /** What a script sees of this entry: its value, or the path for a file. */
    public String exported(Variable variable) {
        return variable.file() ? tempDirectory + "/" + variable.key() : variable.value();
    }

    /** {@code text} with the variables put in, once. */
    public String expand(String text) {
        return Expansion.expand(text, this::get);
    }

    /**
     * All values expanded once, each against the values as they are now: with {@code A=$B} and
     * {@code B=$C}, A becomes the text {@code $C} (job-semantics §2.3). Raw ones stay.
     */
    public JobVariables expanded() {
        List<Variable> expanded = new ArrayList<>(list.size());
        for (Variable variable : list) {
            expanded.add(variable.raw() ? variable : variable.withValue(expand(variable.value())));
        }
        return new JobVariables(expanded, tempDirectory);
    }

    /** This list with another value for the first entry of that name, in its place. */
    public JobVariables withFirst(String key, String value) {
        List<Variable> changed = new ArrayList<>(list);
        for (int i = 0; i < changed.size(); i++) {
            if (changed.get(i).key().equals(key)) {
                changed.set(i, changed.get(i).withValue(value));
                break;
            }
        }
        return new JobVariables(changed, tempDirectory);
    }

    /**
     * What must not be seen in the log: values of masked variables, trimmed, each once, longest
     * first.
     */
    public List<Secret> masks() {
        Set<String> values = new LinkedHashSet<>();
        for (Variable variable : list) {
            String value = variable.value().strip();
            if (variable.masked() && !value.isEmpty()) {
                values.add(value);
            }
        }
        return values.stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Secret::of)
                .toList();
    }

    /** Paths of all file variables, in order. */
    public List<String> filePaths() {
        return list.stream().filter(Variable::file).map(this::exported).distinct().toList();
    }

    @Override
    public String toString() {
        return "JobVariables" + last.keySet();
    }
}
