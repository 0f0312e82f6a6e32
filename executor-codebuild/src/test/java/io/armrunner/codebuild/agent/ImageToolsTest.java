package io.armrunner.codebuild.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an agent makes of the image that it finds itself in. */
final class ImageToolsTest {
    @Test
    void aHomeThatCannotBeWrittenIsTmp(@TempDir Path directory) {
        assertThat(ImageTools.home(Map.of("HOME", directory.toString())))
                .isEqualTo(directory.toString());
        assertThat(ImageTools.home(Map.of("HOME", directory.resolve("missing").toString())))
                .isEqualTo("/tmp");
    }
}
