package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.http.EventLoops;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import software.amazon.awssdk.services.codebuild.model.ArtifactsType;
import software.amazon.awssdk.services.codebuild.model.ComputeType;
import software.amazon.awssdk.services.codebuild.model.EnvironmentType;
import software.amazon.awssdk.services.codebuild.model.SourceType;

/** A fake AWS with one project, one role and one bucket, made by calls as anybody would. */
final class FakeAccount implements AutoCloseable {
    static final String PROJECT = "armrunner-test";
    static final String BUCKET = "armrunner-test";
    static final String ROLE = "armrunner-test-build";
    static final String TRUST =
            """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow",
             "Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole"}]}
            """;
    private final EventLoops loops = EventLoops.open(1);
    final FakeAws aws;
    final AwsClients clients;

    FakeAccount(Path directory, UnaryOperator<FakeAwsSettings> change) throws Exception {
        aws =
                FakeAws.start(
                        loops,
                        change.apply(
                                FakeAwsSettings.of(
                                                directory,
                                                Map.of("PATH", "/usr/bin:/bin"),
                                                new Random(1))
                                        .withSpeed(100)));
        clients = AwsClients.open(aws.place());
        provision();
    }

    private void provision() {
        clients.iam().createRole(r -> r.roleName(ROLE).assumeRolePolicyDocument(TRUST));
        clients.iam()
                .putRolePolicy(r ->
                        r.roleName(ROLE)
                                .policyName("build")
                                .policyDocument(
                                        """
                                        {"Version":"2012-10-17","Statement":[
                                         {"Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"arn:aws:s3:::%1$s/agent/*"},
                                         {"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],
                                          "Resource":"arn:aws:s3:::%1$s/jobs/${codebuild:buildArn}/*"},
                                         {"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}
                                        """
                                                .formatted(BUCKET)));
        clients.s3()
                .createBucket(r ->
                        r.bucket(BUCKET)
                                .createBucketConfiguration(
                                        c -> c.locationConstraint(clients.place().region())));
        clients.logs().createLogGroup(r -> r.logGroupName("/armrunner/boot"));
        clients.codeBuild()
                .createProject(r ->
                        r.name(PROJECT)
                                .source(s -> s.type(SourceType.NO_SOURCE).buildspec(spec("exit 1")))
                                .artifacts(a -> a.type(ArtifactsType.NO_ARTIFACTS))
                                .environment(e ->
                                        e.type(EnvironmentType.ARM_CONTAINER)
                                                .image(
                                                        "aws/codebuild/amazonlinux-aarch64-standard:3.0")
                                                .computeType(ComputeType.BUILD_GENERAL1_SMALL))
                                .serviceRole("arn:aws:iam::" + aws.account() + ":role/" + ROLE)
                                .logsConfig(l ->
                                        l.cloudWatchLogs(c ->
                                                c.status("ENABLED").groupName("/armrunner/boot"))));
    }

    /** A buildspec whose build phase is these lines. */
    static String spec(String... commands) {
        StringBuilder text =
                new StringBuilder(
                        "version: 0.2\nenv: {shell: /bin/sh}\nphases:\n  build:\n    commands:\n");
        for (String command : commands) {
            text.append("      - |\n        ")
                    .append(command.replace("\n", "\n        "))
                    .append('\n');
        }
        return text.toString();
    }

    @Override
    public void close() {
        clients.close();
        try {
            aws.close();
        } finally {
            loops.close();
        }
    }
}
