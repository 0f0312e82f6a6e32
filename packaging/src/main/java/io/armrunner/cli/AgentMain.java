package io.armrunner.cli;

import io.armrunner.artifacts.ArtifactStages;
import io.armrunner.artifacts.StageTools;
import io.armrunner.cache.CacheStages;
import io.armrunner.cache.CacheTools;
import io.armrunner.cache.RemoteCache;
import io.armrunner.codebuild.agent.Agent;
import io.armrunner.codebuild.handover.HandOver;
import io.armrunner.codebuild.handover.SignedCaches;
import io.armrunner.engine.CachesAndArtifacts;
import io.armrunner.engine.JobSecrets;
import io.armrunner.engine.JobSession;
import io.armrunner.files.FileStages;
import io.armrunner.files.PackingThreads;
import io.armrunner.http.HttpClient;
import io.armrunner.local.HostShellEnvironment;
import io.armrunner.local.HostShellLane;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.GitLabArtifactStore;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.secrets.SecretProvider;
import io.armrunner.secrets.SecretResolver;
import io.armrunner.secrets.VaultProvider;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The program inside a build: the engine that local jobs have, with the build's own shell. It needs
 * neither the SDK of AWS nor the command line's library, and they are not in the build.
 */
public final class AgentMain {
    private AgentMain() {}

    /** Runs the build's one job. */
    public static void main(String[] words) throws InterruptedException {
        System.exit(run(System.getenv()));
    }

    static int run(Map<String, String> environment) throws InterruptedException {
        return run(environment, Ticker.SYSTEM);
    }

    /** The same with another measure of time. */
    static int run(Map<String, String> environment, Ticker ticker) throws InterruptedException {
        try (PackingThreads packing =
                new PackingThreads(Runtime.getRuntime().availableProcessors())) {
            return new Agent(environment, new Parts(packing), InstantSource.system(), ticker).run();
        } catch (IOException e) {
            // Before a job is there, the build's own output is the only place to say it.
            System.err.println("armrunner agent: " + e.getMessage());
            return Agent.CANNOT_START;
        }
    }

    /** What the agent takes from the whole program. */
    private record Parts(PackingThreads packing, SecureRandom random) implements Agent.Parts {
        Parts(PackingThreads packing) {
            this(packing, new SecureRandom());
        }

        private RetryingCaller caller(HttpClient http) {
            return new RetryingCaller(
                    http, Identity.userAgent(), InstantSource.system(), random, Thread::sleep);
        }

        @Override
        public JobReports reports(
                HttpClient http,
                RunnerSettings settings,
                Map<String, String> labels,
                JobPayload payload,
                boolean debugTrace) {
            // Only the job's own token is used, and the build has no other.
            return new GitLabClient(
                            caller(http),
                            GitLabUrl.of(settings.url()),
                            Secret.NONE,
                            settings.systemId(),
                            Identity.of(settings.executor(), settings.shell(), labels))
                    .reports(payload.id(), payload.token(), debugTrace);
        }

        @Override
        public JobSession.Environments environments(
                RunnerSettings settings, JobPlace place, Map<String, String> environment) {
            HostShellLane lane =
                    new HostShellLane(
                            new HostShellEnvironment.Host(
                                    settings.shell(),
                                    false,
                                    "",
                                    environment,
                                    Path.of(place.buildsRoot())),
                            Path.of(place.buildsRoot()),
                            Path.of(place.cacheRoot()),
                            random);
            return lane::open;
        }

        @Override
        public JobSecrets secrets(HttpClient http, SecretProvider aws) {
            return new SecretResolver(List.of(new VaultProvider(http), aws), Thread::sleep);
        }

        @Override
        public FileStages files(
                HttpClient http,
                RunnerSettings settings,
                HandOver handOver,
                Map<String, String> environment,
                RemoteCache store,
                Optional<ArtifactStore> artifacts) {
            SignedCaches caches = handOver.caches();
            Optional<CacheTools.Remote> remote =
                    caches.isNone()
                            ? Optional.empty()
                            : Optional.of(
                                    new CacheTools.Remote(
                                            store,
                                            http,
                                            caches.path(),
                                            caches.shared(),
                                            caches.maxArchiveSize()));
            return new CachesAndArtifacts(
                    new CacheStages(
                            new CacheTools(
                                    packing,
                                    environment,
                                    Thread::sleep,
                                    InstantSource.system(),
                                    remote)),
                    new ArtifactStages(
                            new StageTools(
                                    artifacts.orElseGet(() ->
                                            new GitLabArtifactStore(
                                                    caller(http),
                                                    GitLabUrl.of(settings.url()),
                                                    random)),
                                    packing,
                                    environment,
                                    Thread::sleep,
                                    InstantSource.system())));
        }
    }
}
