package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.codebuild.fake.ShellWork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code exec --lane codebuild --fake-aws}, in this process; its builds are others. */
class ExecCodeBuildTest {
    private final LocalProject project;

    ExecCodeBuildTest(@TempDir Path directory) throws IOException {
        project = new LocalProject(directory.toRealPath());
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        assertThat(project.leftovers()).isEmpty();
    }

    @Test
    void aJobTriesLambdaComputeByTheVariableThatNamesALane() throws Exception {
        project.pipeline(
                        """
                        quick:
                          variables: {ARMRUNNER_LANE: lambda, ARMRUNNER_SIZE: lambda-2gb}
                          timeout: 10 minutes
                          script:
                            - touch /usr/was-here 2> /dev/null && echo written to usr || echo usr is read-only
                            - echo "user $(id -u), home $HOME, in $PWD"
                            - git log --format=%s
                            - echo made > made.txt
                          artifacts: {paths: [made.txt]}
                        next:
                          variables: {ARMRUNNER_SIZE: medium}
                          needs: [quick]
                          script: [cat made.txt]
                        """)
                .commit("Start");

        LocalProject.Run run = exec("--verbose");

        assertThat(run.out())
                .containsSubsequence(
                        "quick |   lane lambda: ARMRUNNER_LANE names it",
                        "quick | Lambda compute: the build ends after 15 minutes",
                        "quick |   starting CodeBuild arm64 lambda-2gb in us-east-1 in aws/codebuild/amazonlinux-aarch64-lambda-standard:corretto25",
                        "quick | Start",
                        "quick | CodeBuild arm64 lambda-2gb in us-east-1: ",
                        " second",
                        ", $0.00",
                        "next  |   lane codebuild: the first in order",
                        "next  |   starting CodeBuild arm64 medium in us-east-1",
                        "next  | made",
                        "pipeline passed");
        if (ShellWork.canIsolate()) {
            assertThat(run.out())
                    .contains(
                            "| usr is read-only",
                            "| user 990, home /tmp, in /tmp/armrunner/builds/");
        }
        assertThat(run.status()).isZero();
    }

    @Test
    void whatLambdaComputeDoesNotHaveIsSaidAsByARunnersLane() throws Exception {
        project.pipeline(
                        """
                        default: {timeout: 10 minutes}
                        hour: {timeout: 1 hour, script: ['true']}
                        docker: {services: [postgres:16], script: ['true']}
                        other: {image: debian:trixie, variables: {ARMRUNNER_PLACEMENT: image}, script: ['true']}
                        machine: {variables: {ARMRUNNER_SIZE: medium}, script: ['true']}
                        """)
                .commit("Start");

        LocalProject.Run run = exec("--variable", "ARMRUNNER_LANE=lambda");

        assertThat(run.out())
                .as(run.err())
                .contains(
                        "lambda takes jobs of up to 14 min, this one has 1 h",
                        "services: need containers beside the job, which CodeBuild jobs do not have",
                        "image debian:trixie cannot run on Lambda compute (lambda-1gb)",
                        "ARMRUNNER_SIZE medium is a size of containers, and this lane has Lambda compute; ARMRUNNER_LANE names another lane")
                .contains("pipeline failed");
        assertThat(run.status()).isEqualTo(1);
    }

    private LocalProject.Run exec(String... words) {
        String[] all = new String[words.length + 3];
        all[0] = "--lane";
        all[1] = "codebuild";
        all[2] = "--fake-aws";
        System.arraycopy(words, 0, all, 3, words.length);
        return project.exec(Map.of(), all);
    }
}
