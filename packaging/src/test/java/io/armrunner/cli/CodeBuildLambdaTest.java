package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.fake.ShellWork;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.testing.TestRepository;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;

/**
 * Jobs on CodeBuild's Lambda compute. Where the system lets them, builds have a file system of
 * their own of which only /tmp can be written, and no root.
 */
final class CodeBuildLambdaTest {
    private static final String LANE = "compute = \"lambda-1gb\"";

    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest().withLambda();

    /** One whose time-out Lambda compute has. */
    private JobBuilder job() {
        return cloud.job().timeout(Duration.ofMinutes(10));
    }

    private Build build() {
        return cloud.aws().codeBuild().builds().getFirst();
    }

    @Test
    void aJobRunsWhereNothingButTmpCanBeWritten() throws Exception {
        TestRepository app = TestRepository.create(cloud.directory().resolve("app"));
        cloud.start(LANE, "prices = { lambda-1gb = \"0.00001\" }");
        CoordinatorJob job =
                cloud.run(
                        job().project(cloud.gitlab().addProject("group/app", app.directory()))
                                .script(
                                        "touch /usr/was-here 2> /dev/null && echo written to usr || echo usr is read-only",
                                        "echo \"user $(id -u), home $HOME\"",
                                        "git config --global user.name somebody",
                                        "echo \"in $PWD\"",
                                        "mktemp",
                                        "echo commits $(git log --oneline | wc -l)",
                                        "echo made > made.txt")
                                .artifacts("made.txt"));

        String log = CloudUnderTest.log(job);
        assertThat(job.state()).as(log).isEqualTo(JobState.SUCCESS);
        assertThat(log)
                .containsSubsequence(
                        "Lambda compute: the build ends after 15 minutes; nobody is root in it, and only /tmp can be written (10 GB)",
                        "starting CodeBuild arm64 lambda-1gb in eu-west-1 in aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25 (placement host: the lane's), $0.000010 a second",
                        "queued 0 s, machine up after ",
                        "commits ",
                        "CodeBuild arm64 lambda-1gb in eu-west-1: ",
                        " second",
                        ", $0.000",
                        "Job succeeded");
        assertThat(job.artifacts()).extracting(StoredArtifact::type).contains("archive");
        assertThat(cloud.leftObjects()).isEmpty();
        assertThat(ShellWork.canIsolate())
                .as("the fake's builds need unshare with user and mount namespaces here")
                .isTrue();
        assertThat(log)
                .contains("usr is read-only", "user 990, home /tmp", "in /tmp/armrunner/builds/");
    }

    @Test
    void itsBuildHasNoQueueNoTimeOutsAndIsBilledByTheSecond() throws Exception {
        cloud.start(LANE, "prices = { lambda-1gb = \"0.00001\" }");
        cloud.run(job().script("true"));

        assertThat(build().environment().typeAsString()).isEqualTo("ARM_LAMBDA_CONTAINER");
        assertThat(build().environment().computeTypeAsString()).isEqualTo("BUILD_LAMBDA_1GB");
        assertThat(build().environment().privilegedMode()).isFalse();
        BuildPhase queued =
                build().phases().stream()
                        .filter(phase -> "QUEUED".equals(phase.phaseTypeAsString()))
                        .findFirst()
                        .orElseThrow();
        assertThat(queued.durationInSeconds()).isZero();
        var month = cloud.lane().costs().month();
        assertThat(month.minutes()).isZero();
        assertThat(month.seconds()).isPositive();
        assertThat(month.dollars()).isEqualTo(month.seconds() * 0.00001);
    }

    @Test
    void aJobThatIsRelayedHasItsSourcesBelowTmpToo() throws Exception {
        TestRepository app = TestRepository.create(cloud.directory().resolve("app"));
        cloud.start(LANE, "relay = true");
        CoordinatorJob job =
                cloud.run(
                        job().project(cloud.gitlab().addProject("group/app", app.directory()))
                                .script(
                                        "echo commits $(git log --oneline | wc -l)",
                                        "echo a > a.txt")
                                .artifacts("a.txt"));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(CloudUnderTest.log(job)).containsPattern("commits [1-9]");
        assertThat(job.artifacts()).extracting(StoredArtifact::type).contains("archive");
    }

    @Test
    void theOtherArchitectureHasLambdaComputeAsWell() throws Exception {
        cloud.start(LANE, "architecture = \"amd64\"");
        CoordinatorJob job = cloud.run(job().script("true"));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(build().environment().typeAsString()).isEqualTo("LINUX_LAMBDA_CONTAINER");
        assertThat(build().environment().image())
                .isEqualTo("aws/codebuild/amazonlinux-x86_64-lambda-standard:corretto25");
    }

    @Test
    void anImageThatIsKnownToHaveNoJavaIsRefusedWhereNoneIsBrought() throws Exception {
        cloud.start(
                LANE, "image = \"aws/codebuild/amazonlinux-aarch64-lambda-standard:python3.14\"");
        CoordinatorJob job = cloud.run(job().script("true"));

        assertThat(job.failureReason()).contains("runner_configuration_error");
        assertThat(CloudUnderTest.log(job))
                .contains(
                        "python3.14 has no Java 25, and this armrunner brings none: take the image aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25, or");
        assertThat(cloud.aws().count("codebuild:StartBuild")).isZero();
    }

    @Test
    @Tag("CB-10")
    void servicesAndLongJobsAreRefusedBeforeAnyBuild() throws Exception {
        cloud.start(LANE);
        CoordinatorJob service = cloud.run(job().script("true").service("postgres:16", "db"));
        CoordinatorJob hour = cloud.run(cloud.job().script("true").timeout(Duration.ofMinutes(60)));

        assertThat(service.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(service)).contains("services: need containers");
        assertThat(hour.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(hour))
                .contains("cloud takes jobs of up to 14 min, this one has 1 h");
        assertThat(cloud.aws().count("codebuild:StartBuild")).isZero();
    }

    @Test
    void whatTheAccountHasNoRoomForWaitsAtTheRunner() throws Exception {
        cloud.aws().region().quotas().limit(BuildSize.LAMBDA_1GB, 1);
        cloud.start(LANE);
        CoordinatorJob first = job().script("echo begun", "sleep 2").enqueue();
        first.awaitLog("begun", CloudUnderTest.LIMIT);
        CoordinatorJob second = cloud.run(job().script("true"));
        first.awaitFinished(CloudUnderTest.LIMIT);
        cloud.awaitIdle();

        assertThat(first.state()).isEqualTo(JobState.SUCCESS);
        assertThat(second.state()).as(CloudUnderTest.log(second)).isEqualTo(JobState.SUCCESS);
    }
}
