package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.CoordinatorSettings;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.http.EventLoops;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeBuildCommandTest {
    @TempDir Path directory;
    private final EventLoops loops = EventLoops.open(1);
    private final Map<String, String> environment = new HashMap<>();
    private FakeAws aws;
    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();
    private String answers = "";
    private boolean interactive;

    @BeforeEach
    void start() throws Exception {
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(directory, Map.of("PATH", pathOfAnArm()), new Random(1))
                                .withSpeed(10));
        AwsPlace.Keys keys = aws.place().keys().orElseThrow();
        environment.put("AWS_ENDPOINT_URL", aws.endpoint().toString());
        environment.put("AWS_ACCESS_KEY_ID", keys.accessKey());
        environment.put("AWS_SECRET_ACCESS_KEY", keys.secretKey().value());
        environment.put("AWS_REGION", "eu-west-3");
    }

    @AfterEach
    void stop() {
        aws.close();
        loops.close();
    }

    /** Builds think that they are where they should be. */
    private String pathOfAnArm() throws Exception {
        Path programs = Files.createDirectories(directory.resolve("programs"));
        Path uname = programs.resolve("uname");
        Files.writeString(uname, "#!/bin/sh\necho aarch64\n");
        Files.setPosixFilePermissions(uname, PosixFilePermissions.fromString("rwxr-xr-x"));
        return programs + ":/usr/bin:/bin";
    }

    @Test
    @Tag("CB-67")
    void aRealBuildTellsWhetherBuildsReachGitLab() throws Exception {
        assertThat(run("codebuild", "setup", "--yes")).isZero();
        Path config = directory.resolve("config.toml");
        Files.writeString(
                config,
                "[[runners]]\nname = \"a\"\nurl = \"%s\"\ntoken = \"glrt-abcdefghij\"\nexecutor = \"shell\"\n"
                        .formatted(aws.endpoint()));

        assertThat(run("codebuild", "check", "--build", "--config", config.toString()))
                .as("the token is no server's")
                .isEqualTo(1);
        assertThat(out.toString())
                .contains(
                        "ok     a real build: ran on aarch64",
                        "ok     GitLab from a build: reached");

        Files.writeString(
                config,
                "[[runners]]\nname = \"a\"\nurl = \"http://127.0.0.1:1\"\ntoken = \"glrt-abcdefghij\"\nexecutor = \"shell\"\n");
        assertThat(run("codebuild", "check", "--build", "--config", config.toString()))
                .isEqualTo(1);
        assertThat(out.toString())
                .contains("ok     a real build: ran on aarch64")
                .containsPattern(
                        "note   GitLab from a build: not reached [(].*curl.*http://127.0.0.1:1.*[)]: give the lane relay = true");
    }

    private int run(String... words) {
        out = new StringWriter();
        err = new StringWriter();
        Surroundings surroundings =
                new Surroundings(
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        new BufferedReader(new StringReader(answers)),
                        interactive,
                        environment,
                        directory,
                        directory,
                        false,
                        () -> "host",
                        InstantSource.system());
        return new Main(
                        surroundings,
                        Commands.with(
                                surroundings, file -> new GitLabRunnerServer(surroundings, file)))
                .run(words);
    }

    @Test
    void setUpCheckTearDown() {
        assertThat(run("codebuild", "setup", "--dry-run")).isZero();
        assertThat(out.toString())
                .contains(
                        "In account 123456789012, region eu-west-3:",
                        "create  project armrunner-main",
                        "Nothing was done.");
        assertThat(run("codebuild", "setup")).isZero();
        assertThat(out.toString()).contains("Nothing was done: add --yes to do it.");
        assertThat(aws.count("*:Create*")).isZero();

        assertThat(run("codebuild", "setup", "--yes")).isZero();
        assertThat(out.toString())
                .contains(
                        "done    project armrunner-main",
                        "Bucket:  armrunner-main-123456789012-eu-west-3",
                        "armrunner codebuild check --name main --region eu-west-3");
        assertThat(run("codebuild", "setup")).isZero();
        assertThat(out.toString()).contains("Everything is as it should be.");

        assertThat(run("codebuild", "check")).isZero();
        assertThat(out.toString())
                .contains(
                        "ok     credentials: account 123456789012, region eu-west-3",
                        "ok     codebuild:StartBuild",
                        "ok     builds at once, size small: 20:");

        assertThat(run("codebuild", "teardown", "--yes")).isZero();
        assertThat(out.toString()).contains("deleted role armrunner-main-build-eu-west-3");
        assertThat(run("codebuild", "teardown")).isZero();
        assertThat(out.toString()).contains("There is nothing to remove.");
        assertThat(run("codebuild", "check")).isEqualTo(1);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    @Tag("CB-67")
    void theCheckLooksAtAllThatTheLaneNeedsAndSaysWhatToDo() throws Exception {
        assertThat(run("codebuild", "setup", "--yes")).isZero();
        Path config = directory.resolve("config.toml");
        Files.writeString(
                config,
                "[[runners]]\nname = \"a\"\nurl = \"http://127.0.0.1:1\"\ntoken = \"glrt-abcdefghij\"\nexecutor = \"shell\"\n");

        assertThat(run("codebuild", "check", "--config", config.toString())).isEqualTo(1);

        assertThat(out.toString())
                .contains(
                        "ok     credentials: account 123456789012, region eu-west-3",
                        "ok     region eu-west-3: has arm64 builds",
                        "ok     project armrunner-main",
                        "ok     s3:PutObject jobs/",
                        "ok     s3:GetObject agent/",
                        "ok     role armrunner-main-build-eu-west-3: as codebuild setup makes it",
                        "ok     bucket armrunner-main-123456789012-eu-west-3: as codebuild setup makes it",
                        "ok     builds at once, size small: 20: so many",
                        "builds at once, size 2xlarge: 20 (code L-1E43FDE0)",
                        "ERROR  GitLab token abcdefghi at http://127.0.0.1:1: unknown, since GitLab could not be asked: ",
                        "check the url, and the way from this machine to GitLab");
    }

    @Test
    @Tag("CB-67")
    void theCheckAsksGitLabAboutTheRunnersTokenAndChangesNothing() throws Exception {
        assertThat(run("codebuild", "setup", "--yes")).isZero();
        Path config = directory.resolve("config.toml");
        try (Coordinator gitlab =
                Coordinator.start(
                        loops,
                        CoordinatorSettings.of(
                                directory.resolve("gitlab"),
                                environment,
                                InstantSource.system(),
                                new Random(1)))) {
            CoordinatorRunner runner =
                    gitlab.registerRunner(new RunnerSpec("arm64", List.of(), true));
            CoordinatorJob waiting = gitlab.job("job").script("true").enqueue();
            String entry =
                    "[[runners]]\nname = \"%s\"\nurl = \"%s\"\ntoken = \"%s\"\nexecutor = \"shell\"\n";
            String good = entry.formatted("good", gitlab.url(), runner.token().value());
            Files.writeString(config, good);
            assertThat(run("codebuild", "check", "--config", config.toString())).isZero();
            assertThat(out.toString())
                    .contains(
                            "ok     GitLab token %s at %s: valid, of runner %d"
                                    .formatted(
                                            runner.token().shortForm(), gitlab.url(), runner.id()))
                    .doesNotContain(runner.token().value());

            Files.writeString(
                    config, good + entry.formatted("dead", gitlab.url(), "glrt-abcdefghijkl"));
            assertThat(run("codebuild", "check", "--config", config.toString())).isEqualTo(1);
            assertThat(out.toString())
                    .contains(
                            ": valid, of runner",
                            "ERROR  GitLab token abcdefghi at %s: invalid: GitLab does not know it"
                                    .formatted(gitlab.url()));
            assertThat(waiting.state()).isEqualTo(JobState.PENDING);
        }
        Files.writeString(config, "concurrent = 1\n");
        assertThat(run("codebuild", "check", "--config", config.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("ERROR  GitLab token: there is no runner in ");
        assertThat(run("codebuild", "check")).isZero();
        assertThat(out.toString()).contains("note   GitLab token: not asked about");
    }

    @Test
    void aPersonIsAskedFirst() {
        interactive = true;
        answers = "no\n";
        assertThat(run("codebuild", "setup")).isZero();
        assertThat(out.toString()).contains("Do it? [y/N]", "Nothing was done.");
        answers = "y\n";
        assertThat(run("codebuild", "setup")).isZero();
        assertThat(out.toString()).contains("done    project armrunner-main");
    }

    @Test
    void lambdaComputeIsSetUpWhereThereIsSome() {
        assertThat(
                        run(
                                "codebuild",
                                "setup",
                                "--yes",
                                "--size",
                                "lambda-2gb",
                                "--region",
                                "eu-west-3,eu-west-1"))
                .isZero();
        assertThat(out.toString())
                .contains(
                        "passed over eu-west-3: CodeBuild has no builds on Lambda compute there",
                        "region eu-west-1:",
                        "done    project armrunner-main");

        assertThat(run("codebuild", "check", "--region", "eu-west-1")).isZero();
        assertThat(out.toString())
                .contains(
                        "ok     region eu-west-1: has builds on Lambda compute",
                        "ok     builds at once, size lambda-2gb: 20: so many",
                        "ok     project armrunner-main: as codebuild setup makes it")
                .doesNotContain("size small");
    }

    @Test
    void jobsMayRunInPrivateImagesOfTheRepositoriesThatAreNamed() {
        String image = "123456789012.dkr.ecr.eu-west-3.amazonaws.com/ci/python:3";
        assertThat(run("codebuild", "setup", "--yes", "--ecr", "ci/python,ci/rust")).isZero();
        assertThat(run("codebuild", "check", "--build", "--image", image)).isZero();
        assertThat(out.toString())
                .contains(
                        "ok     images of arn:aws:ecr:eu-west-3:123456789012:repository/ci/rust: the role of builds may pull them",
                        "ok     a real build: ran on aarch64 in " + image);

        assertThat(run("codebuild", "check", "--ecr", "ci/go")).isEqualTo(1);
        assertThat(out.toString())
                .contains("ERROR  images of arn:aws:ecr:eu-west-3:123456789012:repository/ci/go");
        assertThat(run("codebuild", "setup", "--ecr", "ci/*")).isEqualTo(2);
        assertThat(err.toString()).contains("\"ci/*\" is no repository of ECR");
        assertThat(run("codebuild", "check", "--image", image)).isEqualTo(2);
        assertThat(err.toString()).contains("--image is for --build; add that");
    }

    @Test
    void ofSeveralRegionsTheFirstThatWorksIsTaken() {
        aws.region("eu-west-1").down(true);

        assertThat(
                        run(
                                "codebuild",
                                "setup",
                                "--dry-run",
                                "--region",
                                "eu-central-2,eu-west-1,eu-north-1"))
                .isZero();

        assertThat(out.toString())
                .contains(
                        "passed over eu-central-2: CodeBuild has no arm64 builds there",
                        "passed over Could not ask AWS who we are in eu-west-1",
                        "region eu-north-1:");
    }

    @Test
    @Tag("CB-68")
    void whatIsWrongIsOneLineWithoutAStackTrace() {
        environment.put("AWS_ACCESS_KEY_ID", "AKIANOBODY");
        assertThat(run("codebuild", "check")).isEqualTo(1);
        assertThat(err.toString())
                .hasLineCount(1)
                .contains("AWS does not know the access key", "eu-west-3");
        environment.put("AWS_ACCESS_KEY_ID", aws.place().keys().orElseThrow().accessKey());
        assertThat(run("codebuild", "setup", "--size", "huge")).isEqualTo(2);
        assertThat(err.toString()).contains("small, medium, large, xlarge, 2xlarge, lambda-1gb");
        assertThat(
                        run(
                                "codebuild",
                                "setup",
                                "--region",
                                "eu-west-1",
                                "--size",
                                "lambda-1gb",
                                "--vpc",
                                "vpc-1",
                                "--subnets",
                                "subnet-1",
                                "--security-groups",
                                "sg-1"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("Lambda compute (lambda-1gb) has no network");
        assertThat(run("codebuild", "setup", "--name", "Not_Good")).isEqualTo(2);
        assertThat(run("codebuild")).isEqualTo(2);
        assertThat(err.toString()).contains("setup, check, teardown or print");
    }

    @Test
    void policiesAndTemplatesArePrintedWithoutAsking() throws Exception {
        assertThat(
                        run(
                                "codebuild",
                                "print",
                                "manager-policy",
                                "--account",
                                "123456789012",
                                "--region",
                                "eu-west-3"))
                .isZero();
        assertThat(out.toString())
                .contains(
                        "codebuild:StartBuild",
                        "arn:aws:s3:::armrunner-main-123456789012-eu-west-3/jobs/*");
        assertThat(run("codebuild", "print", "cloudformation")).isZero();
        assertThat(out.toString())
                .isEqualTo(Files.readString(Path.of("aws", "cloudformation.yaml")));
        assertThat(run("codebuild", "print", "poem")).isEqualTo(2);
        assertThat(aws.calls()).isEmpty();
    }
}
