package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class LogFieldsTest {
    @Test
    void aLineIsTakenApart() {
        assertThat(LogFields.of("job_failed job=17 error=\"exit status 1\" duration_s=0.5"))
                .isEqualTo(
                        new LogFields(
                                "job_failed",
                                Map.of(
                                        "job",
                                        "17",
                                        "error",
                                        "exit status 1",
                                        "duration_s",
                                        "0.5")));
        assertThat(LogFields.of("stopped")).isEqualTo(new LogFields("stopped", Map.of()));
    }

    @Test
    void quotesWithinAMessageStayInIt() {
        assertThat(
                        LogFields.of(
                                        "request_failed message=\"said \"no\" twice\" correlation_id=abc")
                                .fields())
                .containsEntry("message", "said \"no\" twice")
                .containsEntry("correlation_id", "abc");
    }

    @Test
    void aLineOfAnotherFormStaysWhole() {
        for (String line :
                List.of(
                        "Running in user-mode.",
                        "config line 3: concurrent is 0",
                        "x = 5",
                        "",
                        " a=b")) {
            assertThat(LogFields.of(line)).isEqualTo(new LogFields(line, Map.of()));
        }
    }

    @Test
    void theJobOfTheThreadStandsInTheLine() {
        assertThat(LogFields.of("patch_failed status=500").withJobOf("trace-4711").fields())
                .containsEntry("job", "4711");
        assertThat(LogFields.of("x job=1").withJobOf("job-2").fields()).containsEntry("job", "1");
        assertThat(LogFields.of("x").withJobOf("poll-abc-0").fields()).isEmpty();
        assertThat(LogFields.of("x").withJobOf("job-x").fields()).isEmpty();
    }

    @Test
    @Tag("JS-178")
    void jsonAndTextHaveTheFieldsOnTheirOwn() throws Exception {
        LogRecord event =
                new LogRecord(
                        Level.WARNING,
                        "job_failed job=17 level=no error=\"a \"quoted\" word\" correlation_id=c0ffee");
        JsonNode json = new ObjectMapper().readTree(new LogFormats.Json(Level.INFO).format(event));
        assertThat(json.path("msg").asText()).isEqualTo("job_failed");
        assertThat(json.path("level").asText()).isEqualTo("warning");
        assertThat(json.path("job").asText()).isEqualTo("17");
        assertThat(json.path("error").asText()).isEqualTo("a \"quoted\" word");
        assertThat(json.path("correlation_id").asText()).isEqualTo("c0ffee");
        assertThat(new LogFormats.Text(Level.INFO).format(event))
                .contains(" level=warning msg=\"job_failed\" job=\"17\"")
                .contains("error=\"a \\\"quoted\\\" word\"")
                .hasLineCount(1);
    }
}
