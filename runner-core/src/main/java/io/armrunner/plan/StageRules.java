package io.armrunner.plan;

import io.armrunner.plan.Stage.CacheEntry;
import io.armrunner.plan.Stage.When;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Cache;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Step;
import io.armrunner.variables.JobVariables;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Which stages a job has, in their order (job-semantics §1.2). A stage with nothing to do is left
 * out.
 */
final class StageRules {
    private static final String AFTER_SCRIPT = "after_script";
    private static final String RELEASE = "release";

    private StageRules() {}

    static List<Stage> of(JobPayload payload, JobVariables variables, Stage.Cleanup cleanup) {
        List<Stage> stages = new ArrayList<>();
        stages.add(new Stage.PrepareScript());
        stages.add(new Stage.GetSources());
        List<CacheEntry> restored = new ArrayList<>();
        for (Cache cache : payload.cache()) {
            if (hasFiles(cache.paths(), cache.untracked())) {
                restored.add(entry(cache, payload, variables));
            }
        }
        if (!restored.isEmpty()) {
            stages.add(new Stage.RestoreCache(restored));
        }
        List<Dependency> dependencies =
                payload.dependencies().stream()
                        .filter(dependency -> !dependency.artifactsFile().filename().isEmpty())
                        .toList();
        if (!dependencies.isEmpty()) {
            stages.add(new Stage.DownloadArtifacts(dependencies));
        }
        addScripts(payload, variables, stages);
        for (When when : When.values()) {
            addArchive(when, payload, variables, stages);
        }
        for (When when : When.values()) {
            addUpload(when, payload, stages);
        }
        stages.add(cleanup);
        return stages;
    }

    private static void addScripts(JobPayload payload, JobVariables variables, List<Stage> stages) {
        for (Step step : payload.steps()) {
            String name = step.name().toLowerCase(Locale.ROOT);
            if (name.equals(RELEASE)) {
                stages.add(
                        new Stage.Step(
                                name, step.script().stream().map(variables::expand).toList()));
            } else if (!name.equals(AFTER_SCRIPT)) {
                stages.add(new Stage.Step(name, step.script()));
            }
        }
        for (Step step : payload.steps()) {
            if (step.name().toLowerCase(Locale.ROOT).equals(AFTER_SCRIPT)
                    && !step.script().isEmpty()) {
                stages.add(new Stage.AfterScript(step.script()));
                break;
            }
        }
    }

    private static void addArchive(
            When when, JobPayload payload, JobVariables variables, List<Stage> stages) {
        List<CacheEntry> saved = new ArrayList<>();
        for (Cache cache : payload.cache()) {
            if (hasFiles(cache.paths(), cache.untracked()) && when.takes(cache.when())) {
                saved.add(entry(cache, payload, variables));
            }
        }
        if (!saved.isEmpty()) {
            stages.add(new Stage.ArchiveCache(when, saved));
        }
    }

    private static void addUpload(When when, JobPayload payload, List<Stage> stages) {
        List<Artifacts> uploads = new ArrayList<>();
        for (Artifacts artifacts : payload.artifacts()) {
            if (hasFiles(artifacts.paths(), artifacts.untracked())
                    && when.takes(artifacts.when())) {
                uploads.add(artifacts);
            }
        }
        if (!uploads.isEmpty()) {
            stages.add(new Stage.UploadArtifacts(when, uploads));
        }
    }

    private static boolean hasFiles(List<String> paths, boolean untracked) {
        return untracked || !paths.isEmpty();
    }

    private static CacheEntry entry(Cache cache, JobPayload payload, JobVariables variables) {
        String key = variables.expand(cache.key());
        String policy = variables.expand(cache.policy());
        return new CacheEntry(
                key.isEmpty() ? payload.jobInfo().name() + "/" + payload.gitInfo().ref() : key,
                cache.fallbackKeys().stream().map(variables::expand).toList(),
                cache.paths(),
                cache.untracked(),
                policy.isEmpty() ? "pull-push" : policy);
    }
}
