package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.Project;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The sources as a job finds them, fetched by real git over HTTP (job-semantics §3). */
final class GitSourcesTest {
    @RegisterExtension final RunnerUnderTest runner = new RunnerUnderTest();

    private @Nullable TestRepository made;
    private @Nullable Project project;

    private TestRepository repository() {
        return Objects.requireNonNull(made, "made before each test");
    }

    @BeforeEach
    void makeProject() throws Exception {
        TestRepository repository = TestRepository.create(runner.directory().resolve("app"));
        repository.git("config", "receive.denyCurrentBranch", "ignore");
        repository.commit(".gitignore", "*.o\n", "second");
        made = repository;
        project = runner.gitlab().addWritableProject("group/app", repository.directory());
    }

    private JobBuilder job() {
        return runner.job().project(Objects.requireNonNull(project, "made before each test"));
    }

    @Test
    @Tag("JS-51")
    @Tag("JS-57")
    void theNextJobFetchesIntoTheSameDirectoryAndFindsNoLeftovers() throws Exception {
        Ended first =
                runner.run(job().script("touch leftover built.o", "git status --short"))
                        .succeeded();
        assertThat(first.stage("get_sources")).contains("Created fresh repository.");
        runner.awaitIdle();
        String sha = repository().commit("new.txt", "new\n", "third");

        Ended second =
                runner.run(
                                job().script(
                                                "ls",
                                                "git rev-parse HEAD",
                                                "git symbolic-ref -q HEAD || echo detached"))
                        .succeeded();

        assertThat(second.stage("get_sources"))
                .contains("Reinitialized existing Git repository in ")
                .doesNotContain("Created fresh repository.")
                .contains(
                        "Checking out "
                                + sha.substring(0, 8)
                                + " as detached HEAD (ref is main)...")
                .contains("Removing leftover", "Removing built.o");
        assertThat(second.output()).containsExactly("README.md", "new.txt", sha, "detached");
    }

    @Test
    @Tag("JS-70")
    void largeFilesAreThereUnlessTheJobSkipsThem() throws Exception {
        Path store = runner.directory().resolve("large-files.git");
        TestRepository.run(runner.directory(), "init", "-q", "--bare", store.toString());
        repository().git("lfs", "install", "--local");
        Path sources = repository().directory();
        Files.writeString(sources.resolve(".lfsconfig"), "[lfs]\n\turl = " + store.toUri() + "\n");
        Files.writeString(sources.resolve(".gitattributes"), "*.bin filter=lfs -text\n");
        Files.writeString(sources.resolve("large.bin"), "the large file itself\n");
        repository().git("add", "-A");
        repository().commitStaged("large");
        repository().git("lfs", "push", "--all", store.toUri().toString(), "main");

        // As git-lfs' package sets it up for all users of a machine.
        Path installed = runner.directory().resolve("gitconfig");
        Files.writeString(
                installed,
                """
                [filter "lfs"]
                clean = git-lfs clean -- %f
                smudge = git-lfs smudge -- %f
                process = git-lfs filter-process
                required = true
                """);

        Ended whole =
                runner.run(
                                job().variable("GIT_CONFIG_GLOBAL", installed.toString())
                                        .script("cat large.bin"))
                        .succeeded();
        runner.awaitIdle();
        Ended pointers =
                runner.run(
                                job().variable("GIT_CONFIG_GLOBAL", installed.toString())
                                        .variable("GIT_LFS_SKIP_SMUDGE", "1")
                                        .variable("GIT_STRATEGY", "clone")
                                        .script("cat large.bin"))
                        .succeeded();

        assertThat(whole.output())
                .as(whole.stage("get_sources"))
                .containsExactly("the large file itself");
        assertThat(pointers.output().getFirst())
                .isEqualTo("version https://git-lfs.github.com/spec/v1");
    }

