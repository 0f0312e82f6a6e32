package io.armrunner.codebuild.agent;

import io.armrunner.cache.RemoteCache;
import io.armrunner.codebuild.handover.HandOver;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.codebuild.handover.Tariff;
import io.armrunner.codebuild.secrets.AwsSecretsProvider;
import io.armrunner.engine.EngineLimits;
import io.armrunner.engine.JobSession;
import io.armrunner.engine.Outcome;
import io.armrunner.engine.StopSignal;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.JobReports;
import io.armrunner.secrets.SecretProvider;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import io.armrunner.trace.LogFile;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.TraceUploader;
import io.armrunner.trace.UploadSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One build's only task: wait for its job, run it, say how it ended. Runs on the main thread of its
 * process.
 */
public final class Agent {
    /** The job was delivered, or there was none. */
    public static final int DELIVERED = 0;

    /** The manager has to tell GitLab the end. */
    public static final int FINISH_FOR_ME = 75;

    /** It could not begin. */
    public static final int CANNOT_START = 78;

    private static final Logger LOG = LoggerFactory.getLogger(Agent.class);

    /** A manager needs a second; after this long it has given the build up. */
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /**
     * How long GitLab may be away at the end of a job: the manager goes on then, whose minutes cost
     * nothing, and CodeBuild's own time-out is not reached.
     */
    private static final Duration GRACE = Duration.ofMinutes(8);

    /** What of a log is kept for the manager, if GitLab does not take its end. */
    private static final int MOST_LOG = 64 << 20;

    private static final Duration LOOK = Duration.ofSeconds(1);

    /**
     * Variables that are the build's and not the job's: keys of its role, and what AWS and we tell
     * ourselves.
     */
    private static final List<String> OURS =
            List.of("CODEBUILD_", "AWS_CONTAINER_", "ARMRUNNER_", "ECS_CONTAINER_");

    /** What of a job's run the whole program knows and the agent does not. */
    public interface Parts {
        /**
         * The job's line to GitLab.
         *
         * @param http sends
         * @param labels of the runner
         */
        JobReports reports(
                HttpClient http,
                RunnerSettings settings,
                Map<String, String> labels,
                JobPayload payload,
                boolean debugTrace);

        /** Makes the job's place on this machine, with this environment for its processes. */
        JobSession.Environments environments(
                RunnerSettings settings, JobPlace place, Map<String, String> environment);

        /**
         * Fetches what other servers keep for the job.
         *
         * @param aws one of them, as the build reaches it
         */
        io.armrunner.engine.JobSecrets secrets(HttpClient http, SecretProvider aws);

        /**
         * Moves the job's files.
         *
         * @param caches where caches go and come from, as it was signed
         * @param store where artifacts go and come from; empty for GitLab itself
         */
        io.armrunner.files.FileStages files(
                HttpClient http,
                RunnerSettings settings,
                HandOver handOver,
                Map<String, String> environment,
                RemoteCache caches,
                Optional<ArtifactStore> store);
    }

    private final Map<String, String> environment;
    private final Parts parts;
    private final InstantSource clock;
    private final Ticker ticker;

    /**
     * @param environment of the process
     */
    public Agent(Map<String, String> environment, Parts parts, InstantSource clock, Ticker ticker) {
        this.environment = Map.copyOf(environment);
        this.parts = parts;
        this.clock = clock;
        this.ticker = ticker;
    }

    /** Does it; gives the exit code. */
    public int run() throws IOException, InterruptedException {
        String arn = needed("CODEBUILD_BUILD_ARN");
        JobKeys names = new JobKeys(arn);
        try (EventLoops loops = EventLoops.open(1);
                HttpClient plain = HttpClient.open(loops, ClientSettings.DEFAULTS)) {
            HttpClient aws =
                    HttpClient.open(loops, ClientSettings.DEFAULTS.withEnvironment(environment));
            try (aws) {
                ContainerKeys keys = new ContainerKeys(plain, environment, clock);
                Optional<URI> endpoint = value("ARMRUNNER_ENDPOINT").map(URI::create);
                SecretProvider secrets = new AwsSecretsProvider(aws, keys, endpoint, clock);
                BuildObjects objects =
                        new BuildObjects(
                                aws,
                                keys,
                                new BuildObjects.Place(
                                        needed("ARMRUNNER_BUCKET"),
                                        region(),
                                        endpoint,
                                        value("ARMRUNNER_KMS_KEY")),
                                clock);
                Optional<byte[]> job = await(objects, names.payload());
                if (job.isEmpty()) {
                    LOG.info("no_job patience_s={}", PATIENCE.toSeconds());
                    return DELIVERED;
                }
                if (!objects.putOnce(
                        names.claim(),
                        "agent".getBytes(java.nio.charset.StandardCharsets.US_ASCII))) {
                    LOG.info("job_taken_back");
                    return DELIVERED;
                }
                objects.delete(names.payload());
                return perform(HandOver.read(job.get()), arn, objects, names, secrets, loops);
            }
        }
    }

