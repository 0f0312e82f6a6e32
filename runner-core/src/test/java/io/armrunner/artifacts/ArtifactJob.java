package io.armrunner.artifacts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.files.PackingThreads;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.HttpClient;
import io.armrunner.plan.JobPlace;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanCompiler;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.plan.RunnerSettings.Product;
import io.armrunner.plan.Stage;
import io.armrunner.protocol.GitLabArtifactStore;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.JobReply;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.ManagerInfo;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.LogDecoder;
import io.armrunner.testing.TestRepository;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Masks;
import io.armrunner.trace.OutputLimit;
import io.armrunner.trace.TraceLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A runner that takes jobs from the test's coordinator and does nothing of them but the artifact
 * stages. Waits between tries are noted, not waited.
 */
final class ArtifactJob {
    private static final Product PRODUCT =
            new Product("armrunner", "1.2.3", "0a1b2c3d", "linux/arm64");
    private static final ManagerInfo INFO =
            new ManagerInfo(
                    "armrunner",
                    "1",
                    "",
                    "linux",
                    "arm64",
                    "shell",
                    "bash",
                    Set.of(
                            "variables",
                            "artifacts",
                            "artifacts_exclude",
                            "upload_multiple_artifacts"),
                    Map.of());

    final Coordinator gitlab;
    final List<Duration> waits = Collections.synchronizedList(new ArrayList<>());
    final HttpClient http;
    private final Path directory;
    private final PackingThreads threads = new PackingThreads(2);
    private final RetryingCaller caller;
    private final ArtifactStages stages;
    private final GitLabClient client;
    private final List<JobPayload> taken = new ArrayList<>();
    private int logs;

    ArtifactJob(CoordinatorExtension extension) {
        gitlab = extension.coordinator();
        directory = extension.directory();
        http = HttpClient.open(extension.eventLoops(), ClientSettings.DEFAULTS);
        caller =
                new RetryingCaller(
                        http, "armrunner 1", InstantSource.system(), new Random(1), _ -> {});
        GitLabUrl url = GitLabUrl.of(gitlab.url().toString());
        CoordinatorRunner runner = gitlab.registerRunner(RunnerSpec.tagged());
        client = new GitLabClient(caller, url, runner.token(), "s_0a1b2c3d4e5f", INFO);
        stages = stagesFor(gitlab.url().toString());
    }

    /** The stages against another server. */
    ArtifactStages stagesFor(String url) {
        return new ArtifactStages(
                new StageTools(
                        new GitLabArtifactStore(caller, GitLabUrl.of(url), new Random(2)),
                        threads,
                        TestRepository.environment(),
                        waits::add,
                        InstantSource.system()));
    }

    /** Queues the job and takes it. */
    JobPlan take(JobBuilder job) throws IOException, InterruptedException, JobFailure {
        CoordinatorJob queued = job.script("true").enqueue();
        JobReply reply = client.request(true);
        assertThat(reply).isInstanceOf(JobReply.Job.class);
        JobPayload payload = ((JobReply.Job) reply).payload();
        assertThat(payload.id()).isEqualTo(queued.id());
        taken.add(payload);
        JobPlan plan =
                PlanCompiler.compile(
                        payload,
                        RunnerSettings.minimal(
                                "rack",
                                "Zk3QpW9xL",
                                "s_0a1b2c3d4e5f",
                                gitlab.url().toString(),
                                "shell",
                                PRODUCT),
                        new JobPlace(
                                directory + "/builds" + payload.id(),
                                directory + "/cache",
                                0,
                                0,
                                false,
                                false,
                                "pi-1",
                                "",
                                JobPlace.TlsFiles.NONE));
        Files.createDirectories(Path.of(plan.directories().project()));
        Files.createDirectories(Path.of(plan.directories().temp()));
        return plan;
    }

    CoordinatorJob job(JobPlan plan) {
        return gitlab.job(plan.payload().id()).orElseThrow();
    }

    /** What the stage printed, and whether it failed. */
    record Ran(String log, boolean failed, String raw) {}

    Ran upload(JobPlan plan) throws IOException, InterruptedException {
        return upload(plan, Stage.When.SUCCESS);
    }

    Ran upload(JobPlan plan, Stage.When when) throws IOException, InterruptedException {
        for (Stage stage : plan.stages()) {
            if (stage instanceof Stage.UploadArtifacts upload && upload.when() == when) {
                return run(plan, stage);
            }
        }
        throw new AssertionError("the plan has no such upload: " + plan.stages());
    }

    Ran download(JobPlan plan) throws IOException, InterruptedException {
        for (Stage stage : plan.stages()) {
            if (stage instanceof Stage.DownloadArtifacts) {
                return run(plan, stage);
            }
        }
        throw new AssertionError("the plan has no download: " + plan.stages());
    }

    Ran run(JobPlan plan, Stage stage) throws IOException, InterruptedException {
        return run(stages, plan, stage);
    }

    Ran run(ArtifactStages stages, JobPlan plan, Stage stage)
            throws IOException, InterruptedException {
        boolean failed = false;
        byte[] bytes;
        Path file = directory.resolve("log" + ++logs);
        try (TraceLog trace = TraceLog.create(file, OutputLimit.DEFAULT)) {
            try (JobLog log =
                    new JobLog(
                            trace,
                            Masks.of(List.of(), List.of()),
                            new JobLog.Format(true, false),
                            InstantSource.system())) {
                stages.run(plan, stage, log);
            } catch (JobFailure failure) {
                assertThat(failure).hasMessage("exit status 1");
                assertThat(failure.exitCode()).isEqualTo(1);
                assertThat(failure.reason().wireName()).isEqualTo("script_failure");
                failed = true;
            }
            bytes = Files.readAllBytes(trace.path());
        }
        return new Ran(LogDecoder.plain(bytes), failed, LogDecoder.text(bytes));
    }

    /** Tells GitLab that the job went well, so that later ones can have its artifacts. */
    void succeed(JobPlan plan) throws IOException, InterruptedException {
        JobPayload payload = plan.payload();
        client.reports(payload.id(), payload.token(), false)
                .update(new JobUpdate.Success(new JobUpdate.LogState(0, 0)));
        taken.remove(payload);
    }

    static Path project(JobPlan plan) {
        return Path.of(plan.directories().project());
    }

    static ObjectNode entry(String type, String format, String name) {
        ObjectNode entry = io.armrunner.spec.Wire.mapper().createObjectNode();
        entry.put("artifact_type", type).put("artifact_format", format).put("when", "always");
        return name.isEmpty() ? entry : entry.put("name", name);
    }

    /** Ends what was taken, so that no job is left open. */
    void finish() throws IOException, InterruptedException {
        for (JobPayload payload : List.copyOf(taken)) {
            client.reports(payload.id(), payload.token(), false)
                    .update(new JobUpdate.Success(new JobUpdate.LogState(0, 0)));
        }
        http.close();
        threads.close();
    }
}
