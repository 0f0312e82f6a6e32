package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.spec.ArtifactsFile;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobPayloadsTest {
    private static final PayloadContext CONTEXT =
            new PayloadContext(
                    URI.create("http://127.0.0.1:4711"),
                    "19.4.0",
                    71,
                    Secret.of("glcbt-token"),
                    9,
                    3,
                    5,
                    Secret.of(
                            "http://gitlab-ci-token:glcbt-token@127.0.0.1:4711/iot/edge/gateway.git"),
                    List.of("+refs/heads/main:refs/remotes/origin/main"),
                    "branch",
                    20,
                    true,
                    Duration.ofHours(1),
                    Instant.parse("2026-11-23T09:00:00Z"),
                    new PayloadContext.Runner(1, "local", List.of("arm64")),
                    new PayloadContext.User(1, "dev", "Dev", "dev@example.com"),
                    List.of(
                            new Dependency(
                                    70,
                                    "b",
                                    Secret.of("glcbt-b"),
                                    new ArtifactsFile("artifacts.zip", 459))));

    private static JobPayload payload(Project project, String job) throws Exception {
        Pipeline pipeline = project.pipeline();
        return Wire.payload(
                Wire.bytes(
                        JobPayloads.payload(pipeline, pipeline.job(job).orElseThrow(), CONTEXT)));
    }

    private static String value(JobPayload payload, String key) {
        return payload.variables().stream()
                .filter(variable -> variable.key().equals(key))
                .map(Variable::value)
                .reduce("absent", (_, last) -> last);
    }

    @Test
    void payloadIsWhatARunnerReads() throws Exception {
        JobPayload payload =
                payload(
                        Project.of(
                                """
                                a:
                                  image: gcc
                                  before_script: [one]
                                  script: [two]
                                  after_script: [three]
                                  timeout: 10m
                                  cache: {key: k, paths: [v/]}
                                  artifacts: {paths: [out/]}
                                  variables: {GIT_DEPTH: 3}
                                """),
                        "a");
        assertThat(payload.steps())
                .extracting(step ->
                        step.name()
                                + step.script()
                                + step.timeout()
                                + step.when()
                                + step.allowFailure())
                .containsExactly(
                        "script[one, two]600on_successfalse", "after_script[three]600alwaystrue");
        assertThat(payload.runnerInfo().timeout()).isEqualTo(600);
        assertThat(payload.gitInfo().depth()).isEqualTo(3);
        assertThat(payload.gitInfo().ref()).isEqualTo("main");
        assertThat(payload.image()).isNotNull();
        assertThat(payload.cache()).hasSize(1);
        assertThat(payload.artifacts()).hasSize(1);
        assertThat(payload.dependencies().getFirst().artifactsFile().size()).isEqualTo(459);
        assertThat(payload.jobInfo().projectFullPath()).isEqualTo("iot/edge/gateway");
        assertThat(value(payload, "CI_JOB_URL"))
                .isEqualTo("http://127.0.0.1:4711/iot/edge/gateway/-/jobs/71");
        assertThat(value(payload, "CI_COMMIT_TITLE")).isEqualTo("Add CAN bus");
        assertThat(value(payload, "CI_SERVER_PORT")).isEqualTo("4711");
        assertThat(value(payload, "CI_RUNNER_TAGS")).isEqualTo("[\"arm64\"]");
        assertThat(
                        payload.variables().stream()
                                .filter(variable -> variable.value().equals("glcbt-token")))
                .allMatch(variable -> variable.masked() && !variable.isPublic());
    }

    @Test
    void variablesAreInOrderAndFilledIn() throws Exception {
        JobPayload payload =
                payload(
                        Project.of(
                                        """
                                        variables: {WHO: file, NAME: $WHO-$CI_COMMIT_REF_NAME-$UNKNOWN, RAW: {value: $WHO, expand: false}}
                                        a: {script: x, parallel: 2}
                                        """)
                                .variable("WHO", "user"),
                        "a 2/2");
        assertThat(value(payload, "NAME")).isEqualTo("user-main-$UNKNOWN");
        assertThat(value(payload, "RAW")).isEqualTo("$WHO");
        assertThat(value(payload, "WHO")).isEqualTo("user");
        assertThat(value(payload, "CI_NODE_INDEX")).isEqualTo("2");
        assertThat(value(payload, "CI_NODE_TOTAL")).isEqualTo("2");
    }

    @Test
    void tagAndMergeRequestHaveTheirVariables() throws Exception {
        JobPayload tag = payload(Project.of("a: {script: x}").tag("v1.0"), "a");
        assertThat(value(tag, "CI_COMMIT_TAG")).isEqualTo("v1.0");
        assertThat(value(tag, "CI_COMMIT_REF_SLUG")).isEqualTo("v1-0");
        assertThat(value(tag, "CI_COMMIT_BRANCH")).isEqualTo("absent");
        JobPayload request =
                payload(
                        Project.of("a: {script: x, only: [merge_requests]}")
                                .branch("fast")
                                .mergeRequest(),
                        "a");
        assertThat(value(request, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")).isEqualTo("fast");
        assertThat(value(request, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")).isEqualTo("main");
    }

    @Test
    void aJobWithoutArtifactsAndImageSendsNull() throws Exception {
        Pipeline pipeline = Project.of("a: {script: x}").pipeline();
        JsonNode payload = JobPayloads.payload(pipeline, pipeline.jobs().getFirst(), CONTEXT);
        assertThat(payload.get("artifacts").isNull()).isTrue();
        assertThat(payload.get("image").isNull()).isTrue();
    }
}
