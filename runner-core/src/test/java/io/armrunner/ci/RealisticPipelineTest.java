package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.FailureReason;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** A pipeline as projects have it, from file to the last job. */
class RealisticPipelineTest {
    private static final Project PROJECT =
            Project.of(
                            """
                            include:
                              - local: /ci/templates.yml
                              - local: ci/jobs/**.yml

                            stages: [build, test, package, deploy]

                            workflow:
                              name: 'Gateway $CI_COMMIT_REF_NAME'
                              rules:
                                - if: $CI_PIPELINE_SOURCE == "merge_request_event"
                                - if: $CI_COMMIT_TAG
                                - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
                                  variables: {CHANNEL: stable}

                            variables:
                              CHANNEL: {value: edge, description: Where to, options: [edge, stable]}
                              IMAGE: registry.example.com/gateway:$CI_COMMIT_SHORT_SHA

                            default:
                              image: gcc:14
                              tags: [arm64]
                              retry: {max: 1, when: [runner_system_failure, stuck_or_timeout_failure]}
                              interruptible: true

                            compile:
                              extends: .build
                              parallel:
                                matrix:
                                  - BOARD: [rpi4, rpi5]
                                    MODE: release
                              script:
                                - !reference [.setup, script]
                                - |
                                  make BOARD=$BOARD
                                  make MODE=$MODE

                            unit:
                              stage: test
                              needs: [compile]
                              script: make check
                              coverage: '/lines: (\\d+)%/'
                              artifacts: {when: always, reports: {junit: out/*.xml}}

                            package:
                              stage: package
                              script: make deb
                              dependencies: [compile]
                              artifacts: {paths: ['*.deb'], expire_in: never}

                            release:
                              stage: deploy
                              script: ./publish
                              when: manual
                              environment: {name: production, url: https://example.com}
                              resource_group: production
                            """)
                    .with(
                            "ci/templates.yml",
                            """
                            .setup: {script: [./configure, ccache -z]}
                            .build:
                              stage: build
                              cache: {key: {files: [deps.lock], prefix: $CI_JOB_NAME}, paths: [.ccache/]}
                              artifacts: {paths: [out/]}
                            """)
                    .with(
                            "ci/jobs/lint/lint.yml",
                            "lint: {stage: test, script: lint, needs: [], allow_failure: true}\n")
                    .with("deps.lock", "1");

    @Test
    void isReadAsWritten() throws Exception {
        Pipeline pipeline = PROJECT.pipeline();
        assertThat(pipeline.name()).isEqualTo("Gateway main");
        assertThat(pipeline.jobs())
                .extracting(PipelineJob::name)
                .containsExactly(
                        "compile: [rpi4, release]",
                        "compile: [rpi5, release]",
                        "lint",
                        "unit",
                        "package",
                        "release");
        PipelineJob compile = pipeline.jobs().getFirst();
        assertThat(compile.script())
                .containsExactly(
                        "./configure", "ccache -z", "make BOARD=$BOARD\nmake MODE=$MODE\n");
        assertThat(compile.variables())
                .anySatisfy(variable -> assertThat(variable.value()).isEqualTo("stable"));
        assertThat(pipeline.job("package").orElseThrow().dependencies())
                .containsExactly("compile: [rpi4, release]", "compile: [rpi5, release]");
    }

    @Test
    void runsInTheOrderOfGitLab() throws Exception {
        PipelineScheduler scheduler = new PipelineScheduler(PROJECT.pipeline());
        List<String> order = new ArrayList<>();
        while (!scheduler.isFinished()) {
            PipelineJob job = scheduler.ready().getFirst();
            order.add(job.name());
            scheduler.started(job.name());
            scheduler.finished(
                    job.name(),
                    job.name().equals("lint")
                            ? new JobResult.Failed(FailureReason.SCRIPT_FAILURE, OptionalInt.of(1))
                            : new JobResult.Succeeded());
        }
        assertThat(order)
                .containsExactly(
                        "compile: [rpi4, release]",
                        "compile: [rpi5, release]",
                        "lint",
                        "unit",
                        "package");
        assertThat(scheduler.manual()).extracting(PipelineJob::name).containsExactly("release");
        assertThat(scheduler.status()).isEqualTo(PipelineStatus.SUCCESS);
    }
}
