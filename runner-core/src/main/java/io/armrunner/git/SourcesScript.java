package io.armrunner.git;

import io.armrunner.plan.GitUrl;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.JobPlan.Sources.Strategy;
import io.armrunner.plan.RunnerSettings.Product;
import io.armrunner.shell.ShellText;
import io.armrunner.spec.GitInfo;
import io.armrunner.spec.JobFailure;
import io.armrunner.variables.FeatureFlag;
import java.util.ArrayList;
import java.util.List;

/**
 * The git part of the bodies of {@code get_sources}, {@code clear_worktree} and the clean-up
 * (job-semantics §3.3, §3.7).
 *
 * <p>A fresh working copy takes three git processes: init (with a template that holds all
 * configuration), fetch and checkout. An old one takes {@code git clean} besides; its configuration
 * is compared by the shell itself, and changed by git only if it differs.
 */
public final class SourcesScript {
    /** Length of the commit's short form in the log. */
    private static final int SHORT_SHA = 8;

    private final JobPlan plan;
    private final ShellText text = new ShellText();
    private final String project;
    private final String cleanUrl;

    private SourcesScript(JobPlan plan) {
        this.plan = plan;
        this.project = ShellText.quote(plan.directories().project());
        this.cleanUrl = GitUrl.clean(plan.sources().remoteUrl().value());
    }

    /**
     * What follows the exports in {@code get_sources}.
     *
     * @param before the hooks that run before anything else, as shell text
     * @param after those that run when the sources are there
     * @throws JobFailure for settings that cannot work
     */
    public static String getSources(JobPlan plan, String before, String after) throws JobFailure {
        SourcesScript script = new SourcesScript(plan);
        switch (plan.sources().strategy()) {
            case NONE -> script.none();
            case EMPTY -> script.empty();
            case FETCH, CLONE -> script.sources(before, after);
        }
        return script.text.toString();
    }

    /** Empties the project directory. */
    public static String clearWorktree(JobPlan plan) {
        SourcesScript script = new SourcesScript(plan);
        script.removeProject();
        return script.text.toString();
    }

    /** What follows the exports in the clean-up with {@code FF_ENABLE_JOB_CLEANUP}. */
    public static String cleanup(JobPlan plan) throws JobFailure {
        SourcesScript script = new SourcesScript(plan);
        switch (plan.sources().strategy()) {
            case NONE -> script.text.notice("Skipping build directory cleanup step");
            case CLONE, EMPTY -> script.removeProject();
            case FETCH -> script.restoreProject();
        }
        return script.text.toString();
    }

    /**
     * What a user's stage needs to be logged in to git outside the working copy too; mostly
     * nothing.
     */
    public static String credentialsForScripts(JobPlan plan) {
        if (!plan.flags().isOn(FeatureFlag.FF_GIT_URLS_WITHOUT_TOKENS)) {
            return "";
        }
        String file = ShellText.quote(ExternalConfig.globalPath(plan));
        return "if [ -e " + file + " ]; then export GIT_CONFIG_GLOBAL=" + file + "; fi";
    }

    private void none() {
        text.notice("Skipping Git repository setup");
        text.line("[ -d " + project + " ] || mkdir -p " + project);
        skipped();
    }

    private void empty() {
        text.notice("Skipping Git repository setup and creating an empty build directory");
        removeProject();
        text.line("mkdir -p " + project);
        skipped();
    }

    private void skipped() {
        text.notice("Skipping Git checkout");
        text.notice("Skipping Git submodules setup");
    }

