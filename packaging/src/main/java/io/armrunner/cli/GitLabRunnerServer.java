package io.armrunner.cli;

import io.armrunner.config.ConfigFile;
import io.armrunner.config.RunnerCertificates;
import io.armrunner.config.RunnerConfig;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.LeaveReply;
import io.armrunner.protocol.RegisterReply;
import io.armrunner.protocol.Registration;
import io.armrunner.protocol.ResetReply;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.protocol.RunnersApi;
import io.armrunner.protocol.SystemId;
import io.armrunner.protocol.VerifyReply;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * The real GitLab. Each call opens a client of its own, because runners differ in their
 * certificates.
 */
final class GitLabRunnerServer implements RunnerServer {
    private final Surroundings surroundings;
    private final Path directory;
    private final SystemId systemId;
    private final SecureRandom random = new SecureRandom();
    private final EventLoops loops = EventLoops.open(1);

    GitLabRunnerServer(Surroundings surroundings, ConfigFile file) {
        this.surroundings = surroundings;
        this.directory = Objects.requireNonNull(file.path().getParent(), "a file has a directory");
        this.systemId = SystemId.load(directory, SystemId.MACHINE_IDS, random);
    }

    /** One call to GitLab's runner API. */
    private interface Call<T> {
        T with(RunnersApi api) throws IOException, InterruptedException;
    }

    private <T> T call(RunnerConfig runner, Call<T> call) throws IOException, InterruptedException {
        RunnerCertificates files = RunnerCertificates.of(runner, directory);
        ClientSettings settings =
                ClientSettings.DEFAULTS
                        .withEnvironment(surroundings.environment())
                        .withTls(files.caFile(), files.certificateFile(), files.keyFile());
        GitLabUrl url;
        try {
            url = GitLabUrl.of(runner.url());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        try (HttpClient client = HttpClient.open(loops, settings)) {
            RetryingCaller caller =
                    new RetryingCaller(
                            client,
                            Identity.userAgent(),
                            surroundings.clock(),
                            random,
                            Thread::sleep);
            return call.with(new RunnersApi(caller, url, Identity.of(runner)));
        }
    }

    @Override
    public Verified verify(RunnerConfig runner) throws InterruptedException {
        try {
            return switch (call(runner, api -> api.verify(runner.token(), systemId))) {
                case VerifyReply.Valid(long id, var expiresAt) -> new Verified.Valid(id, expiresAt);
                case VerifyReply.Alive() -> new Verified.Valid(0, java.util.Optional.empty());
                case VerifyReply.Forbidden _ -> new Verified.Refused();
                case VerifyReply.Failed(int status, String message) ->
                        new Verified.Unclear(status(status, message));
            };
        } catch (IOException e) {
            return new Verified.Unclear(unreachable(e));
        }
    }

    @Override
    public Registered register(RunnerConfig runner, LegacyAttributes attributes)
            throws InterruptedException {
        Registration wanted =
                new Registration(
                        attributes.description(),
                        attributes.maintenanceNote(),
                        tags(attributes.tagList()),
                        attributes.runUntagged(),
                        attributes.locked(),
                        attributes.accessLevel(),
                        attributes.maximumTimeout() > 0
                                ? OptionalInt.of(attributes.maximumTimeout())
                                : OptionalInt.empty(),
                        attributes.paused());
        try {
            return switch (call(runner, api -> api.register(runner.token(), wanted))) {
                case RegisterReply.Registered(long id, var token, var expiresAt) ->
                        new Registered.Made(id, token, expiresAt);
                case RegisterReply.Forbidden _ -> new Registered.Refused();
                case RegisterReply.TokensDisabled _ -> new Registered.Disabled();
                case RegisterReply.Failed(int status, String message) ->
                        new Registered.Unclear(status(status, message));
            };
        } catch (IOException e) {
            return new Registered.Unclear(unreachable(e));
        }
    }

    @Override
    public Removed deleteManager(RunnerConfig runner) throws InterruptedException {
        return removed(runner, api -> api.unregisterManager(runner.token(), systemId));
    }

    @Override
    public Removed deleteRunner(RunnerConfig runner) throws InterruptedException {
        return removed(runner, api -> api.deleteRunner(runner.token()));
    }

    private Removed removed(RunnerConfig runner, Call<LeaveReply> call)
            throws InterruptedException {
        try {
            return switch (call(runner, call)) {
                case LeaveReply.Left() -> new Removed.Done();
                case LeaveReply.Refused(int status, String message) ->
                        status == 403
                                ? new Removed.Refused()
                                : new Removed.Unclear(status(status, message));
            };
        } catch (IOException e) {
            return new Removed.Unclear(unreachable(e));
        }
    }

    @Override
    public Reset reset(RunnerConfig runner) throws InterruptedException {
        return reset(runner, api -> api.resetToken(runner.token()));
    }

    @Override
    public Reset reset(RunnerConfig runner, Secret personalAccessToken)
            throws InterruptedException {
        return reset(runner, api -> api.resetToken(runner.id(), personalAccessToken));
    }

    private Reset reset(RunnerConfig runner, Call<ResetReply> call) throws InterruptedException {
        try {
            return switch (call(runner, call)) {
                case ResetReply.Replaced(Secret token, var expiresAt) ->
                        new Reset.Done(token, expiresAt);
                case ResetReply.Forbidden _ -> new Reset.Refused();
                case ResetReply.Failed(int status, String message) ->
                        new Reset.Unclear(status(status, message));
            };
        } catch (IOException e) {
            return new Reset.Unclear(unreachable(e));
        }
    }

    @Override
    public void close() {
        loops.close();
    }

    private static List<String> tags(String list) {
        return Arrays.stream(list.split(",", -1))
                .map(String::strip)
                .filter(tag -> !tag.isEmpty())
                .toList();
    }

    private static String status(int status, String message) {
        return status > 0 ? "GitLab answered %d %s".formatted(status, message).strip() : message;
    }

    private static String unreachable(IOException failure) {
        return failure.getMessage() == null ? failure.toString() : failure.getMessage();
    }
}
