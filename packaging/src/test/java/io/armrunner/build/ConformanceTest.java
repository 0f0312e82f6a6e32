package io.armrunner.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConformanceTest {
    @Test
    void theDocumentIsUpToDate() throws IOException {
        Path root = Path.of("..");

        assertThat(Files.readString(Conformance.document(root)))
                .as("docs/conformance.md is out of date: run .ci/conformance")
                .isEqualTo(Conformance.text(root));
    }
}
