package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Jobs in builds that cannot reach GitLab. */
final class CodeBuildRelayTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest();

    private Path file(String name) {
        return cloud.directory().resolve(name);
    }

    private void nobodyButTheManagerAskedGitLab() {
        assertThat(cloud.gitlab().requests())
                .isNotEmpty()
                .allSatisfy(request ->
                        assertThat(request.header("user-agent").orElse(""))
                                .as(request.toString())
                                .endsWith(CloudRunner.MANAGER));
    }

    @Test
    @Tag("CB-65")
    @Tag("CB-66")
    void aJobHasItsSourcesLogAndArtifactsWithoutOneCallOfItsBuildToGitLab() throws Exception {
        TestRepository inner = TestRepository.create(file("inner"));
        TestRepository middle = TestRepository.create(file("middle"));
        TestRepository app = TestRepository.create(file("app"));
        String server = cloud.gitlab().url().toString().replaceAll("/+$", "");
        middle.submodule(inner, server + "/group/inner.git", "deep");
        app.submodule(middle, "../middle.git", "sub");
        app.commit("more", "1", "more");
        app.tag("v1");
        app.commit("more", "2", "later");
        app.commit("more", "3", "latest");
        cloud.gitlab().addProject("group/inner", inner.directory());
        cloud.gitlab().addProject("group/middle", middle.directory());
        Project project = cloud.gitlab().addProject("group/app", app.directory());
        cloud.start("relay = true");
        CoordinatorJob first =
                cloud.run(
                        cloud.job()
                                .project(project)
                                .depth(3)
                                .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                                .script(
                                        "git rev-parse HEAD; git rev-list --count HEAD; git log --format=%s -n 3",
                                        "git submodule status --recursive",
                                        "cat sub/deep/README.md",
                                        "echo made > made.txt; echo '<testsuite/>' > junit.xml",
                                        "exit 3")
                                .artifacts("always", List.of("made.txt"), List.of())
                                .report("junit", "junit.xml"));
        cloud.newDisk();

        String log = CloudUnderTest.log(first);
        assertThat(first.state()).as(log).isEqualTo(JobState.FAILED);
        assertThat(first.exitCode()).as(log).hasValue(3);
        assertThat(log)
                .containsSubsequence(
                        "Running with armrunner",
                        "this build does not reach GitLab",
                        app.head() + "\n3\nlatest\nlater\nmore\n",
                        middle.head() + " sub",
                        inner.head() + " sub/deep",
                        "first\n",
                        "Uploading artifacts",
                        "CodeBuild arm64 small in eu-west-3: 1 minute",
                        "Job failed: exit status 3");
        assertThat(first.artifacts())
                .extracting(StoredArtifact::type)
                .containsExactlyInAnyOrder("archive", "junit");

        CoordinatorJob whole =
                cloud.run(
                        cloud.job()
                                .project(project)
                                .depth(0)
                                .dependsOn(first)
                                .script("git describe --tags", "cat made.txt"));
        assertThat(whole.state()).as(CloudUnderTest.log(whole)).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(whole))
                .contains(app.git("describe", "--tags") + "\n", "$ cat made.txt\nmade\n");
        assertThat(cloud.leftObjects()).isEmpty();
        nobodyButTheManagerAskedGitLab();
    }

    /** A repository with a file that git-lfs keeps outside of it. */
    private TestRepository withLargeFile(String name, String content) throws Exception {
        TestRepository repository = TestRepository.create(file(name));
        repository.git("lfs", "install", "--local");
        repository.commit(".gitattributes", "*.bin filter=lfs -text\n", "attributes");
        repository.commit("large.bin", content, "large");
        return repository;
    }

    private JobBuilder jobWithGitLfs() throws IOException {
        // As git-lfs' package sets it up for all users of a machine.
        Path config =
                Files.writeString(
                        file("gitconfig"),
                        """
                        [filter "lfs"]
                        clean = git-lfs clean -- %f
                        smudge = git-lfs smudge -- %f
                        process = git-lfs filter-process
                        required = true
                        """);
        return cloud.job().variable("GIT_CONFIG_GLOBAL", config.toString());
    }

    @Test
    @Tag("CB-30")
    @Tag("CB-66")
    void largeFilesOfTheProjectAndItsSubmodulesComeWithTheSources() throws Exception {
        TestRepository library = withLargeFile("library", "large in the library\n");
        String server = cloud.gitlab().url().toString().replaceAll("/+$", "");
        library.commit(
                ".lfsconfig",
                "[lfs]\n\turl = " + server + "/group/library.git/info/lfs\n",
                "where they are");
        TestRepository app = withLargeFile("app", "large in the project\n");
        app.submodule(library, "../library.git", "sub");
        cloud.gitlab().addProject("group/library", library.directory());
        Project project = cloud.gitlab().addProject("group/app", app.directory());
        cloud.start("relay = true");

        CoordinatorJob job =
                cloud.run(
                        jobWithGitLfs()
                                .project(project)
                                .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                                .script("cat large.bin sub/large.bin", "git status --short"));
        cloud.newDisk();
        CoordinatorJob pointers =
                cloud.run(
                        jobWithGitLfs()
                                .project(project)
                                .variable("GIT_LFS_SKIP_SMUDGE", "1")
                                .script("head -n 1 large.bin"));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(job))
                .contains("large in the project\nlarge in the library\n$ git status --short\n");
        assertThat(cloud.gitlab().requests(Endpoint.GIT_LFS)).hasSize(4);
        assertThat(pointers.state()).as(CloudUnderTest.log(pointers)).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(pointers))
                .contains("version https://git-lfs.github.com/spec/v1");
        assertThat(cloud.gitlab().requests())
                .filteredOn(request -> !request.endpoint().toString().startsWith("GIT_"))
                .allSatisfy(request ->
                        assertThat(request.header("user-agent").orElse(""))
                                .endsWith(CloudRunner.MANAGER));
    }

    @Test
    void largeFilesThatCannotBeRelayedAreNamed() throws Exception {
        TestRepository app = withLargeFile("app", "elsewhere\n");
        app.commit(".lfsconfig", "[lfs]\n\turl = https://127.0.0.1:1/app\n", "elsewhere");
        Project elsewhere = cloud.gitlab().addProject("group/elsewhere", app.directory());
        TestRepository lost = withLargeFile("lost", "lost\n");
        Project without = cloud.gitlab().addProject("group/lost", lost.directory());
        try (Stream<Path> kept = Files.walk(lost.directory().resolve(".git/lfs/objects"))) {
            for (Path each : kept.filter(Files::isRegularFile).toList()) {
                Files.delete(each);
            }
        }
        cloud.start("relay = true");

        CoordinatorJob first = cloud.run(jobWithGitLfs().project(elsewhere).script("echo never"));
        cloud.newDisk();
        CoordinatorJob second = cloud.run(jobWithGitLfs().project(without).script("echo never"));

        assertThat(CloudUnderTest.log(first))
                .contains("are at https://127.0.0.1:1/app: they are for the build to fetch")
                .doesNotContain("\nnever");
        assertThat(second.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(second))
                .contains("the runner could not fetch all large files of ")
                .doesNotContain("\nnever");
    }

    @Test
    @Tag("CB-63")
    void eachLineIsInTheLogOnceHoweverOftenTheManagerIsAnotherOne() throws Exception {
        cloud.start("relay = true");
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "for i in $(seq 200); do echo \"line $i.\"; sleep 0.05; done",
                                "until [ -e %s ]; do sleep 0.1; done".formatted(file("go")),
                                "echo the end")
                        .enqueue();
        for (int line : new int[] {10, 60, 120}) {
            job.awaitLog("line " + line + ".", CloudUnderTest.LIMIT);
            cloud.restart();
        }
        Files.createFile(file("go"));
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();

        String log = CloudUnderTest.log(job);
        assertThat(log.lines().filter(line -> line.startsWith("line ")))
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 200).mapToObj(i -> "line " + i + ".").toList());
        assertThat(log).containsOnlyOnce("\nthe end\n").endsWith("Job succeeded\n");
        assertThat(cloud.aws().codeBuild().builds()).hasSize(1);
        assertThat(cloud.leftObjects()).isEmpty();
        nobodyButTheManagerAskedGitLab();
    }

    @Test
    @Tag("CB-58")
    @Tag("CB-59")
    void aCancellationReachesTheAgentAndAMinuteCostsFortyCallsAtMost() throws Exception {
        cloud.start("relay = true");
        CoordinatorJob job =
                cloud.job()
                        .script("echo begun", "while sleep 0.1; do echo still here; done")
                        .afterScript("echo after it")
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        long calls = cloud.aws().count("s3:*");
        long writes = cloud.aws().count("s3:Put*");
        long begun = System.nanoTime();
        await().atMost(CloudUnderTest.LIMIT)
                .until(() -> System.nanoTime() - begun > 6_000_000_000L);
        // Time in this AWS, and with it all pauses, is ten times faster: six seconds are a minute.
        long callsThen = cloud.aws().count("s3:*") - calls;
        long writesThen = cloud.aws().count("s3:Put*") - writes;
        double minutes = (System.nanoTime() - begun) / 6e9;
        assertThat(callsThen / minutes).isLessThanOrEqualTo(40);
        // Prices of Paris: 1000 writes for $0.0053, 1000 reads for $0.00042.
        double dollars = writesThen * 0.0000053 + callsThen * 0.00000042;
        assertThat(dollars / minutes).as("a minute of S3").isLessThan(0.0034 * 0.05);
        job.cancel();
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.state().isFinished());
        cloud.awaitIdle();

        assertThat(CloudUnderTest.log(job)).contains("after it");
        assertThat(cloud.aws().codeBuild().builds().getFirst().buildStatusAsString())
                .isEqualTo("SUCCEEDED");
        assertThat(cloud.leftObjects()).isEmpty();
        nobodyButTheManagerAskedGitLab();
    }

    @Test
    void aRelayedJobWhoseAgentDiesIsFinishedWithAllThatItSaid() throws Exception {
        cloud.start("relay = true");
        CoordinatorJob job = cloud.job().script("echo begun", "sleep 60").enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.agent().destroyForcibly();
        job.awaitFinished(CloudUnderTest.LIMIT);
        cloud.awaitIdle();

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(CloudUnderTest.log(job))
                .contains("begun", "the agent in it left no result")
                .doesNotContain("Job succeeded");
        assertThat(cloud.leftObjects()).isEmpty();
    }
}
