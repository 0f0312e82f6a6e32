package io.armrunner.plan;

import io.armrunner.plan.JobPlan.Directories;
import io.armrunner.plan.JobPlan.Sources;
import io.armrunner.plan.JobPlan.Sources.Strategy;
import io.armrunner.plan.JobPlan.Timeouts;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.variables.FeatureFlag;
import io.armrunner.variables.FeatureFlags;
import io.armrunner.variables.JobSettings;
import io.armrunner.variables.JobVariables;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Puts one plan together; used once, by {@link PlanCompiler}. */
final class PlanBuilder {
    private final JobPayload payload;
    private final RunnerSettings settings;
    private final JobPlace place;
    private final List<Variable> secrets;

    PlanBuilder(
            JobPayload payload, RunnerSettings settings, JobPlace place, List<Variable> secrets) {
        this.payload = payload;
        this.settings = settings;
        this.place = place;
        this.secrets = secrets;
    }

    JobPlan build() throws JobFailure {
        String slug =
                ProjectPaths.slug(
                        payload.gitInfo().repoUrl().value(), payload.jobInfo().projectId());
        // The strategy and GIT_CLONE_PATH decide on the directories, and may refer to variables
        // that name them: read
        // them against the usual directories first, and the rest against the final ones.
        Directories usual = directories(slug, "");
        FeatureFlags flags = flags(usual);
        JobSettings first = read(variables(usual, flags));
        Strategy strategy = Strategy.valueOf(first.gitStrategy().toUpperCase(Locale.ROOT));
        Directories directories =
                directories(
                        strategy == Strategy.EMPTY ? slug + "-empty" : slug, first.gitClonePath());
        JobVariables variables =
                directories.equals(usual) ? variables(usual, flags) : variables(directories, flags);
        JobSettings job = read(variables);

        List<String> scriptWarnings = new ArrayList<>();
        List<String> operatorWarnings = new ArrayList<>();
        Timeouts timeouts =
                TimeoutRules.of(
                        payload.runnerInfo().timeout(),
                        settings,
                        variables,
                        scriptWarnings,
                        operatorWarnings);
        List<String> warnings = new ArrayList<>(flags.warnings());
        warnings.addAll(job.warnings());
        Stage.Cleanup cleanup =
                new Stage.Cleanup(
                        leftovers(directories, variables),
                        flags.isOn(FeatureFlag.FF_ENABLE_JOB_CLEANUP));
        return new JobPlan(
                payload,
                settings,
                place,
                directories,
                variables,
                flags,
                job,
                sources(strategy, variables),
                masks(variables),
                payload.features().tokenMaskPrefixes(),
                timeouts,
                warnings,
                scriptWarnings,
                operatorWarnings,
                StageRules.of(payload, variables, cleanup));
    }

    private FeatureFlags flags(Directories directories) {
        List<Variable> list = VariableRules.environment(settings);
        list.addAll(payload.variables());
        return FeatureFlags.resolve(
                settings.featureFlags(), JobVariables.of(list, directories.temp()).expanded());
    }

    private JobVariables variables(Directories directories, FeatureFlags flags) {
        List<Variable> list =
                VariableRules.all(payload, secrets, settings, place, directories, flags);
        return JobVariables.of(list, directories.temp()).expanded();
    }

    private JobSettings read(JobVariables variables) {
        return JobSettings.read(
                variables,
                payload.allowGitFetch(),
                payload.gitInfo().depth(),
                settings.debugTraceDisabled());
    }

    private Directories directories(String slug, String clonePath) throws JobFailure {
        String root = ProjectPaths.clean(place.buildsRoot());
        String above =
                place.sharedLayout()
                        ? root + "/" + settings.shortToken() + "/" + place.concurrentProjectId()
                        : root;
        String project = ProjectPaths.clean(above + "/" + slug);
        if (!clonePath.isEmpty()) {
            // By default only an environment of the job's own may be arranged by the job.
            boolean allowed = settings.customBuildDirEnabled().orElse(place.disposable());
            project = ProjectPaths.cloneDirectory(clonePath, root, allowed);
        }
        return new Directories(
                root,
                project,
                project + ".tmp",
                ProjectPaths.clean(place.cacheRoot() + "/" + slug));
    }

    private Sources sources(Strategy strategy, JobVariables variables) {
        String projectPath = variables.content("CI_PROJECT_PATH");
        Secret remote =
                Secret.of(
                        GitUrl.remote(
                                payload.gitInfo().repoUrl().value(),
                                settings.cloneUrl(),
                                projectPath.isEmpty()
                                        ? payload.jobInfo().projectFullPath()
                                        : projectPath,
                                payload.token().value()));
        return new Sources(
                strategy,
                remote,
                settings.cleanGitConfig().orElse(place.disposable() && strategy != Strategy.NONE),
                settings.safeDirectoryCheckout().orElse(place.disposable()));
    }

    /** The values of masked variables, and the job token itself even if no variable has it. */
    private List<Secret> masks(JobVariables variables) {
        List<Secret> masks = new ArrayList<>(variables.masks());
        if (!payload.token().isEmpty() && !masks.contains(payload.token())) {
            masks.add(payload.token());
            masks.sort(
                    (one, other) -> Integer.compare(other.value().length(), one.value().length()));
        }
        return masks;
    }

    private static List<String> leftovers(Directories directories, JobVariables variables) {
        List<String> files = new ArrayList<>();
        for (String name :
                List.of(
                        "gitlab_runner_env",
                        "masking.db",
                        ".gitlab-runner.ext.conf",
                        ".glr.gconf")) {
            files.add(directories.temp() + "/" + name);
        }
        files.addAll(variables.filePaths());
        return files;
    }
}