    @Test
    @Tag("JS-52")
    void theStrategyCloneStartsFromNothing() throws Exception {
        runner.run(job().script("echo x > .git/left")).succeeded();
        runner.awaitIdle();

        Ended job =
                runner.run(
                        job().variable("GIT_STRATEGY", "clone")
                                .script("ls .git/left || echo gone"));

        assertThat(job.succeeded().output()).contains("gone");
        assertThat(job.stage("get_sources")).contains("Created fresh repository.");
    }

    @Test
    @Tag("JS-53")
    void theStrategyNoneLeavesTheDirectoryAsItIs() throws Exception {
        Ended job =
                runner.run(
                                job().variable("GIT_STRATEGY", "none")
                                        .hook("pre_get_sources_script", "echo hook")
                                        .script("pwd", "ls -A | wc -l"))
                        .succeeded();

        assertThat(job.stage("get_sources"))
                .contains(
                        "Skipping Git repository setup",
                        "Skipping Git checkout",
                        "Skipping Git submodules setup")
                .doesNotContain("hook");
        assertThat(job.output())
                .containsExactly(runner.projectDirectory(0, "group/app").toString(), "0");
        assertThat(runner.gitlab().requests(Endpoint.GIT_REFS)).isEmpty();
    }

    @Test
    @Tag("JS-54")
    void theStrategyEmptyHasADirectoryOfItsOwnWithNothingInIt() throws Exception {
        runner.run(job().script("true")).succeeded();
        runner.awaitIdle();
        Ended job =
                runner.run(job().variable("GIT_STRATEGY", "empty").script("pwd", "ls -A | wc -l"))
                        .succeeded();

        assertThat(job.output())
                .containsExactly(runner.projectDirectory(0, "group/app-empty").toString(), "0");
    }

    @Test
    @Tag("JS-55")
    @Tag("JS-56")
    void theDepthIsTheJobsAndWithoutOneTheHistoryIsWhole() throws Exception {
        for (int i = 0; i < 4; i++) {
            repository().commit("file", "content " + i, "more");
        }
        Ended shallow = runner.run(job().depth(2).script("git rev-list --count HEAD")).succeeded();
        runner.awaitIdle();
        Ended whole = runner.run(job().depth(0).script("git rev-list --count HEAD")).succeeded();

        assertThat(shallow.stage("get_sources"))
                .contains("Fetching changes with git depth set to 2...");
        assertThat(shallow.output()).containsExactly("2");
        assertThat(whole.stage("get_sources")).contains("Fetching changes...");
        assertThat(whole.output()).containsExactly("6");
    }

    @Test
    @Tag("JS-58")
    @Tag("JS-59")
    @Tag("JS-60")
    void scriptsFetchAndPushWithoutAPromptAndNoTokenIsLeft() throws Exception {
        Ended job =
                runner.run(
                                job().script(
                                                "cat .git/config",
                                                "git fetch origin",
                                                "git -c user.name=D -c user.email=d@e commit -q --allow-empty -m pushed",
                                                "git push -q origin HEAD:refs/heads/from-job"))
                        .succeeded();

        assertThat(job.log()).doesNotContain("gitlab-ci-token", "[MASKED]");
        assertThat(repository().git("log", "-1", "--format=%s", "from-job")).isEqualTo("pushed");
        assertThat(runner.gitlab().requests(Endpoint.GIT_PUSH)).isNotEmpty();
        runner.awaitIdle();
        assertThat(filesWith(job.job().token().value())).isEmpty();
    }

    @Test
    void noProcessHasTheTokenAmongItsArguments() throws Exception {
        // git writes down every program that it starts, with all of its arguments.
        Path commands = runner.directory().resolve("commands");
        Ended job =
                runner.run(
                                job().variable("GIT_TRACE", commands.toString())
                                        .script(
                                                "git fetch origin",
                                                "git push -q origin HEAD:refs/heads/x"))
                        .succeeded();

        assertThat(commands).content().contains("remote-http", "f get");
        assertThat(contains(commands, job.job().token().value())).isFalse();
    }

