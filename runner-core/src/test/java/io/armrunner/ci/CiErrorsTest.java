package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CiErrorsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '¦',
            quoteCharacter = '`',
            value = {
                "a: {scrpt: x} ¦ 1:5 ¦ unknown keyword scrpt; did you mean script?",
                "a: {script: x, stage: [1]} ¦ 1:23 ¦ stage is a list; allowed: a text",
                "a: {script: {b: c}} ¦ 1:13 ¦ script is a mapping; allowed: a text, or a list",
                "a: {script: [x, 3]} ¦ 1:17 ¦ a line of script is the number 3",
                "a: {tags: [x]} ¦ 1:1 ¦ job a has no script",
                "a: {script: x, stage: tets} ¦ 1:23 ¦ stage tets is not among the stages",
                "a: {script: x, when: sometimes} ¦ 1:22 ¦ when is the text \"sometimes\"; allowed: on_success",
                "a: {script: x, retry: 5} ¦ 1:23 ¦ retry is the number 5; allowed: a whole number from 0 to 2",
                "a: {script: x, timeout: soon} ¦ 1:25 ¦ allowed: a duration",
                "a: {script: x, allow_failure: 3} ¦ 1:31 ¦ allowed: true or false",
                "a: {script: x, needs: [b]} ¦ 1:24 ¦ needs b, which is no job",
                "a: {script: x, needs: b} ¦ 1:23 ¦ needs is the text \"b\"; allowed: a list",
                "a: {script: x, dependencies: [b]} ¦ 1:30 ¦ b is no job",
                "a: {script: x, extends: .b} ¦ 1:25 ¦ there is no job .b",
                "a: {extends: a, script: x} ¦ 1:14 ¦ extends goes round in a circle",
                "a: {script: !reference [b, script]} ¦ 1:13 ¦ !reference [b, script] was not found",
                "a: {script: !reference [a, script]} ¦ 1:13 ¦ refers to itself",
                "a: {script: x, rules: [{if: $A ==}]} ¦ 1:29 ¦ rules:if: found the end",
                "a: {script: x, rules: [{iff: $A}]} ¦ 1:25 ¦ unknown keyword iff in rules; did you mean if?",
                "a: {script: x, rules: [{when: never}], only: [main]} ¦ 1:1 ¦ rules beside only",
                "a: {script: x, run: []} ¦ 1:16 ¦ run: steps are not run here",
                "a: {script: x, artifacts: {reports: {junti: x}}} ¦ 1:38 ¦ did you mean junit?",
                "a: {script: x, cache: {key: {files: [a, b, c]}}} ¦ 1:29 ¦ allowed: 1 or 2",
                "a: {script: x, parallel: 0} ¦ 1:26 ¦ a whole number from 1 to 200",
                "a: {script: x, variables: {A: [1]}} ¦ 1:31 ¦ variables:A is a list",
                "a: {script: x, script: y} ¦ 1:16 ¦ the key script is already there on line 1",
                "a: {script: !secret x} ¦ 1:13 ¦ unknown tag !secret",
                "a: [x ¦ 1:6 ¦ not YAML",
                "stagse: [a] ¦ 1:1 ¦ did you mean stages?",
                "[a] ¦ 1:1 ¦ the file is a list; allowed: a mapping",
                "include: {template: x.yml} ¦ 1:10 ¦ include:template is a template of GitLab's, which only GitLab can fetch",
                "include: https://x/y.yml ¦ 1:10 ¦ only GitLab can fetch it",
                "include: none.yml ¦ 1:10 ¦ there is no file none.yml",
                "include: ../x.yml ¦ 1:10 ¦ leaves the project",
                "include: .gitlab-ci.yml ¦ 1:10 ¦ include goes round in a circle",
                ".a: {script: x} ¦ 1:1 ¦ there is no job",
            })
    void errorHasPlaceAndWhatIsAllowed(String yaml, String place, String message) throws Exception {
        assertThat(Project.of(yaml).errors())
                .anySatisfy(error ->
                        assertThat(error)
                                .startsWith(".gitlab-ci.yml:" + place + ": ")
                                .contains(message));
    }

    @Test
    void allErrorsAreToldAtOnce() throws Exception {
        assertThat(
                        Project.of(
                                        "a:\n  script: 3\n  stage: [x]\nb:\n  scrpt: x\nc:\n  script: x\n  when: hm\n")
                                .errors())
                .hasSize(5)
                .isSorted();
    }

    @Test
    void needsInACircleAreTold() throws Exception {
        assertThat(Project.of("a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}\n").errors())
                .singleElement()
                .asString()
                .contains("needs go round in a circle: a → b → a");
    }

    @Test
    void neededJobThatIsNotInThePipelineIsToldWithTheReason() throws Exception {
        assertThat(
                        Project.of(
                                        "a: {stage: build, script: x, only: [tags]}\nb: {script: x, needs: [a]}\n")
                                .errors())
                .singleElement()
                .asString()
                .contains("2:24")
                .contains("only: tags does not fit the branch main")
                .contains("optional: true");
    }

    @Test
    void errorsOfAnIncludedFileNameIt() throws Exception {
        assertThat(Project.of("include: ci/x.yml\n").with("ci/x.yml", "\na: {scrip: x}\n").errors())
                .anySatisfy(error ->
                        assertThat(error).startsWith("ci/x.yml:2:5: unknown keyword scrip"));
    }

    @Test
    void aliasBombIsRefused() throws Exception {
        StringBuilder yaml = new StringBuilder(".a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 12; i++) {
            String before = "*a" + (i - 1) + ",";
            yaml.append(".a")
                    .append(i)
                    .append(": &a")
                    .append(i)
                    .append(" [")
                    .append(before.repeat(10))
                    .append("x]\n");
        }
        assertThat(Project.of(yaml + "j: {script: *a11}\n").errors().getFirst())
                .contains("aliases make this more than");
    }
}
