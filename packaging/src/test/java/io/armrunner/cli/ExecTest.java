package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecTest {
    private final Path directory;
    private String out = "";
    private String err = "";
    private final LocalProject project;

    ExecTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        project = new LocalProject(directory.toRealPath());
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        assertThat(project.leftovers()).isEmpty();
    }

    @Test
    void jobsRunInStagesAndTheTableSaysHowTheyEnded() throws Exception {
        project.pipeline(
                        """
                        stages: [one, two]
                        second: {stage: two, script: [echo "this is $CI_JOB_NAME of $CI_COMMIT_BRANCH"]}
                        first: {stage: one, script: [echo "greeting $GREETING"]}
                        """)
                .commit("Start");

        assertThat(exec("--variable", "GREETING=hello")).isZero();

        assertThat(lines())
                .containsSubsequence("first  | greeting hello", "second | this is second of main")
                .noneMatch(line -> line.contains("Running with"));
        assertThat(row("first")).contains("one", "success", " s");
        assertThat(out).contains("pipeline passed in ").doesNotContain("\u001b");
        assertThat(err).isEmpty();
    }

    @Test
    void aFailedJobIsExitCode1AndLaterStagesAreSkipped() throws Exception {
        project.pipeline(
                        """
                        stages: [one, two]
                        breaks: {stage: one, script: [exit 3]}
                        later: {stage: two, script: [echo never]}
                        rescue: {stage: two, script: [echo rescued], when: on_failure}
                        """)
                .commit("Start");

        assertThat(exec()).isEqualTo(1);

        assertThat(row("breaks")).contains("failed", "exit code 3");
        assertThat(row("later")).contains("skipped", "breaks failed");
        assertThat(row("rescue")).contains("success");
        assertThat(out).contains("pipeline failed in ").contains("rescue | rescued");
    }

    @Test
    void aFailureThatIsAllowedDoesNotCount() throws Exception {
        project.pipeline(
                        """
                        may: {script: [exit 7], allow_failure: {exit_codes: 7}}
                        """)
                .commit("Start");

        assertThat(exec()).isZero();
        assertThat(row("may")).contains("failed", "exit code 7, allowed to fail");
    }

    @Test
    void needsBeatTheOrderOfStages() throws Exception {
        project.pipeline(
                        """
                        stages: [one, two]
                        slow: {stage: one, script: ["until [ -e $MARK ]; do sleep 0.02; done"]}
                        early: {stage: two, needs: [], script: [touch $MARK]}
                        """)
                .commit("Start");

        // Without needs, slow would wait for ever for what early makes.
        assertThat(exec("--variable", "MARK=" + directory.resolve("mark"))).isZero();
    }

    @Test
    void eachPartOfAMatrixIsAJob() throws Exception {
        project.pipeline(
                        """
                        build:
                          parallel:
                            matrix:
                              - BOARD: [pi, rock]
                                MODE: [debug]
                          script: [echo "for $BOARD in $MODE as $CI_NODE_INDEX of $CI_NODE_TOTAL"]
                        """)
                .commit("Start");

        assertThat(exec()).isZero();
        assertThat(out)
                .contains(
                        "build: [pi, debug]   | for pi in debug as 1 of 2",
                        "build: [rock, debug] | for rock in debug as 2 of 2");
    }

    @Test
    void aJobIsTriedAgainAsOftenAsItMay() throws Exception {
        Path mark = directory.resolve("mark");
        project.pipeline(
                        """
                        flaky: {script: ["[ -e $MARK ] || { touch $MARK; exit 9; }"], retry: 1}
                        """)
                .commit("Start");

        assertThat(exec("--variable", "MARK=" + mark)).isZero();
        assertThat(out).contains("exit code 9, is tried again");
    }

    @Test
    void jobsSeeUncommittedFilesAndTheRepositoryStaysAsItIs() throws Exception {
        project.write("kept.txt", "kept\n")
                .write("changed.txt", "old\n")
                .write("gone.txt", "gone\n")
                .write(".gitignore", "*.log\n")
                .pipeline(
                        """
                        look:
                          script:
                            - cat kept.txt changed.txt staged.txt new/untracked.txt
                            - test ! -e gone.txt
                            - test ! -e ignored.log
                            - git status --porcelain
                            - git log --format=%s
                        """)
                .commit("The commit");
        project.write("changed.txt", "new\n")
                .write("staged.txt", "staged\n")
                .write("new/untracked.txt", "untracked\n")
                .write("ignored.log", "ignored\n");
        project.git("add", "staged.txt");
        Files.delete(project.root().resolve("gone.txt"));
        Map<String, String> before = project.everything();

        assertThat(exec()).isZero();

        assertThat(lines())
                .containsSubsequence(
                        "look | kept", "look | new", "look | staged", "look | untracked")
                .contains("look | The commit");
        assertThat(project.everything()).isEqualTo(before);
    }

    @Test
    void aCleanTreeRunsItsCommitAndIsNotTouched() throws Exception {
        project.pipeline("look: {script: ['echo \"at $CI_COMMIT_SHA\"']}\n").commit("Start");
        Map<String, String> before = project.everything();
        String head = project.git("rev-parse", "HEAD");

        assertThat(exec()).isZero();

        assertThat(lines()).contains("look | at " + head);
        assertThat(project.everything()).isEqualTo(before);
    }

    @Test
    void aDirectoryWithoutGitIsAProjectToo() throws Exception {
        project.pipeline("look: {script: [cat data/file.txt, test -z \"$CI_COMMIT_TAG\"]}\n")
                .write("data/file.txt", "plain\n");
        Map<String, String> before = project.everything();

        assertThat(exec()).isZero();

        assertThat(lines()).contains("look | plain");
        assertThat(project.everything()).isEqualTo(before);
    }

    @Test
    void aRepositoryWithoutCommitIsAProjectToo() throws Exception {
        project.pipeline("look: {script: [cat file.txt, 'echo \"on $CI_COMMIT_BRANCH\"']}\n")
                .write("file.txt", "plain\n")
                .git("init", "-q", "-b", "trunk");
        Map<String, String> before = project.everything();

        assertThat(exec()).isZero();

        assertThat(lines()).contains("look | plain", "look | on trunk");
        assertThat(project.everything()).isEqualTo(before);
    }

    @Test
    void shallowClonesAndLinkedWorkingTreesWork() throws Exception {
        project.pipeline("look: {script: [git log --format=%s]}\n").commit("First");
        project.write("more.txt", "more\n").commit("Second");
        LocalProject shallow = project.at(directory.toRealPath().resolve("shallow"));
        shallow.git("clone", "-q", "--depth", "1", "file://" + project.root(), ".");
        LocalProject linked = project.at(directory.toRealPath().resolve("linked"));
        project.git("worktree", "add", "-q", "-b", "side", linked.root().toString());
        linked.write("more.txt", "changed\n");

        assertThat(exec("-C", shallow.root().toString())).isZero();
        assertThat(lines()).contains("look | Second").doesNotContain("look | First");
        assertThat(exec("-C", linked.root().toString())).isZero();
        assertThat(lines()).contains("look | First");
    }

    @Test
    void aDirectoryBelowRunsThePipelineOfTheWholeProject() throws Exception {
        project.pipeline("look: {script: [cat deep/down/file.txt]}\n")
                .write("deep/down/file.txt", "found\n")
                .commit("Start");

        assertThat(exec("-C", project.root().resolve("deep/down").toString())).isZero();
        assertThat(lines()).contains("look | found");
    }

    @Test
    void allErrorsOfTheFileAreShownWithTheirPlaces() throws Exception {
        project.pipeline(
                        """
                        build:
                          stage: nowhere
                          scrpt: [echo]
                        """)
                .commit("Start");

        assertThat(exec()).isEqualTo(2);
        assertThat(err.lines())
                .hasSizeGreaterThan(1)
                .allMatch(line -> line.matches("\\.gitlab-ci\\.yml:\\d+:\\d+: .*"));
        assertThat(out).isEmpty();
    }

    @Test
    void aMissingFileIsOneLine() throws Exception {
        assertThat(exec()).isEqualTo(2);
        assertThat(err).hasLineCount(1).contains("there is no .gitlab-ci.yml in ");
    }

    @Test
    void listShowsTheJobsAndWhyOthersAreMissingAndRunsNone() throws Exception {
        project.pipeline(
                        """
                        build: {stage: build, script: ["false"], coverage: '/x/'}
                        deploy: {stage: deploy, script: ["false"], when: manual, needs: [build]}
                        release: {stage: deploy, script: ["false"], rules: [{if: $CI_COMMIT_TAG}]}
                        """)
                .commit("Start");

        assertThat(exec("--list")).isZero();

        assertThat(row("build")).contains("build", "on_success", "earlier stages");
        assertThat(row("deploy")).contains("manual", "build");
        assertThat(out).contains("not in this pipeline").contains("release");
        assertThat(err).hasLineCount(1).startsWith("note: build: coverage: ");
    }

    @Test
    void tagsAndMergeRequestsMakeTheirOwnPipelines() throws Exception {
        project.pipeline(
                        """
                        release: {script: ['echo "tag $CI_COMMIT_TAG"'], rules: [{if: $CI_COMMIT_TAG}]}
                        review:
                          script: ['echo "into $CI_MERGE_REQUEST_TARGET_BRANCH_NAME"']
                          rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]
                        """)
                .commit("Start");

        assertThat(exec()).isZero();
        assertThat(out).contains("No job is in this pipeline");
        assertThat(exec("--tag", "v1")).isZero();
        assertThat(lines()).contains("release | tag v1");
        assertThat(exec("--merge-request=stable")).isZero();
        assertThat(lines()).contains("review | into stable");
    }

    @Test
    void namedJobsRunWithWhatTheyNeedAndManualOnesOnlyThen() throws Exception {
        project.pipeline(
                        """
                        build: {stage: build, script: [echo built]}
                        other: {stage: build, script: [echo other]}
                        deploy: {stage: deploy, needs: [build], script: [echo deployed], when: manual}
                        """)
                .commit("Start");

        assertThat(exec("deploy")).isZero();
        assertThat(lines()).contains("build  | built", "deploy | deployed");
        assertThat(out).doesNotContain("other");

        assertThat(exec()).isZero();
        assertThat(out).contains("other  | other").doesNotContain("| deployed");
        assertThat(row("deploy")).contains("manual", "name it to run it");

        assertThat(exec("biuld")).isEqualTo(2);
        assertThat(err).contains("there is no job biuld; did you mean build?");
    }

    @Test
    void verboseShowsTheRunnersPart() throws Exception {
        project.pipeline("look: {script: [echo hello]}\n").commit("Start");

        assertThat(exec("--verbose")).isZero();
        assertThat(out).contains("| Running with armrunner", "| Job succeeded");
    }

    private int exec(String... words) {
        LocalProject.Run run = project.exec(Map.of(), words);
        out = run.out();
        err = run.err();
        return run.status();
    }

    private List<String> lines() {
        return out.lines().toList();
    }

    /** The job's line in the table. */
    private String row(String job) {
        return lines().stream()
                .filter(line -> line.startsWith(job + " ") && !line.contains(" | "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row of " + job + " in\n" + out));
    }
}