    private Optional<byte[]> await(BuildObjects objects, String key)
            throws IOException, InterruptedException {
        Duration end = ticker.now().plus(PATIENCE);
        while (true) {
            Optional<byte[]> bytes = objects.get(key);
            if (bytes.isPresent() || ticker.now().compareTo(end) > 0) {
                return bytes;
            }
            Thread.sleep(LOOK);
        }
    }

    private int perform(
            HandOver job,
            String arn,
            BuildObjects objects,
            JobKeys names,
            SecretProvider secrets,
            EventLoops loops)
            throws IOException, InterruptedException {
        if (!job.buildArn().equals(arn)) {
            throw new IOException(
                    "the job is for the build " + job.buildArn() + ", this is " + arn);
        }
        JobPayload payload = Wire.payload(job.payload());
        Path directory = privateDirectory("job");
        RunnerSettings settings = ImageTools.shellThatIsThere(job.input().settings(), environment);
        JobPlace place = job.input().place();
        Files.createDirectories(Path.of(place.buildsRoot()));
        Files.createDirectories(Path.of(place.cacheRoot()));
        Map<String, String> own = new HashMap<>(jobEnvironment());
        Optional<RelayLine> relay = Optional.empty();
        Optional<ArtifactStore> store = Optional.empty();
        if (job.isRelayed()) {
            RelayLine line = new RelayLine(objects, names, job.relay(), ticker);
            relay = Optional.of(line);
            store = Optional.of(new RelayArtifacts(line, URI.create(settings.url()), directory));
            own.putAll(
                    RelaySources.unpack(
                            objects, names.sources(), JobKeys.sourcesAt(place.buildsRoot())));
        }
        Map<String, String> jobs = Map.copyOf(own);
        Optional<JobReports> relayed = relay.map(RelayReports::new);
        try (HttpClient http = HttpClient.open(loops, gitlab(place, directory))) {
            JobSession.Ending ending =
                    new JobSession(
                                    whole(payload, job),
                                    settings,
                                    place,
                                    new JobSession.Surroundings(
                                            debug ->
                                                    relayed.orElseGet(() ->
                                                            parts.reports(
                                                                    http,
                                                                    settings,
                                                                    job.labels(),
                                                                    payload,
                                                                    debug)),
                                            parts.environments(settings, place, jobs),
                                            parts.files(
                                                    http,
                                                    settings,
                                                    job,
                                                    jobs,
                                                    new AskedCaches(
                                                            job.caches(), objects, names, ticker),
                                                    store),
                                            parts.secrets(http, secrets),
                                            directory,
                                            upload(job),
                                            EngineLimits.DEFAULT,
                                            clock,
                                            ticker,
                                            ""),
                                    new StopSignal(),
                                    _ -> {},
                                    Optional.of(prologue(job)))
                            .run();
            if (job.isRelayed()) {
                objects.put(names.receipt(), receipt(ending).relayed().json());
                return DELIVERED;
            }
            Receipt receipt = receipt(ending);
            if (!receipt.accepted()) {
                objects.put(
                        names.log(), LogFile.read(directory.resolve("trace"), 0, MOST_LOG).bytes());
            }
            objects.put(names.receipt(), receipt.json());
            return receipt.accepted() ? DELIVERED : FINISH_FOR_ME;
        }
    }

    private static UploadSettings upload(HandOver job) {
        UploadSettings usual = UploadSettings.DEFAULT;
        Duration pause = job.relay();
        return new UploadSettings(
                job.isRelayed() ? pause : usual.interval(),
                usual.firstDelay(),
                // Whoever is silent has to look for orders all the same.
                job.isRelayed() ? pause : usual.keepAlive(),
                job.finalRounds(),
                GRACE);
    }

