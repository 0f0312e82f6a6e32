package io.armrunner.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.config.LaneConfig;
import io.armrunner.config.LaneConfig.Refs;
import io.armrunner.config.LaneConfig.Rules;
import io.armrunner.manager.LaneChoice.Choice;
import io.armrunner.manager.LaneChoice.State;
import io.armrunner.manager.LaneChoice.Wanted;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Wire;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which lane takes a job. */
final class LaneChoiceTest {
    private static final Wanted ANY = new Wanted(false, Optional.empty(), Duration.ofHours(1));

    private static State lane(String text) {
        String name = text.split(" ", -1)[0];
        LaneConfig.Refs refs = text.contains("protected") ? Refs.PROTECTED : Refs.ALL;
        Optional<Duration> most =
                text.contains("short") ? Optional.of(Duration.ofMinutes(30)) : Optional.empty();
        Rules rules = new Rules(2, text.contains("paused"), refs, most);
        return new State(
                name,
                rules,
                2,
                text.contains("full") ? 2 : 1,
                text.contains("broken") ? Optional.of("no shell") : Optional.empty());
    }

    private static Wanted job(String text) {
        Optional<String> wish = Optional.empty();
        for (String word : text.split(" ", -1)) {
            if (word.startsWith("wants=")) {
                wish = Optional.of(word.substring("wants=".length()));
            }
        }
        return new Wanted(
                text.contains("protected"),
                wish,
                text.contains("long") ? Duration.ofHours(3) : Duration.ofMinutes(20));
    }

    private static String chosen(String first, String second, String job) {
        List<State> lanes = List.of(lane(first), lane(second));
        return switch (LaneChoice.choose(lanes, job(job))) {
            case Choice.Taken(int index, String why) -> lanes.get(index).name() + ": " + why;
            case Choice.Later(List<LaneChoice.Refusal> refusals) ->
                    "later: " + LaneChoice.text(refusals);
            case Choice.Never(List<LaneChoice.Refusal> refusals) ->
                    "never: " + LaneChoice.text(refusals);
        };
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    pi           | cloud        | any             | pi: the first in order
                    pi full      | cloud        | any             | cloud: pi is full: 2 of 2
                    pi paused    | cloud        | any             | cloud: pi is paused
                    pi broken    | cloud        | any             | cloud: pi is unfit: no shell
                    pi protected | cloud        | any             | cloud: pi takes protected branches and tags only
                    pi protected | cloud        | protected       | pi: the first in order
                    pi short     | cloud        | long            | cloud: pi takes jobs of up to 30 min, this one has 3 h
                    pi short     | cloud        | any             | pi: the first in order
                    pi           | cloud        | wants=cloud     | cloud: ARMRUNNER_LANE names it
                    pi           | cloud        | wants=pi        | pi: ARMRUNNER_LANE names it
                    pi full      | cloud        | wants=pi        | later: pi is full: 2 of 2; cloud is not the one that ARMRUNNER_LANE names
                    pi           | cloud        | wants=moon      | never: pi is not the one that ARMRUNNER_LANE names; cloud is not the one that ARMRUNNER_LANE names
                    pi protected | cloud        | wants=pi        | never: pi takes protected branches and tags only; cloud is not the one that ARMRUNNER_LANE names
                    pi full      | cloud broken | any             | later: pi is full: 2 of 2; cloud is unfit: no shell
                    pi full      | cloud short  | long            | later: pi is full: 2 of 2; cloud takes jobs of up to 30 min, this one has 3 h
                    pi short     | cloud short  | long            | never: pi takes jobs of up to 30 min, this one has 3 h; cloud takes jobs of up to 30 min, this one has 3 h
                    """)
    void theFirstLaneThatNothingSpeaksAgainstTakesTheJob(
            String first, String second, String job, String expected) {
        assertThat(chosen(first, second, job)).isEqualTo(expected);
    }

    @Test
    void aLaneWithoutCapacityIsNeverFull() {
        State endless = new State("cloud", Rules.NONE, 0, 10_000, Optional.empty());

        assertThat(LaneChoice.choose(List.of(endless), ANY)).isInstanceOf(Choice.Taken.class);
    }

    @Test
    void aJobSaysWhatItWantsByItsRefItsVariablesAndItsTimeout() throws Exception {
        assertThat(wanted("\"git_info\":{\"protected\":true},\"runner_info\":{\"timeout\":90}"))
                .isEqualTo(new Wanted(true, Optional.empty(), Duration.ofSeconds(90)));
        assertThat(wanted("\"id\":1").protectedRef()).as("what is not said is not so").isFalse();
        assertThat(wanted(variables("ARMRUNNER_LANE", "pi")).wish()).contains("pi");
        assertThat(wanted(variables("ARMRUNNER_LANE", "")).wish()).isEmpty();
        assertThat(wanted("\"id\":1").timeout()).isEqualTo(Duration.ofHours(2));
    }

    @Test
    void aProtectedRefCannotBeClaimedByAVariable() throws Exception {
        String variable = variables("CI_COMMIT_REF_PROTECTED", "true");
        assertThat(wanted(variable).protectedRef()).isFalse();
        assertThat(wanted("\"git_info\":{\"protected\":false}," + variable).protectedRef())
                .isFalse();
    }

    private static String variables(String key, String value) {
        return "\"variables\":[{\"key\":\"%s\",\"value\":\"%s\"}]".formatted(key, value);
    }

    private static Wanted wanted(String json) throws Exception {
        JobPayload payload = Wire.payload(("{" + json + "}").getBytes(StandardCharsets.UTF_8));
        return Wanted.of(payload);
    }
}
