package io.armrunner.git;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanFixture;
import io.armrunner.plan.PlanFixture.Ran;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs rendered {@code get_sources} stages with real git against repositories on the disk. */
class SourcesScriptTest {
    private static final String GIT_CONFIG =
            """
            [user]
                name = dev
                email = dev@example.com
            # Submodules by file:// are forbidden by default.
            [protocol "file"]
                allow = always
            [init]
                defaultBranch = main
            """;

    /** The server's side, made once: no test changes the branch of another. */
    @TempDir static Path server;

    private static String mainSha = "";

    @TempDir Path root;

    private PlanFixture job;
    private String sha = "";

    @BeforeAll
    static void makeTheRepositories() throws IOException, InterruptedException {
        Files.writeString(
                Files.createDirectories(server.resolve("home")).resolve(".gitconfig"), GIT_CONFIG);
        shell(
                server,
                "git init -q --bare demo.git && git init -q --bare sub.git && git init -q --bare nested.git",
                "git clone -q nested.git n 2>/dev/null && cd n && echo n >n.txt && git add . && git commit -qm n && git push -q origin HEAD:main && cd ..",
                "git clone -q sub.git s 2>/dev/null && cd s && echo s >s.txt && git submodule --quiet add file://$PWD/../nested.git nested && git add . && git commit -qm s && git push -q origin HEAD:main && cd ..",
                "git clone -q demo.git d 2>/dev/null && cd d && echo one >a.txt && echo '*.o' >.gitignore && git add . && git commit -qm one && echo two >a.txt && git commit -qam two && git push -q origin HEAD:main");
        mainSha = shell(server, "git -C d rev-parse HEAD").out().strip();
    }

    @BeforeEach
    void makeTheJob() throws IOException {
        Files.writeString(
                Files.createDirectories(root.resolve("home")).resolve(".gitconfig"), GIT_CONFIG);
        sha = mainSha;
        job = fresh();
    }

    private PlanFixture fresh() {
        PlanFixture fixture = new PlanFixture(root);
        fixture.git().put("repo_url", "file://" + server + "/demo.git").put("sha", sha);
        fixture.step("script", "true");
        return fixture;
    }

    private Ran shell(String... lines) throws IOException, InterruptedException {
        return shell(root, lines);
    }

    private static Ran shell(Path directory, String... lines)
            throws IOException, InterruptedException {
        String script = "set -e\ncd " + directory + "\n" + String.join("\n", lines) + "\n";
        Ran ran = PlanFixture.run(directory, Map.of(), "bash", script);
        assertThat(ran.status()).as(ran.err()).isZero();
        return ran;
    }

    private Ran get(String shell) throws JobFailure, IOException, InterruptedException {
        return job.run(shell, "get_sources");
    }

    private Ran good(String shell) throws JobFailure, IOException, InterruptedException {
        Ran ran = get(shell);
        assertThat(ran.status()).as(ran.out() + ran.err()).isZero();
        return ran;
    }