    private List<Path> filesWith(String text) throws IOException {
        try (Stream<Path> files = Files.walk(runner.builds())) {
            return files.filter(Files::isRegularFile).filter(file -> contains(file, text)).toList();
        }
    }

    private static boolean contains(Path file, String text) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    @Tag("JS-61")
    void cleaningAndFetchingAreTheJobsChoice() throws Exception {
        runner.run(job().script("mkdir keep other && touch keep/a other/b c.o")).succeeded();
        runner.awaitIdle();
        Ended kept =
                runner.run(
                                job().variable("GIT_CLEAN_FLAGS", "-ffdx -e keep/")
                                        .variable("GIT_FETCH_EXTRA_FLAGS", "none")
                                        .script("ls", "touch again"))
                        .succeeded();
        runner.awaitIdle();
        Ended none = runner.run(job().variable("GIT_CLEAN_FLAGS", "none").script("ls")).succeeded();

        assertThat(kept.output()).containsExactly("README.md", "keep");
        assertThat(none.output()).containsExactly("README.md", "again", "keep");
    }

    @Test
    @Tag("JS-63")
    @Tag("JS-64")
    void locksAndHooksOfAnEarlierJobDoNoHarm() throws Exception {
        Ended first =
                runner.run(
                                job().script(
                                                "cd .git && touch index.lock shallow.lock HEAD.lock config.lock refs/heads/x.lock",
                                                "mkdir -p hooks && printf '#!/bin/sh\\ntouch %s\\n' \"$CI_BUILDS_DIR/hooked\" > hooks/post-checkout",
                                                "chmod +x hooks/post-checkout"))
                        .succeeded();
        runner.awaitIdle();
        repository().commit("new.txt", "new\n", "third");

        runner.run(job().script("cat new.txt")).succeeded();

        assertThat(first.output()).isEmpty();
        assertThat(runner.builds().resolve("hooked")).doesNotExist();
    }

    @Test
    @Tag("JS-66")
    void nestedPrivateSubmodulesComeWithTheJobsToken() throws Exception {
        TestRepository inner = TestRepository.create(runner.directory().resolve("inner"));
        inner.commit("inner.txt", "inner\n", "inner");
        TestRepository middle = TestRepository.create(runner.directory().resolve("middle"));
        runner.gitlab().addProject("group/inner", inner.directory());
        runner.gitlab().addProject("other/middle", middle.directory());
        String server = runner.gitlab().url().toString();
        middle.submodule(inner, server + "/group/inner.git", "deep");
        repository().submodule(middle, "../../other/middle.git", "sub");

        Ended job =
                runner.run(
                                job().variable("GIT_SUBMODULE_STRATEGY", "recursive")
                                        .script("cat sub/README.md sub/deep/inner.txt"))
                        .succeeded();
        Ended normal =
                runner.run(
                                job().variable("GIT_SUBMODULE_STRATEGY", "normal")
                                        .variable("GIT_STRATEGY", "clone")
                                        .script("ls sub sub/deep"))
                        .succeeded();

        assertThat(job.output()).containsExactly("first", "inner");
        assertThat(normal.output()).contains("README.md").doesNotContain("inner.txt");
        runner.awaitIdle();
        assertThat(filesWith(job.job().token().value())).isEmpty();
    }

    @Test
    @Tag("JS-69")
    void anUnknownSubmoduleStrategyIsASystemFailure() throws Exception {
        Ended job = runner.run(job().variable("GIT_SUBMODULE_STRATEGY", "bad").script("true"));

        assertThat(job.job().failureReason()).contains("runner_system_failure");
        assertThat(job.lastLine()).contains("unknown GIT_SUBMODULE_STRATEGY");
        assertThat(job.stages()).doesNotContain("step_script");
    }

