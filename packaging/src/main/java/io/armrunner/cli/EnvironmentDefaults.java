package io.armrunner.cli;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * An option that was not given takes the value of its environment variable. The variable's name
 * stands in the option's {@code descriptionKey}, which has no other use here, as there are no
 * resource bundles.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
    private final Map<String, String> environment;

    EnvironmentDefaults(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public @Nullable String defaultValue(ArgSpec argument) {
        if (argument instanceof OptionSpec option && option.descriptionKey() != null) {
            String value = environment.get(option.descriptionKey());
            if (value != null && !value.isEmpty()) {
                return value;
            }
        }
        // The option's own default counts then.
        return null;
    }
}
