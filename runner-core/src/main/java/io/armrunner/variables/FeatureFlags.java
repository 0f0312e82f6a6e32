package io.armrunner.variables;

import io.armrunner.spec.Variable;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one job got of every feature flag: the configuration's word, else the job's, else the
 * default. Immutable.
 */
public final class FeatureFlags {
    private static final FeatureFlag[] ALL = FeatureFlag.values();

    private final Set<FeatureFlag> on;

    private final List<String> warnings;

    private FeatureFlags(Set<FeatureFlag> on, List<String> warnings) {
        this.on = on;
        this.warnings = List.copyOf(warnings);
    }

    /**
     * Resolves all flags.
     *
     * @param fixed the configuration's flags; names that are not known are passed over
     * @param variables the configuration's environment and then the job's variables, expanded
     */
    public static FeatureFlags resolve(Map<String, Boolean> fixed, JobVariables variables) {
        Set<FeatureFlag> on = EnumSet.noneOf(FeatureFlag.class);
        List<String> warnings = new ArrayList<>();
        for (FeatureFlag flag : ALL) {
            Boolean decided = fixed.get(flag.name());
            boolean value = decided == null ? fromVariable(flag, variables, warnings) : decided;
            if (value) {
                on.add(flag);
            }
        }
        return new FeatureFlags(on, warnings);
    }

    private static boolean fromVariable(
            FeatureFlag flag, JobVariables variables, List<String> warnings) {
        String text = variables.content(flag.name());
        if (text.isEmpty()) {
            return flag.byDefault();
        }
        Optional<Boolean> value = GoBool.parse(text);
        if (value.isEmpty()) {
            warnings.add(
                    flag.name() + ": could not parse feature flag, expected bool, got " + text);
        }
        return value.orElse(flag.byDefault());
    }

    public boolean isOn(FeatureFlag flag) {
        return on.contains(flag);
    }

    /** The flags as variables for the job, in the order of the enum. */
    public List<Variable> variables() {
        List<Variable> variables = new ArrayList<>(ALL.length);
        for (FeatureFlag flag : ALL) {
            variables.add(Variable.of(flag.name(), Boolean.toString(isOn(flag))));
        }
        return variables;
    }

    /**
     * Flags that are not as by default, {@code NAME:value} joined by {@code ", "}, for the log's
     * header.
     */
    public String changed() {
        StringBuilder text = new StringBuilder();
        for (FeatureFlag flag : ALL) {
            if (isOn(flag) != flag.byDefault()) {
                text.append(text.isEmpty() ? "" : ", ")
                        .append(flag.name())
                        .append(':')
                        .append(isOn(flag));
            }
        }
        return text.toString();
    }

    /** What could not be read. */
    public List<String> warnings() {
        return warnings;
    }

    /** Whether {@code name} is a flag that we know. */
    public static boolean isKnown(String name) {
        if (!name.startsWith("FF_")) {
            return false;
        }
        for (FeatureFlag flag : ALL) {
            if (flag.name().equals(name)) {
                return true;
            }
        }
        return false;
    }
}