    private List<String> log(String first, String... more)
            throws JobFailure, IOException, InterruptedException {
        List<String> lines =
                new ArrayList<>(List.of("Gitaly correlation ID: 01CORRELATION", first));
        lines.addAll(List.of(more));
        lines.add("Checking out " + sha.substring(0, 8) + " as detached HEAD (ref is main)...");
        // Where git-lfs is, it is asked here; .ci/tools sees to it that it is.
        lines.add("");
        lines.add("Skipping Git submodules setup");
        return lines;
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-51")
    @Tag("JS-55")
    @Tag("JS-57")
    void theSecondJobOfASlotFetchesIntoTheFirstOnesCopy(String shell)
            throws JobFailure, IOException, InterruptedException {
        String place = job.project() + "/.git/";
        Ran first = good(shell);
        assertThat(first.err()).isEmpty();
        assertThat(first.lines())
                .isEqualTo(
                        log(
                                "Fetching changes with git depth set to 20...",
                                "Initialized empty Git repository in " + place,
                                "Created fresh repository."));
        assertThat(job.project().resolve("a.txt")).hasContent("two");
        assertThat(shell("git -C " + job.project() + " rev-parse HEAD").out().strip())
                .isEqualTo(sha);
        assertThat(Files.readString(job.project().resolve(".git/HEAD")).strip()).isEqualTo(sha);
        Files.writeString(job.project().resolve("left.o"), "ignored");
        Files.writeString(job.project().resolve("left.txt"), "untracked");
        Ran second = good(shell);
        assertThat(second.err()).isEmpty();
        assertThat(second.lines())
                .startsWith(
                        "Gitaly correlation ID: 01CORRELATION",
                        "Fetching changes with git depth set to 20...",
                        "Reinitialized existing Git repository in " + place)
                .doesNotContain("Created fresh repository.");
        assertThat(job.project().resolve("left.o")).doesNotExist();
        assertThat(job.project().resolve("left.txt")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-52")
    void cloneDeletesTheOldCopy(String shell) throws JobFailure, IOException, InterruptedException {
        good(shell);
        job.variable("GIT_STRATEGY", "clone").variable("GIT_CLEAN_FLAGS", "none");
        Path locked = Files.createDirectories(job.project().resolve("locked"));
        Path left = locked.resolve("left");
        Files.writeString(left, "x");
        assertThat(locked.toFile().setWritable(false)).isTrue();
        assertThat(good(shell).lines()).contains("Created fresh repository.");
        assertThat(left).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-53")
    @Tag("JS-54")
    void noneAndEmptyNeedNoGit(String shell) throws JobFailure, IOException, InterruptedException {
        job.variable("GIT_STRATEGY", "none").hook("pre_get_sources_script", "echo hook");
        assertThat(good(shell).lines())
                .containsExactly(
                        "Skipping Git repository setup",
                        "Skipping Git checkout",
                        "Skipping Git submodules setup");
        assertThat(job.project()).isEmptyDirectory();
        job.variable("GIT_STRATEGY", "empty");
        Files.writeString(Files.createDirectories(job.project()).resolve("left"), "x");
        assertThat(good(shell).lines())
                .containsExactly(
                        "Skipping Git repository setup and creating an empty build directory",
                        "Skipping Git checkout",
                        "Skipping Git submodules setup");
        assertThat(job.project()).isEmptyDirectory();
        assertThat(job.project().toString()).endsWith("-empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-55")
    @Tag("JS-56")
    void withoutADepthTheWholeHistoryComes(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.git().put("depth", 1);
        good(shell);
        assertThat(shell("git -C " + job.project() + " rev-list --count HEAD").out().strip())
                .isEqualTo("1");
        job.git().put("depth", 0);
        assertThat(good(shell).lines()).contains("Fetching changes...");
        assertThat(shell("git -C " + job.project() + " rev-list --count HEAD").out().strip())
                .isEqualTo("2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-61")
    void whatCleanKeepsIsTheJobsChoice(String shell)
            throws JobFailure, IOException, InterruptedException {
        good(shell);
        Path kept = Files.createDirectories(job.project().resolve("keep")).resolve("x");
        Files.writeString(kept, "x");
        Files.writeString(job.project().resolve("y"), "y");
        job.variable("GIT_CLEAN_FLAGS", "-ffdx -e keep/");
        good(shell);
        assertThat(kept).exists();
        assertThat(job.project().resolve("y")).doesNotExist();
        job.variable("GIT_CLEAN_FLAGS", "none");
        Files.writeString(job.project().resolve("y"), "y");
        good(shell);
        assertThat(job.project().resolve("y")).exists();
    }

    @Test
    @Tag("JS-62")
    void theFetchFlagsAreTheJobsChoice() throws JobFailure, IOException, InterruptedException {
        assertThat(SourcesScript.getSources(job.plan(), "", ""))
                .contains(" --depth 20 --prune --quiet\n");
        job.variable("GIT_FETCH_EXTRA_FLAGS", "none");
        assertThat(SourcesScript.getSources(job.plan(), "", ""))
                .contains(" --depth 20\n")
                .doesNotContain("--prune");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-63")
    @Tag("JS-64")
    void whatAnAbortedJobLeftDoesNotMatter(String shell)
            throws JobFailure, IOException, InterruptedException {
        good(shell);
        Path git = job.project().resolve(".git");
        List<String> locks =
                List.of(
                        "index.lock",
                        "shallow.lock",
                        "HEAD.lock",
                        "config.lock",
                        "refs/remotes/origin/main.lock",
                        "refs/heads/a/b/x.lock");
        for (String lock : locks) {
            Files.createDirectories(git.resolve(lock).getParent());
            Files.writeString(git.resolve(lock), "");
        }
        Path hook = Files.createDirectories(git.resolve("hooks")).resolve("post-checkout");
        Files.writeString(hook, "#!/bin/sh\necho HOOK RAN >&2\n");
        assertThat(hook.toFile().setExecutable(true)).isTrue();
        assertThat(good(shell).err()).isEmpty();
        assertThat(locks).allSatisfy(lock -> assertThat(git.resolve(lock)).doesNotExist());
        assertThat(hook).doesNotExist();
    }

    @Test
    @Tag("JS-65")
    void theGitConfigurationOfAnEarlierJobGoesWhereTheRunnerSaysSo()
            throws JobFailure, IOException, InterruptedException {
        good("bash");
        shell("git -C " + job.project() + " config core.fsmonitor 'touch " + root + "/evil'");
        good("bash");
        assertThat(job.project().resolve(".git/config")).content().contains("fsmonitor");
        job.cleanGitConfig = Optional.of(true);
        good("bash");
        assertThat(job.project().resolve(".git/config")).content().doesNotContain("fsmonitor");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-66")
    @Tag("JS-68")
    void submodulesComeAsDeepAsTheJobWants(String shell)
            throws JobFailure, IOException, InterruptedException {
        String add = "git submodule --quiet add file://" + server + "/sub.git ";
        shell(
                server,
                "rm -rf w && git clone -q demo.git w && cd w && " + add + "sub1 && " + add + "sub2",
                "git commit -qam subs && git push -qf origin HEAD:with-" + shell);
        sha = shell(server, "git -C w rev-parse HEAD").out().strip();
        String branch = "with-" + shell;
        job = fresh();
        job.git()
                .putArray("refspecs")
                .add("+refs/heads/" + branch + ":refs/remotes/origin/" + branch);
        job.variable("GIT_SUBMODULE_STRATEGY", "normal").variable("GIT_SUBMODULE_PATHS", "sub1");
        Ran ran = good(shell);
        assertThat(ran.lines())
                .contains(
                        "Updating/initializing submodules with git depth set to 20...",
                        "Updated submodules",
                        "Configuring submodules to use parent git credentials...");
        assertThat(job.project().resolve("sub1/s.txt")).exists();
        assertThat(job.project().resolve("sub1/nested/n.txt")).doesNotExist();
        assertThat(job.project().resolve("sub2/s.txt")).doesNotExist();
        job = fresh();
        job.git()
                .putArray("refspecs")
                .add("+refs/heads/" + branch + ":refs/remotes/origin/" + branch);
        job.variable("GIT_SUBMODULE_STRATEGY", "recursive");
        assertThat(good(shell).lines())
                .contains(
                        "Updating/initializing submodules recursively with git depth set to 20...");
        assertThat(job.project().resolve("sub2/nested/n.txt")).exists();
        assertThat(good(shell).lines()).contains("Updated submodules");
    }

    @Test
    @Tag("JS-69")
    void anUnknownSubmoduleStrategyFailsTheStage() {
        job.variable("GIT_SUBMODULE_STRATEGY", "bad");
        JobFailure failure = catchThrowableOfType(JobFailure.class, () -> get("bash"));
        assertThat(failure).hasMessage("unknown GIT_SUBMODULE_STRATEGY");
        assertThat(failure.reason()).isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    @Tag("JS-71")
    @Tag("JS-72")
    void hooksRunAroundTheSources(String shell)
            throws JobFailure, IOException, InterruptedException {
        job.preGetSources = "echo config-pre";
        job.postGetSources = "echo config-post";
        job.hook("pre_get_sources_script", "echo job-pre")
                .hook("post_get_sources_script", "cat a.txt");
        List<String> lines = good(shell).lines();
        assertThat(lines)
                .startsWith("$ echo config-pre", "config-pre", "$ echo job-pre", "job-pre");
        assertThat(lines).endsWith("$ cat a.txt", "two", "$ echo config-post", "config-post");
        job.hook("pre_get_sources_script", "unused");
        job.preGetSources = "exit 5";
        assertThat(get(shell).status()).isEqualTo(5);
    }

    @Test
    @Tag("JS-75")
    void theObjectFormatIsTheProjects() throws JobFailure, IOException, InterruptedException {
        job.git().put("repo_object_format", "sha256");
        assertThat(SourcesScript.getSources(job.plan(), "", ""))
                .contains(" --object-format sha256\n");
    }

    @Test
    void aCommitThatIsNotThereFailsWithGitsStatus()
            throws JobFailure, IOException, InterruptedException {
        job.git().putArray("refspecs").add("+refs/heads/nope:refs/remotes/origin/nope");
        Ran ran = get("bash");
        assertThat(ran.status()).isEqualTo(128);
        assertThat(ran.err()).isEqualTo("fatal: couldn't find remote ref refs/heads/nope\n");
    }

    @Test
    void aChangedAddressIsPutRight() throws JobFailure, IOException, InterruptedException {
        good("bash");
        shell("git -C " + job.project() + " remote set-url origin file:///elsewhere.git");
        shell("git -C " + job.project() + " config include.path /old/.gitlab-runner.ext.conf");
        good("bash");
        assertThat(shell("git -C " + job.project() + " remote get-url origin").out().strip())
                .isEqualTo("file://" + server + "/demo.git");
        assertThat(
                        shell("git -C " + job.project() + " config --get-all include.path")
                                .out()
                                .strip())
                .isEqualTo(job.plan().directories().temp() + "/.gitlab-runner.ext.conf");
        shell("git -C " + job.project() + " remote remove origin");
        assertThat(good("bash").lines()).contains("Created fresh repository.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    void aFreshCopyTakesThreeGitProcessesAnOldOneFourAndLargeFilesOneMore(String shell)
            throws JobFailure, IOException, InterruptedException {
        Path bin = Files.createDirectories(root.resolve("counting"));
        Path calls = root.resolve("calls");
        Files.writeString(
                bin.resolve("git"),
                "#!/bin/sh\necho \"$*\" >>" + calls + "\nexec /usr/bin/git \"$@\"\n");
        assertThat(bin.resolve("git").toFile().setExecutable(true)).isTrue();
        job.hook("pre_get_sources_script", "PATH=" + bin + ":$PATH");
        good(shell);
        assertThat(Files.readAllLines(calls)).hasSize(3 + 1);
        Files.delete(calls);
        good(shell);
        assertThat(Files.readAllLines(calls)).hasSize(4 + 1);
    }

    @Test
    void clearWorktreeAndTheCleanUpRemoveTheCopy()
            throws JobFailure, IOException, InterruptedException {
        good("bash");
        assertThat(job.run("dash", "clear_worktree").status()).isZero();
        assertThat(job.project()).doesNotExist();
        job.flags = Map.of("FF_ENABLE_JOB_CLEANUP", true);
        good("bash");
        Files.writeString(job.project().resolve("y"), "y");
        Ran ran = job.run("bash", "cleanup_file_variables", "success");
        assertThat(ran.status()).as(ran.err()).isZero();
        assertThat(job.project().resolve("y")).doesNotExist();
        job.variable("GIT_STRATEGY", "clone");
        assertThat(job.run("bash", "cleanup_file_variables", "success").status()).isZero();
        assertThat(job.project()).doesNotExist();
    }

    @Test
    @Tag("JS-58")
    @Tag("JS-67")
    void onlyTheExternalFileKnowsTheToken() throws JobFailure, IOException, InterruptedException {
        String base = "https://gitlab-ci-token:" + PlanFixture.TOKEN + "@gitlab.example.com";
        job.git().put("repo_url", base + "/lab/demo.git");
        job.variable("GIT_SUBMODULE_FORCE_HTTPS", "true")
                .variable("CI_SERVER_HOST", "gitlab.example.com");
        JobPlan plan = job.plan();
        assertThat(ExternalConfig.template(plan, "https://gitlab.example.com/lab/demo.git"))
                .doesNotContain(PlanFixture.TOKEN);
        Path file = Path.of(ExternalConfig.path(plan));
        Files.createDirectories(file.getParent());
        Files.writeString(file, ExternalConfig.of(plan));
        assertThat(shell("git config -f " + file + " --list").out())
                .doesNotContain(PlanFixture.TOKEN);
        assertThat(shell("git config -f " + file + " --list").out().lines())
                .contains(
                        "http.extraheader=X-Gitaly-Correlation-ID: 01CORRELATION",
                        "transfer.bundleuri=true",
                        "credential.https://gitlab.example.com.helper=",
                        "credential.https://gitlab.example.com.username=gitlab-ci-token",
                        "url.https://gitlab.example.com/.insteadof=git@gitlab.example.com:",
                        "url.https://gitlab.example.com.insteadof=ssh://git@gitlab.example.com");
        // Every rewriting is one that git itself would do: no network is needed to see it.
        String seen = "git init -q x && git -C x config include.path " + file + " && git -C x ";
        assertThat(shell(seen + "ls-remote --get-url git@gitlab.example.com:grp/sub.git").out())
                .isEqualTo("https://gitlab.example.com/grp/sub.git\n");
        assertThat(
                        shell(
                                        "printf 'protocol=https\\nhost=gitlab.example.com\\n' | git -C x credential fill")
                                .out())
                .contains("username=gitlab-ci-token\npassword=" + PlanFixture.TOKEN + "\n");
    }

    @Test
    void credentialsThatAreNotTheJobsAreKeptAsTheyCame()
            throws JobFailure, IOException, InterruptedException {
        job.git().put("repo_url", "https://somebody:else@gitlab.example.com/lab/demo.git");

        assertThat(ExternalConfig.of(job.plan()))
                .contains(
                        "[url \"https://somebody:else@gitlab.example.com/lab/demo.git\"]\n\tinsteadOf = https://gitlab.example.com/lab/demo.git\n");
    }

    @Test
    void tokensCanStayOutOfUrls() throws JobFailure, IOException, InterruptedException {
        job.git()
                .put(
                        "repo_url",
                        "https://gitlab-ci-token:"
                                + PlanFixture.TOKEN
                                + "@gitlab.example.com/lab/demo.git");
        job.flags = Map.of("FF_GIT_URLS_WITHOUT_TOKENS", true);
        JobPlan plan = job.plan();
        String config = ExternalConfig.of(plan);
        assertThat(config).doesNotContain(PlanFixture.TOKEN);
        Path file = root.resolve("ext.conf");
        Files.writeString(file, config);
        Ran ran =
                PlanFixture.run(
                        root,
                        Map.of(
                                "GIT_CONFIG_GLOBAL",
                                file.toString(),
                                "CI_JOB_TOKEN",
                                PlanFixture.TOKEN),
                        "bash",
                        "printf 'protocol=https\\nhost=gitlab.example.com\\n' | git credential fill");
        assertThat(ran.out()).contains("username=gitlab-ci-token\npassword=" + PlanFixture.TOKEN);
        assertThat(SourcesScript.credentialsForScripts(plan)).contains("export GIT_CONFIG_GLOBAL=");
    }

    @Test
    @Tag("JS-76")
    void gitTrustsThePrivateAuthorityWithoutTheUsersConfiguration()
            throws JobFailure, IOException, InterruptedException {
        job.git().put("repo_url", "https://gitlab.example.com/lab/demo.git");
        job.file("CI_SERVER_TLS_CA_FILE", "certificates");
        JobPlan plan = job.plan();
        Path file = root.resolve("ext.conf");
        Files.writeString(file, ExternalConfig.of(plan));
        assertThat(
                        shell(
                                        "git config -f "
                                                + file
                                                + " http.https://gitlab.example.com.sslCAInfo")
                                .out()
                                .strip())
                .isEqualTo(plan.directories().temp() + "/CI_SERVER_TLS_CA_FILE");
        assertThat(SourcesScript.getSources(plan, "", "")).doesNotContain("--global");
    }
}
