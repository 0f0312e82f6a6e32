package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * AWS's clock is twenty minutes ahead of the manager's and of the builds': more than it takes in a
 * signature.
 */
@Timeout(200)
final class CloudClocksTest {
    private static final Duration OFF = Duration.ofMinutes(20);

    @RegisterExtension
    final CloudUnderTest cloud =
            new CloudUnderTest()
                    .with(settings ->
                            settings.withWork(new AgentThreads())
                                    .withClock(InstantSource.offset(InstantSource.system(), OFF)))
                    .wrongBy(OFF.negated());

    @Test
    @Tag("CB-54")
    void clocksThatAreFarApartBreakNothing() throws Exception {
        cloud.start();
        Path runs = cloud.directory().resolve("runs");
        cloud.aws().faults().on("codebuild:StartBuild").loseAnswer();
        CoordinatorJob job = cloud.run(cloud.job().script("echo ran >> " + runs));

        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(Files.readAllLines(runs)).hasSize(1);
        assertThat(cloud.aws().codeBuild().builds()).hasSize(1);
        assertThat(cloud.aws().calls())
                .as("it was noticed")
                .anyMatch(call -> call.outcome().equals("RequestTimeTooSkewed"));
        assertThat(cloud.leftObjects()).isEmpty();
    }
}
