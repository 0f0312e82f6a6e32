package io.armrunner.cli;

import io.armrunner.config.Config;
import io.armrunner.config.ConfigException;
import io.armrunner.config.ConfigFile;
import io.armrunner.config.LoadedConfig;
import io.armrunner.config.RunnerConfig;
import io.armrunner.manager.ConfiguredRunner;
import io.armrunner.manager.Manager;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a running service to what its file says now: all of a new configuration or, when any part
 * of it can't be used, nothing of it (job-semantics §11.2). Used by one thread at a time.
 */
final class ConfigReload {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigReload.class);

    private final RunnerFactory factory;
    private final Config started;
    private final Surroundings surroundings;
    private final Runnable refused;
    private final Set<String> needRestart = new HashSet<>();
    private volatile Config current;
    private List<ConfiguredRunner> runners = List.of();

    /**
     * @param config what the service starts with
     * @param refused told each time that a changed file can't be used
     */
    ConfigReload(
            RunnerFactory factory, Config config, Surroundings surroundings, Runnable refused) {
        this.factory = factory;
        this.surroundings = surroundings;
        this.refused = refused;
        this.started = config;
        this.current = config;
    }

    /** Whether SIGTERM leaves running jobs to the next process, by the configuration in use. */
    boolean handsOver() {
        return current.handsOver();
    }

    /** The runners to start with. */
    List<ConfiguredRunner> first() throws UserError {
        runners = runners(started);
        return runners;
    }

    /** What the service runs with just now; any thread may ask. */
    Config current() {
        return current;
    }

    /** Loads the file and hands it to the manager; says what was done, or why nothing was. */
    void load(ConfigFile file, GlobalOptions words, Manager manager) {
        try {
            if (!Files.exists(file.path())) {
                // For a start it is as good as an empty file; here it is more likely being
                // replaced.
                throw new ConfigException(file.path() + ": is gone");
            }
            LoadedConfig loaded = file.load();
            Config config = loaded.config();
            List<ConfiguredRunner> changed = runners(config);
            words.configureLogging(config, surroundings);
            loaded.warnings().lines().forEach(line -> LOG.warn("config {}", line));
            sayWhatNeedsRestart(config);
            manager.reload(
                    config.concurrent(), config.checkInterval(), config.shutdownTimeout(), changed);
            LOG.info(
                    "config_loaded config={} runners={} unchanged={} concurrent={}",
                    file.path(),
                    changed.size(),
                    changed.stream().filter(runners::contains).count(),
                    config.concurrent());
            runners = changed;
            current = config;
        } catch (ConfigException | UserError e) {
            refused.run();
            LOG.error(
                    "config_refused error=\"{}\" hint=\"the configuration before it stays in use\"",
                    e.getMessage());
        }
    }

    /** The runners of a configuration; those whose entry did not change are the same as before. */
    private List<ConfiguredRunner> runners(Config config) throws UserError {
        boolean reusable = config.connectionMaxAge().equals(current.connectionMaxAge());
        List<ConfiguredRunner> all = new ArrayList<>();
        for (RunnerConfig runner : config.runners()) {
            if (runner.token().isEmpty()) {
                LOG.warn("runner_skipped name={} reason=\"it has no token\"", runner.name());
                continue;
            }
            Optional<ConfiguredRunner> known =
                    runners.stream()
                            .filter(candidate -> reusable && candidate.config().equals(runner))
                            .findFirst();
            all.add(
                    known.isPresent()
                            ? known.get()
                            : factory.runner(runner, config.connectionMaxAge()));
        }
        if (all.isEmpty()) {
            LOG.warn("no_runners hint=\"register one with: armrunner register\"");
        }
        return List.copyOf(all);
    }

    private void sayWhatNeedsRestart(Config config) {
        needRestart("listen_address", started.listenAddress(), config.listenAddress());
        needRestart("session_server", started.sessionServer(), config.sessionServer());
        needRestart(
                "min_free_disk,kept_logs_size,kept_logs_age,status_logs",
                started.operation(),
                config.operation());
        needRestart("user", started.user(), config.user());
    }

    private void needRestart(String key, Object before, Object now) {
        if (before.equals(now)) {
            needRestart.remove(key);
        } else if (needRestart.add(key)) {
            LOG.warn(
                    "config_needs_restart key={} hint=\"its new value counts from the next start on\"",
                    key);
        }
    }
}