    @Test
    @Tag("JS-71")
    @Tag("JS-72")
    void hooksStandAroundTheSourcesAndTheRunnersAreTheOuterOnes() throws Exception {
        runner.start(
                "pre_get_sources_script = \"echo runner before\"",
                "post_get_sources_script = \"echo runner after\"");
        Ended job =
                runner.run(
                                job().hook("pre_get_sources_script", "echo job before")
                                        .hook("post_get_sources_script", "echo job after")
                                        .script("true"))
                        .succeeded();

        assertThat(job.stage("get_sources"))
                .containsSubsequence(
                        "$ echo runner before\nrunner before",
                        "$ echo job before\njob before",
                        "Fetching changes",
                        "Checking out",
                        "$ echo job after\njob after",
                        "$ echo runner after\nrunner after");

        Ended failing =
                runner.run(job().hook("pre_get_sources_script", "exit 4").script("echo never"));
        failing.failed("script_failure", ": exit status 4");
        assertThat(failing.stages()).doesNotContain("step_script");
    }

    @Test
    @Tag("JS-73")
    void aClonePathOfItsOwnHasToBeAllowedAndInsideTheBuilds() throws Exception {
        runner.start("[runners.custom_build_dir]", "enabled = true");
        Ended inside =
                runner.run(job().variable("GIT_CLONE_PATH", "$CI_BUILDS_DIR/x").script("pwd"))
                        .succeeded();
        Ended outside = runner.run(job().variable("GIT_CLONE_PATH", "/tmp/x").script("pwd"));

        assertThat(inside.output()).containsExactly(runner.builds().resolve("x").toString());
        assertThat(outside.log()).contains("has to be within");
        assertThat(outside.job().failureReason()).contains("runner_configuration_error");
    }

    @Test
    @Tag("JS-74")
    void theRunnersCloneUrlReplacesTheServers() throws Exception {
        String other = "http://localhost:" + runner.gitlab().url().getPort();
        runner.start("clone_url = \"" + other + "\"");

        Ended job =
                runner.run(job().script("git config remote.origin.url", "cat README.md"))
                        .succeeded();

        assertThat(job.output()).containsExactly(other + "/group/app.git", "first");
    }

    @Test
    @Tag("JS-75")
    void aProjectOfTheOtherHashIsFetchedToo() throws Exception {
        Path directory = runner.directory().resolve("sha256");
        Files.createDirectories(directory);
        TestRepository.run(
                directory, "init", "--quiet", "--initial-branch=main", "--object-format=sha256");
        TestRepository.run(directory, "commit", "--quiet", "--allow-empty", "-m", "first");
        Project other = runner.gitlab().addProject("group/sha256", directory);

        Ended job =
                runner.run(
                                runner.job()
                                        .project(other)
                                        .script(
                                                "git rev-parse --show-object-format",
                                                "git rev-parse HEAD"))
                        .succeeded();

        assertThat(job.output())
                .containsExactly("sha256", TestRepository.run(directory, "rev-parse", "HEAD"));
    }

    @Test
    void tagsAndTheirCommitsAreCheckedOut() throws Exception {
        repository().tag("v1");
        String tagged = repository().head();
        repository().commit("later", "later\n", "later");

        Ended job =
                runner.run(job().tag("v1").script("git rev-parse HEAD", "echo $CI_COMMIT_TAG"))
                        .succeeded();

        assertThat(job.output()).containsExactly(tagged, "v1");
        assertThat(job.stage("get_sources")).contains("(ref is v1)");
    }

    @Test
    void aCommitThatIsNotThereFailsTheJob() throws Exception {
        Ended job =
                runner.run(
                        job().script("echo never")
                                .customize(payload ->
                                        ((com.fasterxml.jackson.databind.node.ObjectNode)
                                                        payload.path("git_info"))
                                                .put("sha", "1".repeat(40))
                                                .putArray("refspecs")
                                                .add("+refs/heads/main:refs/remotes/origin/main")));

        assertThat(job.state()).isEqualTo(io.armrunner.coordinator.JobState.FAILED);
        assertThat(job.job().failureReason()).contains("script_failure");
        assertThat(job.lastLine()).isEqualTo("ERROR: Job failed: exit status 128");
        assertThat(job.stages()).doesNotContain("step_script");
    }
}
