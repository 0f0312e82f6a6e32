package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.fake.AwsCall;
import io.armrunner.codebuild.fake.BuildFault;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.StoredArtifact;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhaseType;
import software.amazon.awssdk.services.codebuild.model.StatusType;

/** Jobs in builds of a fake AWS, each with an agent in a process of its own. */
final class CodeBuildJobsTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest();

    private Path file(String name) {
        return cloud.directory().resolve(name);
    }

    private String until(String name) {
        return "until [ -e %s ]; do sleep 0.1; done".formatted(file(name));
    }

    private List<Build> builds() {
        return cloud.aws().codeBuild().builds();
    }

    @Test
    @Tag("CB-11")
    @Tag("CB-12")
    @Tag("CB-13")
    @Tag("CB-69")
    void aJobRunsInABuildAndItsLogIsWholeFromTheFirstLineToTheLast() throws Exception {
        cloud.start("prices = { small = \"0.01\" }");
        CoordinatorJob job =
                cloud.run(
                        cloud.job()
                                .script("echo in the cloud", "uname -s", "echo $HIDDEN")
                                .maskedVariable("HIDDEN", "correcthorsebatterystaple")
                                .artifacts("made.txt")
                                .script(
                                        "echo in the cloud",
                                        "uname -s",
                                        "echo $HIDDEN",
                                        "echo content > made.txt"));

        String log = CloudUnderTest.log(job);
        assertThat(job.state()).as(log).isEqualTo(JobState.SUCCESS);
        assertThat(log)
                .containsSubsequence(
                        "Running with armrunner",
                        "lane cloud: the first in order",
                        "starting CodeBuild arm64 small in eu-west-3 in aws/codebuild/amazonlinux-aarch64-standard:3.0 (placement host: the lane's), $0.0100 a minute",
                        "queued",
                        "in the cloud",
                        "Linux",
                        "[MASKED]",
                        "CodeBuild arm64 small in eu-west-3: 1 minute, $0.0100 (queued ",
                        " s, machine up after ",
                        " s, job ",
                        "Job succeeded");
        assertThat(job.artifacts()).extracting(StoredArtifact::type).contains("archive");
        assertThat(cloud.leftObjects()).isEmpty();
        assertThat(cloud.aws().count("codebuild:StartBuild")).isEqualTo(1);
        assertThat(cloud.lane().costs().month().builds()).isEqualTo(1);
        assertThat(cloud.lane().costs().month().dollars()).isGreaterThanOrEqualTo(0.01);
        nothingSecretIsShown(job);
    }

    private void nothingSecretIsShown(CoordinatorJob job) {
        Build build = builds().getFirst();
        String shown = build.toString();
        for (String secret : List.of("correcthorsebatterystaple", job.token().value())) {
            assertThat(shown).doesNotContain(secret);
            for (AwsCall call : cloud.aws().calls()) {
                assertThat(call.seen()).doesNotContain(secret);
            }
        }
        assertThat(build.environment().environmentVariables())
                .allMatch(variable -> variable.name().startsWith("ARMRUNNER_"));
    }

    @Test
    @Tag("CB-24")
    void exitCodesArriveUnchanged() throws Exception {
        cloud.start();
        Map<Integer, CoordinatorJob> jobs = new LinkedHashMap<>();
        for (int code : new int[] {1, 2, 42, 126, 127, 130, 137, 255}) {
            jobs.put(code, cloud.job().script("exit " + code).enqueue());
        }
        for (Map.Entry<Integer, CoordinatorJob> each : jobs.entrySet()) {
            CoordinatorJob job = each.getValue();
            assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.FAILED);
            assertThat(job.exitCode()).hasValue(each.getKey());
            assertThat(job.failureReason()).contains("script_failure");
        }
        cloud.awaitIdle();
        assertThat(builds())
                .as("the builds did their work")
                .allMatch(build -> build.buildStatusAsString().equals("SUCCEEDED"));
    }

    @Test
    void aCanceledJobEndsWithItsAfterScriptAndItsBuildGoes() throws Exception {
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script("echo begun", "sleep 600")
                        .afterScript("echo after it")
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        job.cancel();
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.state().isFinished());
        cloud.awaitIdle();

        assertThat(CloudUnderTest.log(job)).contains("after it");
        assertThat(builds().getFirst().buildStatusAsString()).isEqualTo("SUCCEEDED");
    }

    @Test
    @Tag("CB-36")
    @Tag("CB-38")
    @Tag("CB-57")
    void aJobWhoseAgentIsKilledIsFinishedByTheManager() throws Exception {
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script("echo begun", "echo $PPID > " + file("pid"), "sleep 600")
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        await().atMost(CloudUnderTest.LIMIT).until(() -> Files.exists(file("pid")));
        killAgents();
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.state().isFinished());
        cloud.awaitIdle();

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(CloudUnderTest.log(job))
                .contains("begun", "the agent in it left no result")
                .doesNotContain("Job succeeded");
        // In the time of AWS, with a minute of this machine's own.
        assertThat(Duration.between(builds().getFirst().endTime(), cloud.aws().time().instant()))
                .isLessThan(Duration.ofMinutes(4));
        assertThat(cloud.aws().count("logs:*Get*")).isLessThanOrEqualTo(2);
        assertThat(cloud.leftObjects()).isEmpty();
    }

    private void killAgents() {
        agent().destroyForcibly();
    }

    private static ProcessHandle agent() {
        Optional<ProcessHandle> agent =
                ProcessHandle.current()
                        .descendants()
                        .filter(process ->
                                process.info().command().orElse("").endsWith("/bin/java"))
                        .findFirst();
        assertThat(agent).isPresent();
        return agent.get();
    }

    @Test
    @Tag("CB-46")
    void aBuildWhoseAgentIsFrozenIsStoppedWhenItsJobIsOver() throws Exception {
        cloud.start();
        CoordinatorJob job = cloud.job().script("echo begun", "sleep 600").enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        Process freezing =
                new ProcessBuilder("kill", "-STOP", Long.toString(agent().pid())).start();
        assertThat(freezing.waitFor()).isZero();
        Instant over = cloud.aws().time().instant();
        job.forceCancel();
        await().atMost(CloudUnderTest.LIMIT)
                .until(() -> builds().getFirst().buildStatusAsString().equals("STOPPED"));
        cloud.awaitIdle();

        // In the time of AWS, with a minute of this machine's own.
        assertThat(Duration.between(over, builds().getFirst().endTime()))
                .isLessThan(Duration.ofMinutes(6));
        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(cloud.leftObjects()).isEmpty();
    }

    @Test
    @Tag("CB-44")
    void aCanceledJobLeavesNoProcessBehind() throws Exception {
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "sleep 7713 & echo begun",
                                // What a job says brings the answer that it is to stop.
                                "while true; do echo tick; sleep 1; done &",
                                "(sleep 7714 & sleep 7715)")
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        await().atMost(CloudUnderTest.LIMIT).until(() -> sleeping() == 3);
        job.cancel();
        await("none is left when the time for a soft end is over")
                .atMost(Duration.ofSeconds(60))
                .until(() -> sleeping() == 0);
        await().atMost(CloudUnderTest.LIMIT).until(() -> job.state().isFinished());
        cloud.awaitIdle();
        assertThat(job.state()).isEqualTo(JobState.CANCELED);
    }

    private static long sleeping() {
        return ProcessHandle.allProcesses()
                .filter(process ->
                        process.info().commandLine().orElse("").matches(".*sleep 771[345]"))
                .count();
    }

    @Test
    @Tag("CB-9")
    void whatAwsClearlyRefusesFailsTheJobAtOnceWithItsWords() throws Exception {
        cloud.start();
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .refuse(
                        400,
                        "InvalidInputException",
                        "Invalid image\n\tat com.amazon.Builds (Service: CodeBuild)");
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(job))
                .contains(
                        "Could not start CodeBuild project armrunner-test in eu-west-3: InvalidInputException: Invalid image.\n")
                .doesNotContain("com.amazon", "Service: CodeBuild");
        assertThat(cloud.aws().count("codebuild:StartBuild")).isEqualTo(1);
    }

    @Test
    void whatTheLaneDoesNotHaveIsRefusedBeforeAnyBuild() throws Exception {
        cloud.start();
        CoordinatorJob size =
                cloud.run(cloud.job().script("true").variable("ARMRUNNER_SIZE", "huge"));
        CoordinatorJob service = cloud.run(cloud.job().script("true").service("postgres:16", "db"));
        CoordinatorJob longest =
                cloud.run(cloud.job().script("true").timeout(Duration.ofHours(40)));

        assertThat(CloudUnderTest.log(size))
                .contains("ARMRUNNER_SIZE is \"huge\"; there are: small");
        assertThat(CloudUnderTest.log(service)).contains("services: need containers");
        assertThat(CloudUnderTest.log(longest))
                .contains("cloud takes jobs of up to 2150 min, this one has 40 h");
        assertThat(cloud.aws().count("codebuild:StartBuild")).isZero();
    }

    @Test
    void aLaneWhoseMonthIsSpentTakesNoMoreJobs() throws Exception {
        cloud.start("prices = { small = \"1.5\" }", "monthly_cap = \"1\"");
        CoordinatorJob first = cloud.run(cloud.job().script("true"));
        // A request that had found room before the bill came may bring one more job.
        AtomicInteger asked = new AtomicInteger();
        await().during(Duration.ofMillis(500))
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> {
                    int now = cloud.gitlab().requests(Endpoint.JOB_REQUEST).size();
                    return asked.getAndSet(now) == now;
                });
        CoordinatorJob second = cloud.job().script("true").enqueue();
        await().during(Duration.ofSeconds(1))
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> second.state() == JobState.PENDING);

        assertThat(first.state()).isEqualTo(JobState.SUCCESS);
        assertThat(cloud.lane().unfit())
                .hasValueSatisfying(
                        why -> assertThat(why).contains("monthly_cap of $1.00 is reached: $"));
        second.forceCancel();
    }

    @Test
    @Tag("CB-1")
    @Tag("CB-3")
    @Tag("CB-4")
    void aStartWhoseAnswerIsLostLeadsToOneBuildAndOneRunOfTheJob() throws Exception {
        cloud.start();
        cloud.aws().faults().on("codebuild:StartBuild").loseAnswer();
        cloud.aws().faults().on("codebuild:StartBuild").garble(200, "{}");
        cloud.aws().faults().on("codebuild:StartBuild").serverError();
        CoordinatorJob job = cloud.run(cloud.job().script("echo ran >> " + file("runs")));

        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        assertThat(builds()).hasSize(1);
        List<AwsCall> starts =
                cloud.aws().calls().stream()
                        .filter(call -> call.name().equals("codebuild:StartBuild"))
                        .toList();
        assertThat(starts).hasSize(4);
        assertThat(starts)
                .extracting(AwsCall::body)
                .as("the same bytes each time")
                .containsOnly(starts.getFirst().body());
        assertThat(starts.getFirst().body()).contains("\"idempotencyToken\":\"");
    }

    @Test
    @Tag("CB-68")
    void aMissingRightIsSaidInTheJobsLogWithWhatToDo() throws Exception {
        String builds = "arn:aws:codebuild:eu-west-3:123456789012:project/armrunner-test";
        String denied =
                "User: arn:aws:iam::1:user/pi is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action";
        cloud.start();
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .refuse(
                        400,
                        "AccessDeniedException",
                        denied.formatted("codebuild:StartBuild", builds, "codebuild:StartBuild"));
        CoordinatorJob start = cloud.run(cloud.job().script("true"));
        cloud.aws()
                .faults()
                .on("s3:PutObject")
                .always()
                .refuse(
                        403,
                        "AccessDenied",
                        denied.formatted(
                                "s3:PutObject",
                                "arn:aws:s3:::armrunner-test/jobs/x",
                                "s3:PutObject"));
        CoordinatorJob put = cloud.run(cloud.job().script("true"));

        assertThat(CloudUnderTest.log(start))
                .contains(
                        "Could not start CodeBuild project armrunner-test in eu-west-3: arn:aws:iam::1:user/pi may not do codebuild:StartBuild on %s. Add that to its policy."
                                .formatted(builds));
        assertThat(CloudUnderTest.log(put))
                .contains("s3://armrunner-test/jobs/", " in eu-west-3: ", "may not do s3:PutObject")
                .doesNotContain("Request ID", "SDK Attempt");
    }

    @Test
    @Tag("CB-6")
    void aFullAccountKeepsTheJobUntilThereIsRoom() throws Exception {
        cloud.start();
        cloud.aws().faults().on("codebuild:StartBuild").throttle();
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .times(2)
                .refuse(
                        400,
                        "AccountLimitExceededException",
                        "Cannot have more than 1 builds in queue for the account");
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(job)).contains("CodeBuild takes no more builds for now");
        // One, and one more for each minute since.
        assertThat(cloud.lane().limit()).isBetween(1, 15);
        assertThat(builds()).hasSize(1);
    }

    @Test
    @Tag("CB-6")
    void whileAwsTakesNoMoreBuildsTheLaneAsksForNoMoreJobs() throws Exception {
        cloud.start();
        cloud.run(cloud.job().script("true"));
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .always()
                .refuse(
                        400,
                        "AccountLimitExceededException",
                        "Cannot have more than 1 builds in queue for the account");
        Instant begun = cloud.aws().time().instant();
        CoordinatorJob kept = cloud.job().script("true").enqueue();
        kept.awaitLog("CodeBuild takes no more builds for now", CloudUnderTest.LIMIT);
        // The limit grows by one a minute, which are six seconds here.
        int limit = cloud.lane().limit();
        Duration since = Duration.between(begun, cloud.aws().time().instant());
        assertThat(limit).isBetween(1, 1 + (int) since.toMinutes());
        CoordinatorJob next = cloud.job().script("true").enqueue();
        await().during(Duration.ofSeconds(1))
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> next.state() == JobState.PENDING || cloud.lane().limit() > 1);
        assertThat(kept.state()).isEqualTo(JobState.RUNNING);

        cloud.aws().faults().clear();
        assertThat(kept.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        assertThat(next.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();
        assertThat(builds()).hasSize(3);
    }

    @Test
    @Tag("CB-7")
    void anAccountWithoutQuotaIsToldWhichOneToRaise() throws Exception {
        cloud.start();
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .refuse(
                        400,
                        "AccountLimitExceededException",
                        "Cannot have more than 0 builds in queue for the account");
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(job)).contains("raise the quota L-5ED1D25B");
        assertThat(cloud.aws().count("codebuild:StartBuild")).as("no loop").isEqualTo(1);
        assertThat(Duration.between(job.startedAt().orElseThrow(), job.finishedAt().orElseThrow()))
                .isLessThan(Duration.ofSeconds(60));
    }

    @Test
    void aLaneOfTheOtherArchitectureExpectsItsOwnNativeFiles() throws Exception {
        cloud.start("architecture = \"amd64\"", "compute = \"medium\"");
        // The heads of programs for x86-64 and for aarch64.
        String elf =
                "{ printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0\\%s\\0\\1\\0\\0\\0'; head -c 40 /dev/zero; } > %s";
        CoordinatorJob good =
                cloud.run(
                        cloud.job()
                                .script(elf.formatted("076", "edge.node"))
                                .artifacts("edge.node"));
        CoordinatorJob bad =
                cloud.run(
                        cloud.job().script(elf.formatted("267", "arm.node")).artifacts("arm.node"));
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .refuse(
                        400,
                        "AccountLimitExceededException",
                        "Cannot have more than 0 builds in queue for the account");
        CoordinatorJob none = cloud.run(cloud.job().script("true"));

        assertThat(good.state()).as(CloudUnderTest.log(good)).isEqualTo(JobState.SUCCESS);
        assertThat(builds().getFirst().environment().typeAsString()).isEqualTo("LINUX_CONTAINER");
        assertThat(builds().getFirst().environment().image())
                .startsWith("aws/codebuild/amazonlinux-x86_64-standard:");
        assertThat(CloudUnderTest.log(good))
                .contains(
                        "starting CodeBuild amd64 medium in eu-west-3",
                        "x86-64 check: 1 native file, all x86-64",
                        "CodeBuild amd64 medium in eu-west-3: 1 minute");
        assertThat(CloudUnderTest.log(bad))
                .contains("x86-64 check: 1 of 1 native file not for x86-64", "arm.node: aarch64");
        assertThat(CloudUnderTest.log(none))
                .contains(
                        "raise the quota \"Concurrently running builds for Linux/Medium environment\" of CodeBuild");
    }

    @Test
    @Tag("CB-39")
    void aFaultOfAwsBeforeTheJobBeganIsTriedAgainInAnotherBuild() throws Exception {
        cloud.start();
        cloud.aws().codeBuild().nextBuilds(BuildFault.ofService());
        CoordinatorJob job = cloud.run(cloud.job().script("echo ran >> " + file("runs")));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        assertThat(builds()).hasSize(2);
    }

    @Test
    @Tag("CB-39")
    void aFaultOfAwsAfterTheJobBeganIsNeverTriedAgain() throws Exception {
        cloud.start();
        cloud.aws()
                .codeBuild()
                .nextBuilds(
                        new BuildFault(
                                BuildPhaseType.POST_BUILD,
                                StatusType.FAULT,
                                "INTERNAL_SERVICE_ERROR",
                                "Internal service error"));
        CoordinatorJob job =
                cloud.job()
                        .script("echo ran >> " + file("runs"), "echo begun; sleep 600")
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        killAgents();
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.FAILED);
        cloud.awaitIdle();

        assertThat(builds())
                .singleElement()
                .extracting(Build::buildStatus)
                .isEqualTo(StatusType.FAULT);
        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(CloudUnderTest.log(job)).contains("CodeBuild itself failed");
        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
    }

    @Test
    @Tag("CB-39")
    void whatFaultsAgainAndAgainFailsTheJobAfterTwoMoreBuilds() throws Exception {
        cloud.start();
        BuildFault fault = BuildFault.ofService();
        cloud.aws().codeBuild().nextBuilds(fault, fault, fault, fault);
        CoordinatorJob job = cloud.run(cloud.job().script("echo ran"));

        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(builds()).hasSize(3);
        assertThat(CloudUnderTest.log(job)).contains("CodeBuild itself failed");
    }

    @Test
    @Tag("CB-28")
    void anImageThatCannotBePulledIsSaidInTheRegistrysWords() throws Exception {
        cloud.start();
        cloud.aws().codeBuild().nextBuilds(BuildFault.imagePull("toomanyrequests"));
        CoordinatorJob job =
                cloud.run(cloud.job().script("true").failureReasons(List.of("image_pull_failure")));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).contains("image_pull_failure");
        assertThat(CloudUnderTest.log(job)).contains("toomanyrequests");
    }

    @Test
    void whileAwsDoesNotAnswerNoJobIsFailed() throws Exception {
        cloud.start();
        cloud.aws()
                .faults()
                .on("codebuild:StartBuild")
                .times(2)
                .refuse(400, "ExpiredTokenException", "The security token is expired");
        cloud.aws().faults().on("codebuild:BatchGetBuilds").times(12).serverError();
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(builds()).hasSize(1);
    }

    @Test
    @Tag("CB-48")
    void aManagerThatStopsLeavesItsBuildsAndTheNextOneFindsThem() throws Exception {
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "echo begun",
                                "echo ran >> " + file("runs"),
                                until("alone"),
                                "echo alone-$((40 + 2))",
                                until("go"))
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        cloud.restart(() -> {
            Files.createFile(file("alone"));
            job.awaitLog("alone-42", CloudUnderTest.LIMIT);
        });
        assertThat(job.state()).isEqualTo(JobState.RUNNING);
        Files.createFile(file("go"));
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.SUCCESS);
        cloud.awaitIdle();

        assertThat(Files.readAllLines(file("runs"))).hasSize(1);
        assertThat(cloud.aws().count("codebuild:StopBuild")).isZero();
        assertThat(builds()).hasSize(1);
        assertThat(cloud.leftObjects()).isEmpty();
    }

    @Test
    @Tag("CB-27")
    void anImageWithoutAShellIsSaidToBeOne() throws Exception {
        cloud.start();
        cloud.aws().codeBuild().nextBuilds(BuildFault.deadContainer());
        CoordinatorJob job =
                cloud.job()
                        .script("true")
                        .failureReasons(List.of("runner_system_failure"))
                        .enqueue();
        assertThat(job.awaitFinished(CloudUnderTest.LIMIT)).isEqualTo(JobState.FAILED);
        cloud.awaitIdle();

        assertThat(CloudUnderTest.log(job))
                .contains("its image has no sh, or the job took all memory");
    }
}