    private void sources(String before, String after) throws JobFailure {
        boolean submodules = SubmodulesScript.wanted(plan);
        text.line("export GIT_TERMINAL_PROMPT=0 GCM_INTERACTIVE=Never");
        text.line(before);
        if (!plan.job().gitLfsSkipSmudge()) {
            text.line("export GIT_LFS_SKIP_SMUDGE=1");
        }
        if (plan.sources().strategy() == Strategy.CLONE) {
            removeProject();
        }
        StaleState.write(plan, submodules, text);
        configure();
        init();
        fetch();
        if (plan.job().gitCheckout()) {
            checkout();
        } else {
            text.notice("Skipping Git checkout");
        }
        if (!plan.job().gitLfsSkipSmudge()) {
            lfs();
        }
        SubmodulesScript.write(plan, text);
        text.line(after);
    }

    private void removeProject() {
        text.line("if [ -e " + project + " ]; then");
        // Only a tree with read-only directories needs the second way.
        text.line(
                "rm -rf "
                        + project
                        + " 2>/dev/null || { chmod -R u+rwX "
                        + project
                        + "; rm -rf "
                        + project
                        + "; }");
        text.line("fi");
    }

    private void configure() {
        String temp = plan.directories().temp();
        String template = ShellText.quote(temp + "/git-template");
        text.line("[ -d " + template + " ] || mkdir -p " + template);
        file(temp + "/git-template/config", ExternalConfig.template(plan, cleanUrl));
        text.line("(");
        if (!plan.place().disposable()) {
            text.line("umask 077");
        }
        file(ExternalConfig.path(plan), ExternalConfig.of(plan));
        if (plan.flags().isOn(FeatureFlag.FF_GIT_URLS_WITHOUT_TOKENS)) {
            file(ExternalConfig.globalPath(plan), ExternalConfig.global(plan));
        }
        text.line(")");
        if (plan.sources().declareSafeDirectory()) {
            text.command(
                    "git",
                    "config",
                    "--global",
                    "--add",
                    "safe.directory",
                    plan.directories().project());
        }
        text.line(credentialsForScripts(plan));
        if (plan.flags().isOn(FeatureFlag.FF_USE_GITALY_CORRELATION_ID)
                && !plan.place().correlationId().isEmpty()) {
            text.notice("Gitaly correlation ID: " + plan.place().correlationId());
        }
    }

    private void file(String path, String content) {
        text.line("printf %s " + ShellText.quote(content) + " >" + ShellText.quote(path));
    }

