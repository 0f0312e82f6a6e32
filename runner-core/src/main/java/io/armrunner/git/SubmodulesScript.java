package io.armrunner.git;

import io.armrunner.plan.JobPlan;
import io.armrunner.shell.ShellText;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.util.ArrayList;
import java.util.List;

/** Submodules of the sources (job-semantics §3.6). */
final class SubmodulesScript {
    private final JobPlan plan;
    private final boolean recursive;
    private final ShellText text;

    private SubmodulesScript(JobPlan plan, boolean recursive, ShellText text) {
        this.plan = plan;
        this.recursive = recursive;
        this.text = text;
    }

    /** Whether the job wants submodules. */
    static boolean wanted(JobPlan plan) throws JobFailure {
        return switch (plan.job().gitSubmoduleStrategy()) {
            case "none" -> false;
            case "normal", "recursive" -> true;
            default ->
                    throw new JobFailure(
                            FailureReason.RUNNER_SYSTEM_FAILURE, "unknown GIT_SUBMODULE_STRATEGY");
        };
    }

    static void write(JobPlan plan, ShellText text) throws JobFailure {
        if (!wanted(plan)) {
            text.notice("Skipping Git submodules setup");
            return;
        }
        if (plan.job().gitSubmodulePaths().contains(":(exclude)")) {
            throw new JobFailure(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    "GIT_SUBMODULE_PATHS has the word \":(exclude)\" alone, which excludes every submodule. Write the path behind it without a blank: \":(exclude)path\".");
        }
        new SubmodulesScript(plan, plan.job().gitSubmoduleStrategy().equals("recursive"), text)
                .write();
    }

    private void write() {
        int depth = plan.job().gitSubmoduleDepth();
        text.notice(
                "Updating/initializing submodules"
                        + (recursive ? " recursively" : "")
                        + (depth > 0 ? " with git depth set to " + depth : "")
                        + "...");
        text.command("git", "submodule", "init");
        sync();
        // Before the first update there is nothing to clean or to reset.
        text.line("if [ -z \"$armrunner_fresh\" ]; then");
        clean();
        reset();
        text.line("fi");
        text.line("if " + ShellText.words(update(depth)) + "; then");
        text.notice("Updated submodules");
        sync();
        text.line("else");
        text.warning("Updating submodules failed. Retrying...");
        if (plan.job().gitSubmoduleUpdateFlags().contains("--remote")) {
            foreach(recursive, "git", "fetch", "origin", "+refs/heads/*:refs/remotes/origin/*");
        }
        sync();
        text.command(update(depth));
        reset();
        text.line("fi");
        clean();
        text.notice("Configuring submodules to use parent git credentials...");
        foreach(true, "git", "config", "--replace-all", "include.path", ExternalConfig.path(plan));
        if (!plan.job().gitLfsSkipSmudge()) {
            text.line("if command -v git-lfs >/dev/null 2>&1; then");
            text.notice("Pulling LFS files...");
            foreach(recursive, "git", "lfs", "pull");
            text.line("fi");
        }
    }

    private void sync() {
        List<String> words = start("sync");
        words.addAll(paths());
        text.command(words);
    }

    private List<String> update(int depth) {
        List<String> words =
                new ArrayList<>(List.of("git", "-c", "include.path=" + ExternalConfig.path(plan)));
        words.addAll(List.of("submodule", "update", "--init"));
        if (recursive) {
            words.add("--recursive");
        }
        if (depth > 0) {
            words.addAll(List.of("--depth", Integer.toString(depth)));
        }
        words.addAll(plan.job().gitSubmoduleUpdateFlags());
        words.addAll(paths());
        return words;
    }

    private void clean() {
        // Submodules are cleaned even by a job that asks for no cleaning of its own files.
        List<String> flags = plan.job().gitCleanFlags();
        List<String> words = new ArrayList<>(List.of("git", "clean"));
        words.addAll(flags.isEmpty() ? List.of("-ffdx") : flags);
        foreach(recursive, words.toArray(String[]::new));
    }

    private void reset() {
        foreach(recursive, "git", "reset", "--hard");
    }

    private void foreach(boolean deep, String... command) {
        List<String> words = new ArrayList<>(List.of("git", "submodule", "foreach"));
        if (deep) {
            words.add("--recursive");
        }
        words.addAll(List.of(command));
        text.command(words);
    }

    private List<String> start(String subcommand) {
        List<String> words = new ArrayList<>(List.of("git", "submodule", subcommand));
        if (recursive) {
            words.add("--recursive");
        }
        return words;
    }

    private List<String> paths() {
        List<String> paths = plan.job().gitSubmodulePaths();
        if (paths.isEmpty()) {
            return List.of();
        }
        List<String> words = new ArrayList<>(List.of("--"));
        words.addAll(paths);
        return words;
    }
}
