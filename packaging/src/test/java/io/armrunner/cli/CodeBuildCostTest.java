package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What AWS bills, in its own time: a faster one would bill for a busy machine's pauses. */
final class CodeBuildCostTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest().faster(1);

    @Test
    @Tag("CB-62")
    void aJobThatDoesNothingCostsOneMinute() throws Exception {
        cloud.start();
        cloud.run(cloud.job().script("true"));
        assertThat(cloud.aws().codeBuild().billedMinutes()).isEqualTo(1);
        assertThat(cloud.lane().costs().month().minutes()).isEqualTo(1);
    }
}
