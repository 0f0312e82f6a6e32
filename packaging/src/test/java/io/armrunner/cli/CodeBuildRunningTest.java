package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.fake.AwsCall;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.LogPatch;
import io.armrunner.coordinator.Project;
import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What jobs do while they run in a build: the engine there is the one that local jobs have. */
final class CodeBuildRunningTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest();

    private Path file(String name) {
        return cloud.directory().resolve(name);
    }

    private void ended(CoordinatorJob job, JobState state) throws Exception {
        job.awaitFinished(CloudUnderTest.LIMIT);
        cloud.awaitIdle();
        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(state);
    }

    private List<AwsCall> calls(String name, String end) {
        return cloud.aws().calls().stream()
                .filter(call -> call.name().equals(name) && call.target().endsWith(end))
                .toList();
    }

    @Test
    @Tag("CB-14")
    @Tag("CB-17")
    @Tag("CB-20")
    void aJobGoesToItsBuildEncryptedAndOnceAndIsGoneWhenItIsTaken() throws Exception {
        String key = "arn:aws:kms:eu-west-3:123456789012:key/0";
        cloud.aws().faults().on("s3:GetObject").times(2).refuse(403, "AccessDenied", "nothing");
        cloud.aws().faults().on("s3:GetObject").refuse(404, "NoSuchKey", "nothing");
        cloud.start("kms_key = \"" + key + "\"");
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "echo begun",
                                "until [ -e %s ]; do sleep 0.1; done".formatted(file("go")))
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);

        assertThat(cloud.leftObjects()).singleElement().asString().endsWith("/claim");
        List<AwsCall> all = cloud.aws().calls();
        AwsCall put = calls("s3:PutObject", "/payload.json").getFirst();
        AwsCall start = calls("codebuild:StartBuild", "/").getFirst();
        assertThat(all.indexOf(put)).isGreaterThan(all.indexOf(start));
        assertThat(put.headers())
                .containsEntry("if-none-match", "*")
                .containsEntry("x-amz-server-side-encryption", "aws:kms")
                .containsEntry("x-amz-server-side-encryption-aws-kms-key-id", key);
        assertThat(put.target()).contains(cloud.aws().codeBuild().builds().getFirst().arn());
        AwsCall claim = calls("s3:PutObject", "/claim").getFirst();
        AwsCall removal = calls("s3:DeleteObject", "/payload.json").getFirst();
        List<AwsCall> ofTheBuild =
                all.stream().filter(call -> call.caller().equals(claim.caller())).toList();
        assertThat(ofTheBuild.indexOf(removal))
                .as("nothing is done between claim and removal")
                .isEqualTo(ofTheBuild.indexOf(claim) + 1);

        Files.createFile(file("go"));
        ended(job, JobState.SUCCESS);
        assertThat(cloud.leftObjects()).isEmpty();
    }

    @Test
    @Tag("CB-21")
    @Tag("CB-33")
    void theLogIsWhatTheJobPrintedByteForByteButForItsSecrets() throws Exception {
        cloud.configured("[runners.feature_flags]\nFF_TIMESTAMPS = false\n");
        cloud.start();
        CoordinatorJob job =
                cloud.run(
                        cloud.job()
                                .maskedVariable("SECRET", "correct-horse-battery")
                                .maskedVariable("LINES", "first-line-of-it\nsecond-line-of-it")
                                .script(
                                        "printf 'one\\rtwo\\033[31mred\\033[0m'",
                                        "printf 'a\\377b\\n'",
                                        "head -c 1048576 /dev/zero | tr '\\0' y; echo",
                                        "printf %s \"<${SECRET:0:7}\"; sleep 0.5; printf '%s>\\n' \"${SECRET:7}\"",
                                        "echo \"$LINES\"",
                                        "printf 'no newline at the end'"));

        String log = new String(job.log(), UTF_8);
        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(log)
                .contains("one\rtwo\033[31mred\033[0m")
                .contains("a\ufffdb\n")
                .contains("\n" + "y".repeat(1 << 20) + "\n")
                .contains("<[MASKED]>\n")
                .contains("no newline at the end")
                .doesNotContain("correct", "battery", "first-line-of-it", "second-line-of-it");
        // The coordinator compares length and checksum of the final report with the log it has.
        assertThat(job.updates().getLast().state()).isEqualTo("success");
    }

    @Test
    @Tag("CB-23")
    void theServersIntervalIsFollowedFromTheNextAnswerOn() throws Exception {
        cloud.gitlab().updateInterval(Duration.ofSeconds(1));
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "until [ -e %s ]; do echo on and on; sleep 0.2; done"
                                        .formatted(file("go")))
                        .enqueue();
        // What is prompt, since it is new, comes first. Then a patch may be late on a busy machine,
        // but none is early, and not each of them is late.
        job.awaitLog("on and on", CloudUnderTest.LIMIT);
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.logPatches().size() > 3);
        Instant one = Instant.now();
        await("patches a second apart")
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> shortest(job, one) < 2000);
        assertThat(shortest(job, one)).isGreaterThan(700);
        cloud.gitlab().updateInterval(Duration.ofSeconds(3));
        int before = job.logPatches().size();
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.logPatches().size() > before);
        Instant three = job.logPatches().getLast().at().plusMillis(1);
        await("patches three seconds apart")
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> shortest(job, three) < 4500);
        assertThat(shortest(job, three)).isGreaterThan(2500);
        Files.createFile(file("go"));
        ended(job, JobState.SUCCESS);
    }

    /** The shortest time between two patches since then, in milliseconds. */
    private static long shortest(CoordinatorJob job, Instant since) {
        List<Instant> patches =
                job.logPatches().stream()
                        .map(LogPatch::at)
                        .filter(at -> at.isAfter(since))
                        .toList();
        return IntStream.range(1, patches.size())
                .mapToLong(i -> Duration.between(patches.get(i - 1), patches.get(i)).toMillis())
                .min()
                .orElse(Long.MAX_VALUE);
    }

    @Test
    @Tag("CB-30")
    void sourcesAreThoseOfEveryStrategy() throws Exception {
        TestRepository inner = TestRepository.create(file("inner"));
        TestRepository middle = TestRepository.create(file("middle"));
        TestRepository app = TestRepository.create(file("app"));
        String server = cloud.gitlab().url().toString().replaceAll("/+$", "");
        middle.submodule(inner, server + "/group/inner.git", "deep");
        app.submodule(middle, "../middle.git", "sub");
        largeFile(app);
        app.commit("more", "1", "more");
        app.tag("v1");
        app.commit("more", "2", "later");
        cloud.gitlab().addProject("group/inner", inner.directory());
        cloud.gitlab().addProject("group/middle", middle.directory());
        // Builds of AWS have a disk each; these have a directory each, as they are of projects.
        List<Project> projects = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            projects.add(cloud.gitlab().addProject("group/app" + i, app.directory()));
        }
        cloud.start();

        CoordinatorJob deep =
                cloud.job()
                        .project(projects.get(0))
                        .depth(0)
                        .variable("GIT_CONFIG_GLOBAL", file("gitconfig").toString())
                        .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                        .script("git describe --tags", "cat sub/deep/README.md large.bin")
                        .enqueue();
        CoordinatorJob shallow =
                cloud.job()
                        .project(projects.get(1))
                        .depth(2)
                        .variable("GIT_STRATEGY", "clone")
                        .variable("GIT_LFS_SKIP_SMUDGE", "1")
                        .script("echo count $(git rev-list --count HEAD)")
                        .enqueue();
        CoordinatorJob none =
                cloud.job()
                        .project(projects.get(2))
                        .variable("GIT_STRATEGY", "none")
                        .script("echo files $(ls -A | wc -l)")
                        .enqueue();
        CoordinatorJob empty =
                cloud.job()
                        .project(projects.get(3))
                        .variable("GIT_STRATEGY", "empty")
                        .script("echo files $(ls -A | wc -l)")
                        .enqueue();
        CoordinatorJob tag =
                cloud.job()
                        .project(projects.get(4))
                        .tag("v1")
                        .variable("GIT_LFS_SKIP_SMUDGE", "1")
                        .script("echo more $(cat more)")
                        .enqueue();
        app.git("update-ref", "refs/merge-requests/7/head", "HEAD~1");
        CoordinatorJob request =
                cloud.job()
                        .project(projects.get(5))
                        .commit(app.git("rev-parse", "HEAD~1"))
                        .mergeRequestRef("refs/merge-requests/7/head")
                        .variable("GIT_LFS_SKIP_SMUDGE", "1")
                        .script("echo more $(cat more)")
                        .enqueue();
        List<CoordinatorJob> jobs = List.of(deep, shallow, none, empty, tag, request);
        for (CoordinatorJob job : jobs) {
            job.awaitFinished(CloudUnderTest.LIMIT);
        }
        for (CoordinatorJob job : jobs) {
            ended(job, JobState.SUCCESS);
        }

        assertThat(CloudUnderTest.log(deep)).contains("v1-1-g", "first\nthe large file itself");
        assertThat(CloudUnderTest.log(shallow)).contains("depth set to 2", "count 2");
        assertThat(CloudUnderTest.log(none)).contains("files 0");
        assertThat(CloudUnderTest.log(empty)).contains("files 0");
        assertThat(CloudUnderTest.log(tag)).contains("more 1");
        assertThat(CloudUnderTest.log(request)).contains("more 1");
    }

    private void largeFile(TestRepository app) throws Exception {
        Path store = file("large-files.git");
        TestRepository.run(cloud.directory(), "init", "-q", "--bare", store.toString());
        app.git("lfs", "install", "--local");
        Path sources = app.directory();
        Files.writeString(sources.resolve(".lfsconfig"), "[lfs]\n\turl = " + store.toUri() + "\n");
        Files.writeString(sources.resolve(".gitattributes"), "*.bin filter=lfs -text\n");
        Files.writeString(sources.resolve("large.bin"), "the large file itself\n");
        app.git("add", "-A");
        app.commitStaged("large");
        app.git("lfs", "push", "--all", store.toUri().toString(), "main");
        // As git-lfs' package sets it up for all users of a machine.
        Files.writeString(
                file("gitconfig"),
                """
                [filter "lfs"]
                clean = git-lfs clean -- %f
                smudge = git-lfs smudge -- %f
                process = git-lfs filter-process
                required = true
                """);
    }

    @Test
    @Tag("CB-31")
    void artifactsOfEveryKindArriveAndLargeOnesInLittleMemory() throws Exception {
        TestRepository app = TestRepository.create(file("app"));
        app.commit(".gitignore", "*.o\n", "ignore");
        Project project = cloud.gitlab().addProject("group/app", app.directory());
        cloud.start();
        ObjectNode entry = io.armrunner.spec.Wire.mapper().createObjectNode();
        entry.put("name", "all").put("untracked", true).put("expire_in", "1 week");
        entry.put("artifact_type", "archive")
                .put("artifact_format", "zip")
                .put("when", "on_failure");
        entry.putArray("paths").add("out/");
        entry.putArray("exclude").add("out/*.tmp");
        CoordinatorJob job =
                cloud.job()
                        .project(project)
                        .script(
                                "mkdir out; echo kept > out/a; echo no > out/b.tmp; echo loose > loose",
                                "head -c 105000000 /dev/urandom > out/large",
                                "echo '<testsuite/>' > junit.xml; echo VERSION=1.2 > build.env",
                                "touch %s; until [ -e %s ]; do sleep 0.1; done"
                                        .formatted(file("ready"), file("go")),
                                "exit 3")
                        .artifacts(entry)
                        .report("junit", "junit.xml")
                        .report("dotenv", "build.env")
                        .artifacts("on_success", List.of("loose"), List.of())
                        .enqueue();
        await().atMost(CloudUnderTest.LIMIT).until(() -> Files.exists(file("ready")));
        long agent = cloud.agent().pid();
        long script = memory(agent);
        Files.createFile(file("go"));
        long most = mostMemory(job, agent);
        ended(job, JobState.FAILED);

        assertThat(job.artifacts())
                .as(CloudUnderTest.log(job))
                .extracting(StoredArtifact::type)
                .containsExactlyInAnyOrder("archive", "junit", "dotenv");
        StoredArtifact archive =
                job.artifacts().stream()
                        .filter(each -> each.type().equals("archive"))
                        .findFirst()
                        .orElseThrow();
        assertThat(archive.expireIn()).isEqualTo("1 week");
        assertThat(Files.size(archive.file())).isGreaterThan(100_000_000);
        try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(archive.file().toFile())) {
            assertThat(zip.stream().map(java.util.zip.ZipEntry::getName))
                    .contains("out/a", "out/large", "loose")
                    .doesNotContain("out/b.tmp");
        }
        assertThat(script).isPositive();
        assertThat(most - script).as("KiB more than while the script ran").isLessThan(32 * 1024);
    }

    /** The most memory that the agent ever had, in KiB. */
    private static long mostMemory(CoordinatorJob job, long agent) {
        long[] most = {0};
        await().atMost(CloudUnderTest.LIMIT)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    most[0] = Math.max(most[0], memory(agent));
                    return job.state().isFinished();
                });
        return most[0];
    }

    private static long memory(long process) throws IOException {
        Path status = Path.of("/proc", Long.toString(process), "status");
        try {
            return Files.readAllLines(status).stream()
                    .filter(line -> line.startsWith("VmRSS"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElse(0);
        } catch (java.nio.file.NoSuchFileException _) {
            return 0;
        }
    }

    @Test
    @Tag("CB-24")
    @Tag("CB-34")
    @Tag("CB-35")
    @Tag("CB-36")
    void afterEveryEndTheAfterScriptRunsAndTheAgentsTimeOutComesFirst() throws Exception {
        cloud.start();
        String after = "echo after it, the job is $CI_JOB_STATUS";
        CoordinatorJob good = cloud.job().script("true").afterScript(after).enqueue();
        CoordinatorJob bad = cloud.job().script("exit 1").afterScript(after).enqueue();
        CoordinatorJob killed =
                cloud.job().script("sh -c 'kill -9 $$'").afterScript(after).enqueue();
        CoordinatorJob ended = cloud.job().script("sh -c 'kill -15 $$'").enqueue();
        CoordinatorJob slow =
                cloud.job()
                        .variable("RUNNER_SCRIPT_TIMEOUT", "2s")
                        .script("sleep 600")
                        .afterScript(after)
                        .enqueue();
        CoordinatorJob late =
                cloud.job().timeout(Duration.ofSeconds(15)).script("sleep 600").enqueue();
        CoordinatorJob canceled =
                cloud.job()
                        // The answer to its next output tells it, long before a keep-alive would.
                        .script("echo begun", "while sleep 1; do echo still here; done")
                        .afterScript(after)
                        .enqueue();
        CoordinatorJob stuck =
                cloud.job()
                        .variable("RUNNER_AFTER_SCRIPT_TIMEOUT", "8s")
                        .script("true")
                        .afterScript("echo stuck", "sleep 600")
                        .enqueue();
        canceled.awaitLog("begun", CloudUnderTest.LIMIT);
        canceled.cancel();
        for (CoordinatorJob job : List.of(good, bad, killed, ended, slow, late, canceled, stuck)) {
            job.awaitFinished(CloudUnderTest.LIMIT);
        }
        cloud.awaitIdle();

        assertThat(CloudUnderTest.log(good)).contains("after it, the job is success");
        assertThat(CloudUnderTest.log(bad)).contains("after it, the job is failed");
        assertThat(CloudUnderTest.log(slow)).contains("after it, the job is timedout");
        assertThat(CloudUnderTest.log(canceled)).contains("after it, the job is canceled");
        assertThat(stuck.state()).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(stuck)).contains("stuck");
        assertThat(CloudUnderTest.log(killed)).contains("after it, the job is failed");
        assertThat(ended.exitCode()).hasValue(143);
        assertThat(killed.exitCode()).hasValue(137);
        assertThat(killed.failureReason()).contains("script_failure");
        assertThat(late.failureReason()).contains("job_execution_timeout");
        Duration ran =
                Duration.between(late.startedAt().orElseThrow(), late.finishedAt().orElseThrow());
        // The start of its machine counts or not, and the report comes after it.
        assertThat(ran).isBetween(Duration.ofSeconds(14), Duration.ofSeconds(75));
        assertThat(cloud.aws().codeBuild().builds())
                .as("no build had to be ended by AWS")
                .allMatch(build -> build.buildStatusAsString().equals("SUCCEEDED"))
                .allMatch(build -> build.timeoutInMinutes() > 10);
    }
}