    private void init() {
        GitInfo git = plan.payload().gitInfo();
        text.notice(
                git.depth() > 0
                        ? "Fetching changes with git depth set to " + git.depth() + "..."
                        : "Fetching changes...");
        text.line("armrunner_fresh=1");
        text.line("if [ -e " + project + " ]; then armrunner_fresh=; fi");
        text.line("armrunner_config=");
        text.line("if [ -e " + project + "/.git/config ]; then armrunner_config=1; fi");
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "git",
                                "init",
                                plan.directories().project(),
                                "--template",
                                plan.directories().temp() + "/git-template"));
        if (!git.repoObjectFormat().isEmpty() && !git.repoObjectFormat().equals("sha1")) {
            words.addAll(List.of("--object-format", git.repoObjectFormat()));
        }
        text.command(words);
        text.line("cd " + project);
        text.line("if [ -z \"$armrunner_config\" ]; then");
        text.notice("Created fresh repository.");
        text.line("else");
        reconfigure();
        text.line("fi");
    }

    /** Points an old working copy to this job's address and file, unless it does so already. */
    private void reconfigure() {
        text.line("armrunner_section= armrunner_found= armrunner_other=");
        text.line("while IFS= read -r armrunner_line; do");
        text.line("case $armrunner_line in");
        text.line("'['*) armrunner_section=$armrunner_line ;;");
        text.line(
                setting("url", cleanUrl)
                        + ") armrunner_found=$armrunner_found$armrunner_section ;;");
        text.line(
                setting("path", ExternalConfig.path(plan))
                        + ") armrunner_found=$armrunner_found$armrunner_section ;;");
        text.line(
                "*[Uu][Rr][Ll]*=*) if [ \"$armrunner_section\" = '[remote \"origin\"]' ]; then armrunner_other=1; fi ;;");
        text.line("*" + ShellText.quote(ExternalConfig.NAME) + "*) armrunner_other=1 ;;");
        text.line("esac");
        text.line("done <.git/config");
        text.line("case $armrunner_other$armrunner_found in");
        text.line("'[include][remote \"origin\"]') ;;");
        text.line("*)");
        text.line(
                "if ! git remote set-url origin "
                        + ShellText.quote(cleanUrl)
                        + " 2>/dev/null; then");
        text.command("git", "remote", "add", "origin", cleanUrl);
        text.notice("Created fresh repository.");
        text.line("fi");
        text.command(
                "git",
                "config",
                "--replace-all",
                "include.path",
                ExternalConfig.path(plan),
                "\\.gitlab-runner\\.ext\\.conf$");
        text.line(";;");
        text.line("esac");
        text.line("unset armrunner_section armrunner_found armrunner_other armrunner_line");
    }

    private static String setting(String key, String value) {
        return ShellText.quote("\t" + key + " = " + ExternalConfig.value(value));
    }

    private void fetch() {
        GitInfo git = plan.payload().gitInfo();
        Product product = plan.settings().product();
        String agent =
                "http.userAgent="
                        + product.name()
                        + " "
                        + product.version()
                        + " "
                        + product.architecture();
        List<String> arguments =
                new ArrayList<>(List.of("fetch", "origin", "--no-recurse-submodules"));
        arguments.addAll(git.refspecs());
        if (git.depth() > 0) {
            arguments.addAll(List.of("--depth", Integer.toString(git.depth())));
        }
        arguments.addAll(plan.job().gitFetchExtraFlags());
        String start = ShellText.words(List.of("git", "-c", agent));
        String rest = ShellText.words(arguments);
        text.line("if [ -n \"$armrunner_fresh\" ]; then");
        // A fresh repository has nothing to pack: git need not start its maintenance.
        text.line(start + " -c maintenance.auto=false " + rest);
        if (git.depth() <= 0) {
            text.line("elif [ -f .git/shallow ]; then");
            text.line(start + " " + rest + " --unshallow");
        }
        text.line("else");
        text.line(start + " " + rest);
        text.line("fi");
    }

    private void checkout() {
        GitInfo git = plan.payload().gitInfo();
        String shortSha = git.sha().substring(0, Math.min(SHORT_SHA, git.sha().length()));
        text.notice("Checking out " + shortSha + " as detached HEAD (ref is " + git.ref() + ")...");
        text.command("git", "-c", "submodule.recurse=false", "checkout", "-f", "-q", git.sha());
        if (!plan.job().gitCleanFlags().isEmpty()) {
            text.line("if [ -z \"$armrunner_fresh\" ]; then " + ShellText.words(clean()) + "; fi");
        }
    }

    private List<String> clean() {
        List<String> words = new ArrayList<>(List.of("git", "clean"));
        words.addAll(plan.job().gitCleanFlags());
        return words;
    }

    private void lfs() {
        // Without git-lfs nothing is printed. With it, the repository is asked before the slow pull
        // is started.
        text.line("if command -v git-lfs >/dev/null 2>&1; then");
        text.line(
                "if git grep -q --cached -e filter=lfs -- ':(glob)**/.gitattributes'; then git lfs pull; fi");
        text.line("echo");
        text.line("fi");
    }

    private void restoreProject() throws JobFailure {
        boolean submodules = SubmodulesScript.wanted(plan);
        text.line("if [ -d " + project + "/.git ]; then");
        text.line("cd " + project);
        if (!plan.job().gitCleanFlags().isEmpty()) {
            text.command(clean());
        }
        text.command("git", "reset", "--hard");
        if (submodules) {
            text.command("git", "submodule", "foreach", "--recursive", "git", "clean", "-ffdx");
            text.command("git", "submodule", "foreach", "--recursive", "git", "reset", "--hard");
        }
        text.line("fi");
        StaleState.write(plan, submodules, text);
    }
}
