package io.armrunner.cli;

import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.ConfigText;
import io.armrunner.config.RunnerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Which runners of which file a command is about. No environment variables for the choice on
 * purpose: {@code CI_SERVER_TOKEN} set for {@code register} must not choose what {@code unregister}
 * removes.
 */
final class RunnerChoice {
    @Mixin private final ConfigOption config = new ConfigOption();

    @Option(
            names = {"-n", "--name"},
            paramLabel = "NAME",
            description = "The runner of this name.")
    private @Nullable String name;

    @Option(
            names = {"-u", "--url"},
            paramLabel = "URL",
            description = "The runners of this GitLab instance.")
    private @Nullable String url;

    @Option(
            names = {"-t", "--token"},
            paramLabel = "TOKEN",
            description = "The runner of this token.")
    private @Nullable String token;

    /**
     * What was chosen.
     *
     * @param runners all of the file
     * @param places of the chosen ones in the file, counted from 0
     */
    record Chosen(ConfigFile file, List<RunnerConfig> runners, List<Integer> places) {
        RunnerConfig runner(int place) {
            return runners.get(place);
        }

        /** Takes runners out of the file. */
        void drop(List<Integer> gone, Surroundings surroundings) throws ConfigException {
            if (gone.isEmpty()) {
                return;
            }
            ConfigText text = file.text();
            // From the last on, so that the places of the others stay true.
            for (int place : gone.reversed()) {
                text = text.withoutRunner(place);
            }
            file.save(text);
            surroundings.out().println("Updated " + file.path());
        }
    }

    /** Whether nothing was chosen. */
    boolean isEmpty() {
        return name == null && url == null && token == null;
    }

    /**
     * Loads the file and finds the runners that fit all that was given.
     *
     * @throws UserError when something was given that no runner fits
     */
    Chosen load(Surroundings surroundings) throws ConfigException, UserError {
        return load(surroundings, Optional.empty());
    }

    /** The same, only the runner with GitLab's id {@code id} when there is one. */
    Chosen load(Surroundings surroundings, Optional<Long> id) throws ConfigException, UserError {
        ConfigFile file = surroundings.configFile(config.path());
        List<RunnerConfig> runners = file.load().config().runners();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < runners.size(); i++) {
            if (fits(runners.get(i)) && (id.isEmpty() || id.get() == runners.get(i).id())) {
                places.add(i);
            }
        }
        if (places.isEmpty() && !(isEmpty() && id.isEmpty())) {
            throw new UserError(
                    "no runner in " + file.path() + " fits the given name, URL and token");
        }
        return new Chosen(file, runners, List.copyOf(places));
    }

    private boolean fits(RunnerConfig runner) {
        return (name == null || runner.name().equals(name))
                && (url == null || isSame(runner.url(), url))
                && (token == null || runner.token().value().equals(token));
    }

    /** Whether two addresses of a GitLab are one. */
    static boolean isSame(String one, String other) {
        return bare(one).equals(bare(other));
    }

    private static String bare(String url) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }
}
