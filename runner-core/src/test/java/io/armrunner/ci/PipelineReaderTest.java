package io.armrunner.ci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.ci.PipelineJob.AllowFailure;
import io.armrunner.ci.PipelineJob.Need;
import io.armrunner.ci.PipelineJob.When;
import io.armrunner.spec.Variable;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PipelineReaderTest {
    @Test
    void scriptsAreJoinedAndFlattened() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                .lib:
                                  - one
                                  - [two, [three]]
                                default:
                                  before_script: prepare
                                a:
                                  script: [!reference [.lib], last]
                                  after_script: tidy
                                """)
                        .job("a");
        assertThat(job.script()).containsExactly("prepare", "one", "two", "three", "last");
        assertThat(job.afterScript()).containsExactly("tidy");
        assertThat(job.stage()).isEqualTo("test");
    }

    @Test
    void stagesAreOrderedWithPreAndPost() throws Exception {
        Pipeline pipeline =
                Project.of(
                                """
                                stages: [one, two]
                                z: {stage: .post, script: x}
                                b: {stage: two, script: x}
                                a: {stage: one, script: x}
                                p: {stage: .pre, script: x}
                                .hidden: {script: x}
                                """)
                        .pipeline();
        assertThat(pipeline.stages()).containsExactly(".pre", "one", "two", ".post");
        assertThat(pipeline.jobs())
                .extracting(PipelineJob::name)
                .containsExactly("p", "a", "b", "z");
    }

    @Test
    void extendsMergesMappingsAndReplacesLists() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                .base: {script: [base], variables: {A: base, B: base}, tags: [x]}
                                .mid: {extends: .base, variables: {B: mid}}
                                .other: {variables: {C: other}, tags: [y, z]}
                                a:
                                  extends: [.mid, .other]
                                  variables: {A: own}
                                """)
                        .job("a");
        assertThat(job.script()).containsExactly("base");
        assertThat(job.tags()).containsExactly("y", "z");
        assertThat(job.variables())
                .extracting(Variable::key, Variable::value)
                .containsExactly(tuple("A", "own"), tuple("B", "mid"), tuple("C", "other"));
    }

    private static org.assertj.core.groups.Tuple tuple(Object... values) {
        return org.assertj.core.api.Assertions.tuple(values);
    }

    @Test
    void anchorsAndMergeKeysWork() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                .a: &a {image: one, tags: [x]}
                                .b: &b {image: two, timeout: 1h}
                                job:
                                  <<: [*a, *b]
                                  tags: [own]
                                  script: x
                                """)
                        .job("job");
        assertThat(job.image().orElseThrow().name()).isEqualTo("one");
        assertThat(job.timeout()).contains(Duration.ofHours(1));
        assertThat(job.tags()).containsExactly("own");
    }

    @Test
    void variablesHaveGitLabsPrecedence() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                variables:
                                  A: {value: global, description: what}
                                  B: global
                                  RAW: {value: $A, expand: false}
                                  N: 1.10
                                  T: yes
                                workflow:
                                  rules:
                                    - if: $CI_COMMIT_BRANCH
                                      variables: {B: workflow, C: workflow}
                                job:
                                  script: x
                                  variables: {C: job, D: job}
                                  rules:
                                    - if: $C == "job"
                                      variables: {D: rule}
                                """)
                        .job("job");
        assertThat(job.variables())
                .extracting(Variable::key, Variable::value, Variable::raw)
                .containsExactly(
                        tuple("A", "global", false),
                        tuple("B", "workflow", false),
                        tuple("RAW", "$A", true),
                        tuple("N", "1.1", false),
                        tuple("T", "true", false),
                        tuple("C", "job", false),
                        tuple("D", "rule", false));
    }

    @Test
    void inheritChoosesDefaultsAndVariables() throws Exception {
        String yaml =
                """
                default: {before_script: b, tags: [t], retry: 1}
                variables: {A: a, B: b}
                all: {script: x}
                none: {script: x, inherit: {default: false, variables: false}}
                some: {script: x, inherit: {default: [tags], variables: [B]}}
                """;
        assertThat(Project.of(yaml).job("all").script()).containsExactly("b", "x");
        PipelineJob none = Project.of(yaml).job("none");
        assertThat(none.script()).containsExactly("x");
        assertThat(none.variables()).isEmpty();
        PipelineJob some = Project.of(yaml).job("some");
        assertThat(some.tags()).containsExactly("t");
        assertThat(some.retry().max()).isZero();
        assertThat(some.variables()).extracting(Variable::key).containsExactly("B");
    }

    @Test
    void localFilesAreIncludedBelowTheFileThatIncludesThem() throws Exception {
        Project project =
                Project.of(
                                """
                                include:
                                  - /ci/one.yml
                                  - local: ci/more/*.yml
                                  - local: ci/never.yml
                                    rules: [{if: $NONE}]
                                job: {script: own}
                                """)
                        .with(
                                "ci/one.yml",
                                "include: ci/deep.yml\njob: {script: one, tags: [one]}\n")
                        .with("ci/deep.yml", "variables: {DEEP: yes it is}\n")
                        .with("ci/more/a.yml", "a: {script: x}\n")
                        .with("ci/more/b.yml", "b: {script: x}\n")
                        .with("ci/never.yml", "c: {script: x}\n");
        assertThat(project.names()).containsExactly("job", "a", "b");
        assertThat(project.job("job").script()).containsExactly("own");
        assertThat(project.job("job").tags()).containsExactly("one");
        assertThat(project.job("a").variables())
                .extracting(Variable::value)
                .containsExactly("yes it is");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{if: $CI_COMMIT_BRANCH == 'main'} | true",
                "{if: $CI_COMMIT_TAG} | false",
                "{changes: [src/*.c]} | true",
                "{changes: [docs/**/*]} | false",
                "{changes: {paths: [lib/*], compare_to: refs/heads/old}} | true",
                "{changes: {paths: [lib/*], compare_to: refs/heads/unknown}} | true",
                "{exists: [Dockerfile]} | true",
                "{exists: ['**/*.lock']} | true",
                "{exists: [nothing]} | false",
                "{if: $CI_COMMIT_BRANCH, exists: [nothing]} | false",
                "{when: never} | false",
            })
    void ruleDecides(String rule, boolean inside) throws Exception {
        Project project =
                Project.of("a:\n  script: x\n  rules:\n    - " + rule + "\nz: {script: x}\n")
                        .with("Dockerfile", "")
                        .with("x/y/yarn.lock", "")
                        .differs("refs/heads/old", "lib/a");
        assertThat(project.names().contains("a")).isEqualTo(inside);
    }

    @Test
    void changesHoldWhenNobodyKnowsWhatChanged() throws Exception {
        assertThat(
                        Project.of("a: {script: x, rules: [{changes: [none]}]}")
                                .changesUnknown()
                                .names())
                .containsExactly("a");
    }

    @Test
    void ruleSetsWhenAllowFailureAndNeeds() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                b: {stage: build, script: x}
                                a:
                                  script: x
                                  rules:
                                    - {if: $NONE, when: never}
                                    - {if: $CI, when: delayed, start_in: 5 minutes, allow_failure: true, needs: [b]}
                                """)
                        .job("a");
        assertThat(job.when()).isEqualTo(When.DELAYED);
        assertThat(job.startIn()).isEqualTo(Duration.ofMinutes(5));
        assertThat(job.allowFailure()).isEqualTo(AllowFailure.YES);
        assertThat(job.needs()).contains(List.of(new Need("b", true)));
        assertThat(job.rule()).isEqualTo("if: $CI (line 6)");
    }

    @Test
    void absentJobsSayWhy() throws Exception {
        Pipeline pipeline =
                Project.of(
                                """
                                a: {script: x, rules: [{if: $CI_COMMIT_TAG}]}
                                b: {script: x, rules: [{if: $CI, when: never}]}
                                c: {script: x, only: [tags]}
                                d: {trigger: {include: x.yml}}
                                e: {script: x}
                                """)
                        .pipeline();
        assertThat(pipeline.absent())
                .extracting(Pipeline.AbsentJob::reason)
                .containsExactly(
                        "no rule matches",
                        "the rule if: $CI (line 2) says never",
                        "only: tags does not fit the branch main",
                        "trigger: only GitLab can start another pipeline");
        assertThatThrownBy(() -> pipeline.select(List.of("a"), true))
                .hasMessageContaining("no rule matches");
    }

    @Test
    void workflowRulesCanMakeNoPipeline() throws Exception {
        Project project =
                Project.of(
                        "workflow: {name: 'for $CI_COMMIT_REF_NAME', rules: [{if: $CI_COMMIT_TAG}]}\na: {script: x}\n");
        assertThat(project.pipeline().jobs()).isEmpty();
        assertThat(project.pipeline().absent().getFirst().reason()).contains("no rule matches");
        assertThat(project.tag("v1").pipeline().name()).isEqualTo("for v1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "only: [main] | true",
                "only: [branches] | true",
                "only: [tags] | false",
                "only: [merge_requests] | false",
                "only: [pushes] | true",
                "only: [/^ma/] | true",
                "only: [/^MA/i] | true",
                "only: [main@iot/edge/gateway] | true",
                "only: [main@other/fork] | false",
                "only: {variables: [$NONE, $CI]} | true",
                "only: {refs: [main], changes: [docs/*]} | false",
                "except: [main] | false",
                "except: [tags] | true",
                "except: {changes: [src/*]} | false",
                "except: {variables: [$NONE]} | true",
            })
    void onlyAndExceptDecideForAPush(String policy, boolean inside) throws Exception {
        assertThat(
                        Project.of("a:\n  script: x\n  " + policy + "\nz: {script: x}\n")
                                .names()
                                .contains("a"))
                .isEqualTo(inside);
    }

    @Test
    void mergeRequestTakesOnlyJobsThatAskForIt() throws Exception {
        Project project =
                Project.of(
                                """
                                plain: {script: x}
                                only: {script: x, only: [merge_requests]}
                                ruled: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == "merge_request_event"}]}
                                """)
                        .mergeRequest();
        assertThat(project.names()).containsExactly("only", "ruled");
    }

    @Test
    void variablesOfTheUserWinInConditions() throws Exception {
        String yaml = "variables: {MODE: slow}\na: {script: x, rules: [{if: $MODE == 'fast'}]}\n";
        assertThat(Project.of(yaml).variable("MODE", "fast").names()).containsExactly("a");
        assertThat(Project.of(yaml).names()).isEmpty();
    }

    @Test
    void parallelMakesInstancesAndNeedsFindThem() throws Exception {
        Project project =
                Project.of(
                        """
                        n: {stage: build, script: x, parallel: 2}
                        m:
                          stage: build
                          script: x
                          artifacts: {paths: [out]}
                          parallel: {matrix: [{ARCH: [arm64, x86], MODE: debug}, {ARCH: riscv}]}
                        after: {script: x, needs: [n, {job: m, artifacts: false, parallel: {matrix: [{ARCH: x86}]}}]}
                        exact: {script: x, needs: ["m: [riscv]"]}
                        """);
        assertThat(project.names())
                .containsExactly(
                        "n 1/2",
                        "n 2/2",
                        "m: [arm64, debug]",
                        "m: [x86, debug]",
                        "m: [riscv]",
                        "after",
                        "exact");
        PipelineJob second = project.job("n 2/2");
        assertThat(second.nodeIndex()).isEqualTo(2);
        assertThat(second.nodeTotal()).isEqualTo(2);
        assertThat(project.job("m: [x86, debug]").variables())
                .extracting(Variable::key, Variable::value)
                .containsExactly(tuple("ARCH", "x86"), tuple("MODE", "debug"));
        assertThat(project.job("after").needs())
                .contains(
                        List.of(
                                new Need("n 1/2", true),
                                new Need("n 2/2", true),
                                new Need("m: [x86, debug]", false)));
        assertThat(project.job("exact").dependencies()).containsExactly("m: [riscv]");
    }

    @Test
    void dependenciesFollowStagesNeedsAndTheirOwnList() throws Exception {
        Project project =
                Project.of(
                        """
                        a: {stage: build, script: x, artifacts: {paths: [a]}}
                        b: {stage: build, script: x, artifacts: {paths: [b]}}
                        c: {stage: build, script: x}
                        all: {script: x}
                        one: {script: x, dependencies: [a]}
                        none: {script: x, dependencies: []}
                        dag: {script: x, needs: [b, c, {job: gone, optional: true}]}
                        gone: {stage: build, script: x, rules: [{when: never}]}
                        """);
        assertThat(project.job("all").dependencies()).containsExactly("a", "b");
        assertThat(project.job("one").dependencies()).containsExactly("a");
        assertThat(project.job("none").dependencies()).isEmpty();
        assertThat(project.job("dag").dependencies()).containsExactly("b");
    }

    @Test
    void artifactsBecomeGitLabsForm() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                a:
                                  script: x
                                  artifacts:
                                    name: out-$CI_JOB_ID
                                    paths: [out/, '*.log']
                                    exclude: [out/**/*.o]
                                    when: always
                                    expire_in: 1 week
                                    expose_as: Result
                                    reports:
                                      junit: [a.xml, b.xml]
                                      dotenv: build.env
                                      coverage_report: {coverage_format: cobertura, path: cov.xml}
                                """)
                        .job("a");
        assertThat(job.artifacts())
                .extracting(one ->
                        one.artifactType()
                                + " "
                                + one.artifactFormat()
                                + " "
                                + one.name()
                                + " "
                                + one.paths()
                                + " "
                                + one.when())
                .containsExactly(
                        "archive zip out-$CI_JOB_ID [out/, *.log] always",
                        "junit gzip junit.xml [a.xml, b.xml] always",
                        "dotenv gzip .env [build.env] always",
                        "cobertura gzip cobertura-coverage.xml [cov.xml] always");
        assertThat(job.notes())
                .containsExactly("artifacts:expose_as: GitLab shows it in the merge request");
    }

    @Test
    void cacheKeysCanComeFromFiles() throws Exception {
        Project project =
                Project.of(
                                """
                                a:
                                  script: x
                                  cache:
                                    - {key: {files: [lock], prefix: deps}, paths: [v/], policy: pull, fallback_keys: [old]}
                                    - {key: $CI_COMMIT_REF_SLUG, paths: [w/], when: always}
                                    - {paths: [u/]}
                                b: {script: x, cache: {key: {files: [none]}, untracked: true}}
                                c: {script: x, cache: []}
                                """)
                        .with("lock", "1");
        List<String> keys =
                project.job("a").cache().stream().map(io.armrunner.spec.Cache::key).toList();
        assertThat(keys.get(0)).matches("deps-[0-9a-f]{40}");
        assertThat(keys.subList(1, 3)).containsExactly("$CI_COMMIT_REF_SLUG", "default");
        assertThat(project.job("b").cache().getFirst().key()).isEqualTo("default");
        assertThat(project.job("c").cache()).isEmpty();
        String before = keys.get(0);
        assertThat(project.with("lock", "2").job("a").cache().getFirst().key())
                .isNotEqualTo(before);
    }

    @Test
    void containersAreRead() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                image: {name: gcc, entrypoint: [""], pull_policy: if-not-present, docker: {platform: linux/arm64, user: 70}}
                                a:
                                  script: x
                                  services:
                                    - redis
                                    - {name: postgres, alias: db, command: [-c, x], variables: {P: q}, pull_policy: [always, never]}
                                """)
                        .job("a");
        assertThat(job.image().orElseThrow().executorOpts().get("docker"))
                .hasToString("{\"platform\":\"linux/arm64\",\"user\":\"70\"}");
        assertThat(job.image().orElseThrow().entrypoint()).containsExactly("");
        assertThat(job.services())
                .extracting(io.armrunner.spec.Image::name)
                .containsExactly("redis", "postgres");
        assertThat(job.services().get(1).pullPolicy()).containsExactly("always", "never");
    }

    @Test
    void otherKeywordsAreRead() throws Exception {
        PipelineJob job =
                Project.of(
                                """
                                a:
                                  script: x
                                  retry: {max: 2, when: [script_failure], exit_codes: [1, 2]}
                                  timeout: 1h 30m
                                  interruptible: true
                                  allow_failure: {exit_codes: 5}
                                  hooks: {pre_get_sources_script: [echo]}
                                  environment: {name: review/$CI_COMMIT_REF_SLUG}
                                  coverage: /x/
                                  resource_group: g
                                  release: {tag_name: x}
                                """)
                        .job("a");
        assertThat(job.retry().when()).containsExactly("script_failure");
        assertThat(job.retry().exitCodes()).containsExactlyInAnyOrder(1, 2);
        assertThat(job.timeout()).contains(Duration.ofMinutes(90));
        assertThat(job.interruptible()).isTrue();
        assertThat(job.allowFailure()).isEqualTo(new AllowFailure(false, Set.of(5)));
        assertThat(job.hooks().getFirst().script()).containsExactly("echo");
        assertThat(job.environment()).isEqualTo("review/main");
        assertThat(job.notes()).hasSize(4);
        assertThat(Optional.of(job.when())).contains(When.ON_SUCCESS);
    }

    @Test
    void selectTakesJobsWithWhatTheyWaitFor() throws Exception {
        Pipeline pipeline =
                Project.of(
                                """
                                a: {stage: build, script: x, artifacts: {paths: [a]}}
                                b: {stage: build, script: x}
                                t: {script: x, needs: [a]}
                                d: {stage: deploy, script: x}
                                """)
                        .pipeline();
        assertThat(pipeline.select(List.of("t"), true).jobs())
                .extracting(PipelineJob::name)
                .containsExactly("a", "t");
        Pipeline alone = pipeline.select(List.of("t"), false);
        assertThat(alone.jobs().getFirst().needs()).contains(List.of());
        assertThat(alone.jobs().getFirst().dependencies()).isEmpty();
        assertThatThrownBy(() -> pipeline.select(List.of("dd"), true))
                .hasMessageContaining("did you mean d?");
    }

    @Test
    void aFileOfAHundredJobsIsReadInMilliseconds() throws Exception {
        StringBuilder yaml =
                new StringBuilder(
                        "stages: [build, test]\n.base: {tags: [arm64], retry: 1, cache: {key: k, paths: [v/]}}\n");
        for (int i = 0; i < 50; i++) {
            yaml.append("b")
                    .append(i)
                    .append(":\n  extends: .base\n  stage: build\n  script: [make, make check]\n");
            yaml.append(
                    "  artifacts: {paths: [out/]}\n  rules:\n    - if: $CI_COMMIT_BRANCH =~ /^ma/ && $CI != null\n");
            yaml.append("t")
                    .append(i)
                    .append(":\n  extends: .base\n  script: make test\n  needs: [b")
                    .append(i)
                    .append("]\n");
        }
        Project project = Project.of(yaml.toString());
        ThreadMXBean cpu = ManagementFactory.getThreadMXBean();
        long best = Long.MAX_VALUE;
        for (int i = 0; i < 30; i++) {
            long start = cpu.getCurrentThreadCpuTime();
            assertThat(project.pipeline().jobs()).hasSize(100);
            best = Math.min(best, cpu.getCurrentThreadCpuTime() - start);
        }
        // Some 5 ms on a warm machine; the limit only catches what grows with the square of the
        // jobs.
        assertThat(Duration.ofNanos(best)).isLessThan(Duration.ofMillis(200));
    }
}
