package io.armrunner.codebuild.fake;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * A buildspec of version 0.2.
 *
 * @param shell what runs the commands
 * @param phases by their names, in any order
 */
record Buildspec(String shell, Map<String, Phase> phases) {
    private static final Set<String> PHASES = Set.of("install", "pre_build", "build", "post_build");

    /**
     * The commands of one phase.
     *
     * @param afterwards what {@code finally} lists
     */
    record Phase(List<String> commands, List<String> afterwards) {
        Phase {
            commands = List.copyOf(commands);
            afterwards = List.copyOf(afterwards);
        }
    }

    Buildspec {
        phases = Map.copyOf(phases);
    }

    /** Reads the text; the message of the failure is what the build's phase shows. */
    static Buildspec parse(String text) throws ServiceError {
        Object document;
        try {
            document = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
        } catch (YAMLException e) {
            throw error("invalid YAML: " + e.getMessage());
        }
        if (!(document instanceof Map<?, ?> map)
                || !String.valueOf(map.get("version")).equals("0.2")) {
            throw error("Unknown buildspec version: 0.2 is known");
        }
        String shell = "sh";
        if (map.get("env") instanceof Map<?, ?> env && env.get("shell") instanceof String named) {
            shell = named;
        }
        if (!(map.get("phases") instanceof Map<?, ?> given)) {
            throw error("Unable to find phases in the buildspec");
        }
        Map<String, Phase> phases = new LinkedHashMap<>();
        for (Map.Entry<?, ?> phase : given.entrySet()) {
            String name = String.valueOf(phase.getKey());
            if (!PHASES.contains(name) || !(phase.getValue() instanceof Map<?, ?> content)) {
                throw error("unknown phase: " + name);
            }
            phases.put(
                    name,
                    new Phase(commands(content.get("commands")), commands(content.get("finally"))));
        }
        return new Buildspec(shell, phases);
    }

    Optional<Phase> phase(String name) {
        return Optional.ofNullable(phases.get(name));
    }

    private static List<String> commands(@Nullable Object list) {
        List<String> commands = new ArrayList<>();
        if (list instanceof List<?> all) {
            all.forEach(each -> commands.add(String.valueOf(each)));
        }
        return commands;
    }

    private static ServiceError error(String why) {
        return new ServiceError(400, "YAML_FILE_ERROR", "Message: " + why);
    }
}