    /** With what stands beneath its own variables. */
    private static JobPayload whole(JobPayload payload, HandOver job) {
        if (job.variables().isEmpty()) {
            return payload;
        }
        List<Variable> variables = new ArrayList<>(job.variables());
        variables.addAll(payload.variables());
        return payload.withVariables(variables);
    }

    private JobSession.Prologue prologue(HandOver job) {
        HandOver.Notes notes = job.notes();
        long up = Math.max(0, (clock.millis() - notes.provisioningSince()) / 1000);
        return new JobSession.Prologue(
                job.log(),
                job.acknowledged(),
                ImageTools.remarks(
                        "  build %s: queued %d s, machine up after %d s"
                                .formatted(shortId(job.buildArn()), notes.queuedSeconds(), up),
                        environment),
                () -> List.of(closing(notes, up)));
    }

    /** What AWS bills, and for what. */
    private String closing(HandOver.Notes notes, long up) {
        long seconds = Math.max(1, (clock.millis() - notes.provisioningSince() + 999) / 1000);
        Tariff tariff = notes.tariff();
        long units = tariff.units(Duration.ofSeconds(seconds));
        return "%s: %s%s (queued %d s, machine up after %d s, job %d s)"
                .formatted(
                        notes.title(),
                        tariff.time(units),
                        tariff.isKnown() ? ", " + tariff.price(units) : "",
                        notes.queuedSeconds(),
                        up,
                        Math.max(0, seconds - up));
    }

    private static String shortId(String arn) {
        return arn.substring(arn.lastIndexOf('/') + 1);
    }

    private static Receipt receipt(JobSession.Ending ending) {
        boolean accepted = ending.delivery() != TraceUploader.Delivery.GIVEN_UP;
        boolean over = ending.delivery() == TraceUploader.Delivery.OVER;
        return switch (ending.outcome()) {
            case Outcome.Succeeded _ ->
                    new Receipt(accepted, over, "success", "", "", 0, ending.logSize());
            case Outcome.Failed failed ->
                    new Receipt(
                            accepted,
                            over,
                            "failed",
                            failed.reason().wireName(),
                            failed.explanation(),
                            failed.exitCode(),
                            ending.logSize());
            case Outcome.Over _ -> new Receipt(true, true, "", "", "", 0, ending.logSize());
        };
    }

    private ClientSettings gitlab(JobPlace place, Path directory) throws IOException {
        return ClientSettings.DEFAULTS
                .withEnvironment(environment)
                .withTls(
                        file(directory, "ca.pem", place.tls().caChain()),
                        file(directory, "client.pem", place.tls().certificate()),
                        file(directory, "client.key", place.tls().key().value()));
    }

    private static Optional<Path> file(Path directory, String name, String content)
            throws IOException {
        if (content.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Files.writeString(directory.resolve(name), content));
    }

    /** Without what is the build's own; with what every job has on a host. */
    private Map<String, String> jobEnvironment() {
        Map<String, String> jobs = new HashMap<>(environment);
        jobs.keySet().removeIf(name -> OURS.stream().anyMatch(name::startsWith));
        // A build's locale is POSIX, in which half of the world's file names are no text.
        jobs.putIfAbsent("LC_ALL", "C.UTF-8");
        jobs.put("HOME", ImageTools.home(environment));
        return Map.copyOf(jobs);
    }

    private Path privateDirectory(String name) throws IOException {
        Path above =
                value("CODEBUILD_SRC_DIR")
                        .map(Path::of)
                        .orElse(Path.of("/codebuild/output/armrunner"));
        return Files.createTempDirectory(
                Files.createDirectories(above),
                "armrunner-" + name,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private String region() throws IOException {
        return value("AWS_REGION")
                .or(() -> value("AWS_DEFAULT_REGION"))
                .orElseThrow(() ->
                        new IOException(
                                "neither AWS_REGION nor AWS_DEFAULT_REGION is set: this is no build of CodeBuild"));
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
    }

    private String needed(String name) throws IOException {
        return value(name)
                .orElseThrow(() ->
                        new IOException(
                                name
                                        + " is not set: the agent runs in builds that armrunner starts"));
    }
}
