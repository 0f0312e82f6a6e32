package io.armrunner.cli;

import io.armrunner.config.RunnerConfig;
import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A GitLab that writes down what it is asked and answers as it is told. */
final class RecordingServer implements RunnerServer {
    final List<String> calls = new ArrayList<>();
    final List<LegacyAttributes> registrations = new ArrayList<>();
    Verified verified = new Verified.Valid(42, Optional.of(Instant.parse("2026-12-01T08:00:00Z")));
    Registered registered = new Registered.Made(41, Secret.of("glrtr-made"), Optional.empty());
    Removed removed = new Removed.Done();
    Reset reset =
            new Reset.Done(
                    Secret.of("glrt-t1_afterreset"),
                    Optional.of(Instant.parse("2026-12-31T08:00:00Z")));
    Runnable onCall = () -> {};

    @Override
    public Verified verify(RunnerConfig runner) {
        call("verify", runner);
        return verified;
    }

    @Override
    public Registered register(RunnerConfig runner, LegacyAttributes attributes) {
        call("register", runner);
        registrations.add(attributes);
        return registered;
    }

    @Override
    public Removed deleteManager(RunnerConfig runner) {
        call("deleteManager", runner);
        return removed;
    }

    @Override
    public Removed deleteRunner(RunnerConfig runner) {
        call("deleteRunner", runner);
        return removed;
    }

    @Override
    public Reset reset(RunnerConfig runner) {
        call("reset", runner);
        return reset;
    }

    @Override
    public Reset reset(RunnerConfig runner, Secret personalAccessToken) {
        calls.add("reset " + runner.url() + " " + runner.id() + " " + personalAccessToken.value());
        return reset;
    }

    @Override
    public void close() {
        calls.add("close");
    }

    private void call(String name, RunnerConfig runner) {
        calls.add(name + " " + runner.url() + " " + runner.token().value());
        onCall.run();
    }
}
