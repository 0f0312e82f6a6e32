package io.armrunner.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.testing.Plans;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code ${{ job.inputs.NAME }}} (runner-protocol §10.2). */
class JobInputsTest {
    private static final String INPUTS =
            """
            [{"key": "board", "value": {"type": "string", "content": "rpi5 $X", "sensitive": false}},
             {"key": "jobs", "value": {"type": "number", "content": 4}},
             {"key": "lto", "value": {"type": "boolean", "content": true}},
             {"key": "list", "value": {"type": "array", "content": ["a", {"b": 2}]}},
             {"key": "pin", "value": {"type": "string", "content": "1234", "sensitive": true}}]
            """;

    private static JobPayload payload(String inputs, String fields) throws Exception {
        return Plans.of("{\"id\": 1, \"inputs\": %s, %s}".formatted(inputs, fields)).payload();
    }

    private static String line(String text) throws Exception {
        String steps = "\"steps\": [{\"name\": \"script\", \"script\": [\"%s\"]}]".formatted(text);
        return payload(INPUTS, steps).steps().getFirst().script().getFirst();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = true,
            value = {
                "make -j ${{ job.inputs.jobs }} ${{job.inputs.board}} | make -j 4 rpi5 $X",
                "${{ job.inputs.lto }}                                | true",
                "${{ job.inputs.list[0] }}${{ job.inputs.list[1].b }} | a2",
                "${{ job.inputs.list[1] }}                            | {\"b\":2}",
                "nothing $HOME ${HOME} $((1+1))                       | nothing $HOME ${HOME} $((1+1))"
            })
    void valuesStandWhereTheyAreNamed(String text, String wanted) throws Exception {
        assertThat(line(text)).isEqualTo(wanted);
    }

    @Test
    void imagesArtifactsAndCachesHaveThemToo() throws Exception {
        JobPayload payload =
                payload(
                        INPUTS,
                        """
                        "image": {"name": "img:${{ job.inputs.jobs }}", "executor_opts": {"docker": {"user": "u${{ job.inputs.jobs }}"}}},
                        "artifacts": [{"name": "a-${{ job.inputs.jobs }}", "paths": ["${{ job.inputs.list[0] }}/"]}],
                        "cache": [{"key": "k${{ job.inputs.jobs }}", "fallback_keys": ["f${{ job.inputs.lto }}"]}]
                        """);

        assertThat(payload.image()).isNotNull();
        assertThat(String.valueOf(payload.image())).contains("img:4");
        assertThat(payload.artifacts().getFirst().name()).isEqualTo("a-4");
        assertThat(payload.artifacts().getFirst().paths()).containsExactly("a/");
        assertThat(payload.cache().getFirst().key()).isEqualTo("k4");
        assertThat(payload.cache().getFirst().fallbackKeys()).containsExactly("ftrue");
    }

    @Test
    void withoutInputsNothingIsTouched() throws Exception {
        String steps = "\"steps\": [{\"name\": \"script\", \"script\": [\"${{ job.inputs.x }}\"]}]";

        assertThat(payload("[]", steps).steps().getFirst().script())
                .containsExactly("${{ job.inputs.x }}");
        assertThat(
                        payload(
                                        INPUTS,
                                        steps
                                                + ", \"variables\": [{\"key\": \"FF_ENABLE_JOB_INPUTS_INTERPOLATION\", \"value\": \"false\"}]")
                                .steps()
                                .getFirst()
                                .script())
                .containsExactly("${{ job.inputs.x }}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "${{ job.inputs.none }}    | the job has no input \"none\"",
                "${{ job.inputs.pin }}     | the input \"pin\" is sensitive",
                "${{ job.inputs.list[7] }} | there is no \"job.inputs.list[7]\"",
                "${{ 1 + 1 }}              | \"1 + 1\" is not known",
                "${{ job.inputs.jobs       | is not closed"
            })
    void whatCannotBePutInFailsTheJob(String text, String why) {
        assertThatThrownBy(() -> line(text))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("failed to interpolate job inputs: ")
                .hasMessageContaining(why)
                .extracting(failure -> ((JobFailure) failure).reason())
                .isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR);
    }

    @Test
    void aValueThatIsNotOfItsTypeFailsTheJob() {
        assertThatThrownBy(() ->
                        payload(
                                "[{\"key\": \"a\", \"value\": {\"type\": \"number\", \"content\": \"4\"}}]",
                                "\"steps\": []"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("has no value of its type \"number\"");
    }
}
