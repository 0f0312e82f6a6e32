package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The quarter of an hour that Lambda compute lets a build live, which passes in 30 seconds here.
 */
final class CodeBuildLambdaLimitTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest().withLambda().faster(30);

    @Test
    void whatOutlivesLambdaComputeEndsAsATimeOut() throws Exception {
        cloud.start("compute = \"lambda-1gb\"");
        // The agent's own clock is not faster, so it does not end the job.
        CoordinatorJob job =
                cloud.run(cloud.job().timeout(Duration.ofMinutes(14)).script("sleep 600"));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).contains("job_execution_timeout");
        assertThat(CloudUnderTest.log(job))
                .contains("Lambda compute ended the build after 15 minutes");
        assertThat(cloud.lane().costs().month().seconds()).isBetween(800L, 2000L);
    }
}
