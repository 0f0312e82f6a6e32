package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.BuildSize;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.codebuild.model.Project;
import software.amazon.awssdk.services.iam.model.EvaluationResult;
import software.amazon.awssdk.services.iam.model.PolicyEvaluationDecisionType;
import software.amazon.awssdk.services.s3.model.DeleteMarkerEntry;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;
import software.amazon.awssdk.services.s3.model.ObjectVersion;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * Checks an installation with the rights of whoever runs it, by one harmless call for each right
 * that a manager needs. Used by one thread.
 */
public final class Check {
    private static final String NO_BUILD = ":00000000-0000-4000-8000-000000000000";

    private final AwsClients clients;
    private final String nonce;
    private final Duration pause;
    private final Consumer<Finding> report;
    private Installation installation;
    private Installation made;
    private List<URI> urls = List.of();
    private Optional<String> image = Optional.empty();
    private boolean ofProject;
    private boolean lambdaProject;
    private boolean failed;

    /**
     * One result.
     *
     * @param level how bad it is
     * @param what was looked at
     * @param text what came out, with what to do when that is something
     */
    public record Finding(Level level, String what, String text) {
        public enum Level {
            OK,
            NOTE,
            ERROR
        }

        @Override
        public String toString() {
            String mark =
                    switch (level) {
                        case OK -> "ok";
                        case NOTE -> "note";
                        case ERROR -> "ERROR";
                    };
            return "%-6s %s%s".formatted(mark, what, text.isEmpty() ? "" : ": " + text);
        }
    }

    /** A call that must come out in a certain way. */
    private interface Call {
        void run();
    }

    /**
     * @param nonce part of the names of objects that are written and deleted again
     * @param pause between two looks at a build
     * @param report takes each result as it comes
     */
    public Check(
            Installation installation,
            AwsClients clients,
            String nonce,
            Duration pause,
            Consumer<Finding> report) {
        this.installation = installation;
        this.made = installation;
        this.clients = clients;
        this.nonce = nonce;
        this.pause = pause;
        this.report = report;
    }

    /** The same with a look from a build at these servers, if a build is run. */
    public Check reaching(List<URI> servers) {
        urls = List.copyOf(servers);
        return this;
    }

    /** The same with a build in this image, if a build is run. */
    public Check inImage(String name) {
        image = Optional.of(name);
        return this;
    }

    /** The same for the size that the project has, whatever the installation says. */
    public Check ofProjectsSize() {
        ofProject = true;
        return this;
    }

    /**
     * Runs all checks. Whether the role of builds may pull from private repositories is looked at
     * for those of the installation; if it names none, for those that the role has now.
     *
     * @param build whether to run a build as well, which costs a minute of the smallest size
     * @return whether the lane can work
     */
    public boolean run(boolean build) throws InterruptedException {
        if (!ofProject) {
            region();
        }
        boolean there = project();
        if (ofProject) {
            region();
        }
        if (there) {
            builds();
            objects();
            bootLog();
            quota();
            tokens();
            drift();
            secrets();
            if (build && !failed) {
                realBuild();
            }
        }
        return !failed;
    }

    private void say(Finding.Level level, String what, String text) {
        failed |= level == Finding.Level.ERROR;
        report.accept(new Finding(level, what, text));
    }

    private void region() {
        String what = "region " + installation.region();
        BuildSize size = installation.size();
        if (ArmRegions.has(installation.region(), size)) {
            say(Finding.Level.OK, what, "has " + ArmRegions.what(size));
        } else {
            say(
                    Finding.Level.ERROR,
                    what,
                    "has no %s; the nearest that have are %s"
                            .formatted(
                                    ArmRegions.what(size),
                                    String.join(
                                            ", ", ArmRegions.near(installation.region(), size))));
        }
    }

    private boolean project() {
        String what = "project " + installation.project();
        try {
            Optional<Project> found =
                    clients
                            .codeBuild()
                            .batchGetProjects(r -> r.names(installation.project()))
                            .projects()
                            .stream()
                            .findFirst();
            if (found.isEmpty()) {
                say(
                        Finding.Level.ERROR,
                        what,
                        "there is none in %s; run armrunner codebuild setup --name %s --region %s"
                                .formatted(
                                        installation.region(),
                                        installation.name(),
                                        installation.region()));
                return false;
            }
            String type = found.get().environment().typeAsString();
            lambdaProject = type.equals(BuildSize.LAMBDA_1GB.armEnvironment());
            // A lane says itself which of the two its builds are.
            if (!lambdaProject && !type.equals(BuildSize.SMALL.armEnvironment())) {
                say(
                        Finding.Level.ERROR,
                        what,
                        "its builds are %s, not ARM_CONTAINER or ARM_LAMBDA_CONTAINER; run setup again"
                                .formatted(type));
                return true;
            }
            // Who asks about another size does not ask whether the project should have it.
            made =
                    BuildSize.ofComputeType(found.get().environment().computeTypeAsString())
                            .map(installation::withSize)
                            .orElse(installation);
            if (ofProject) {
                installation = made;
            }
            if (installation.size().isLambda()
                    && found.get().vpcConfig() != null
                    && found.get().vpcConfig().vpcId() != null) {
                say(
                        Finding.Level.ERROR,
                        what,
                        "has a network of its own, which Lambda compute (%s) has not; make another installation with setup --name for it"
                                .formatted(installation.size().word()));
                return true;
            }
            say(Finding.Level.OK, what, "codebuild:BatchGetProjects");
            return true;
        } catch (SdkException e) {
            failed(what, "look at the project", e);
            return false;
        }
    }

    private void failed(String what, String attempt, SdkException e) {
        say(
                Finding.Level.ERROR,
                what,
                AwsFailure.describe(attempt, clients.place(), e)
                        + (AwsFailure.isDenied(e)
                                ? " (armrunner codebuild print manager-policy has all of it)"
                                : ""));
    }

    /** A right is proven when the call is understood, even if there is nothing to act on. */
    private void proves(String right, String attempt, List<String> expected, Call call) {
        try {
            call.run();
            say(Finding.Level.OK, right, "");
        } catch (SdkException e) {
            if (expected.contains(AwsFailure.code(e))) {
                say(Finding.Level.OK, right, "");
            } else {
                failed(right, attempt, e);
            }
        }
    }

    private void builds() {
        String nobody = installation.project() + NO_BUILD;
        proves(
                "codebuild:BatchGetBuilds",
                "look at builds",
                List.of(),
                () -> clients.codeBuild().batchGetBuilds(r -> r.ids(nobody)));
        proves(
                "codebuild:ListBuildsForProject",
                "list builds",
                List.of(),
                () ->
                        clients.codeBuild()
                                .listBuildsForProject(r -> r.projectName(installation.project())));
        proves(
                "codebuild:StopBuild",
                "stop a build",
                List.of("ResourceNotFoundException"),
                () -> clients.codeBuild().stopBuild(r -> r.id(nobody)));
        // A source that cannot be: refused as input once the right to start is granted.
        proves(
                "codebuild:StartBuild",
                "start a build",
                List.of("InvalidInputException"),
                () ->
                        clients.codeBuildOnce()
                                .startBuild(r ->
                                        r.projectName(installation.project())
                                                .sourceTypeOverride("S3")
                                                .sourceLocationOverride("/")
                                                .idempotencyToken("check-" + nonce)));
    }

    private void objects() {
        for (String prefix : List.of("jobs/", "agent/", "cache/")) {
            String key = prefix + "check-" + nonce;
            String bucket = installation.bucket();
            proves(
                    "s3:PutObject " + prefix,
                    "write to the bucket " + bucket,
                    List.of(),
                    () ->
                            clients.s3()
                                    .putObject(
                                            r ->
                                                    r.bucket(bucket)
                                                            .key(key)
                                                            .serverSideEncryption(
                                                                    ServerSideEncryption.AWS_KMS),
                                            RequestBody.fromString("armrunner checks its rights")));
            proves(
                    "s3:GetObject " + prefix,
                    "read from the bucket " + bucket,
                    List.of(),
                    () -> clients.s3().getObjectAsBytes(r -> r.bucket(bucket).key(key)));
            proves(
                    "s3:ListBucketVersions " + prefix,
                    "list the bucket " + bucket,
                    List.of(),
                    () -> clients.s3().listObjectVersions(r -> r.bucket(bucket).prefix(prefix)));
            clean(prefix, key);
        }
    }

    private void clean(String prefix, String key) {
        String bucket = installation.bucket();
        proves(
                "s3:DeleteObject " + prefix,
                "delete from the bucket " + bucket,
                List.of(),
                () -> clients.s3().deleteObject(r -> r.bucket(bucket).key(key)));
        proves(
                "s3:DeleteObjectVersion " + prefix,
                "delete from the bucket " + bucket,
                List.of(),
                () -> deleteVersions(bucket, key));
    }

    private void deleteVersions(String bucket, String key) {
        ListObjectVersionsResponse all =
                clients.s3().listObjectVersions(r -> r.bucket(bucket).prefix(key));
        Stream.concat(
                        all.versions().stream().map(ObjectVersion::versionId),
                        all.deleteMarkers().stream().map(DeleteMarkerEntry::versionId))
                .forEach(version ->
                        clients.s3()
                                .deleteObject(r -> r.bucket(bucket).key(key).versionId(version)));
    }

    private void bootLog() {
        proves(
                "logs:GetLogEvents",
                "read the log group " + installation.logGroup(),
                List.of("ResourceNotFoundException"),
                () ->
                        clients.logs()
                                .getLogEvents(r ->
                                        r.logGroupName(installation.logGroup())
                                                .logStreamName("check-" + nonce)));
    }

    private void secrets() {
        try {
            clients.secretsManager().getSecretValue(r -> r.secretId("armrunner/check-" + nonce));
            say(Finding.Level.OK, "secretsmanager:GetSecretValue armrunner/*", "");
        } catch (SdkException e) {
            boolean allowed = AwsFailure.code(e).equals("ResourceNotFoundException");
            say(
                    allowed ? Finding.Level.OK : Finding.Level.NOTE,
                    "secretsmanager:GetSecretValue armrunner/*",
                    allowed ? "" : "not allowed; only secrets_manager of a lane needs it");
        }
    }

    private void tokens() {
        try {
            clients.ssm().getParameter(r -> r.name("/armrunner/check"));
            say(Finding.Level.OK, "ssm:GetParameter /armrunner/*", "");
        } catch (SdkException e) {
            boolean allowed = AwsFailure.code(e).equals("ParameterNotFound");
            say(
                    allowed ? Finding.Level.OK : Finding.Level.NOTE,
                    "ssm:GetParameter /armrunner/*",
                    allowed ? "" : "not allowed; only a token = \"ssm:/armrunner/…\" needs it");
        }
    }

    private void quota() {
        for (BuildSize size : BuildSize.values()) {
            if (size.isLambda() == installation.size().isLambda()) {
                quota(size);
            }
        }
    }

    private void quota(BuildSize size) {
        String what = "builds at once, size " + size.word();
        try {
            double value =
                    clients.quotas()
                            .getServiceQuota(
                                    r -> r.serviceCode("codebuild").quotaCode(size.quotaCode()))
                            .quota()
                            .value();
            boolean used = size == installation.size();
            say(
                    value < 2 && used ? Finding.Level.NOTE : Finding.Level.OK,
                    what,
                    used
                            ? meaning(value, size, installation.region())
                            : "%d (code %s)".formatted((long) value, size.quotaCode()));
        } catch (SdkException e) {
            say(
                    Finding.Level.NOTE,
                    what,
                    "unknown, because servicequotas:GetServiceQuota does not answer (%s). A new account has 1 (code %s)."
                            .formatted(AwsFailure.code(e), size.quotaCode()));
        }
    }

    /**
     * Whether role, trust policy, bucket, log group and project are as the set-up makes them. A
     * runner's own rights are not enough to look.
     */
    private void drift() throws InterruptedException {
        try {
            if (made.repositories().isEmpty()) {
                made =
                        made.withRepositories(
                                Parts.attempt(
                                        "look at the role of builds",
                                        clients,
                                        new RolePart(made, clients)::repositories));
            }
            for (Setup.PlanLine line : new Setup(made, clients).plan()) {
                say(
                        line.isChange() ? Finding.Level.NOTE : Finding.Level.OK,
                        line.resource(),
                        line.isChange()
                                ? "is not as codebuild setup makes it (%s); if that is not wanted, run armrunner codebuild setup --name %s --region %s"
                                        .formatted(
                                                line.verb().equals("create")
                                                        ? "it is missing"
                                                        : line.details(),
                                                installation.name(),
                                                installation.region())
                                : "as codebuild setup makes it");
            }
            made.repositories().forEach(this::pull);
        } catch (SetupException e) {
            say(
                    Finding.Level.NOTE,
                    "role, trust policy and settings",
                    "not looked at with these rights; run the check once as whoever ran setup (%s)"
                            .formatted(e.getMessage()));
        }
    }

    /** Asks IAM what the role could do, which does nothing. */
    private void pull(String repository) {
        String what = "images of " + repository;
        try {
            List<String> missing =
                    Stream.concat(
                                    decisions(List.of(Documents.LOGIN), "*"),
                                    decisions(Documents.PULL, repository))
                            .filter(each ->
                                    each.evalDecision() != PolicyEvaluationDecisionType.ALLOWED)
                            .map(EvaluationResult::evalActionName)
                            .toList();
            if (missing.isEmpty()) {
                boolean other = !repository.contains(":" + installation.account() + ":");
                say(
                        Finding.Level.OK,
                        what,
                        "the role of builds may pull them"
                                + (other
                                        ? ", if the policy of that account's repository lets it"
                                        : ""));
            } else {
                say(
                        Finding.Level.ERROR,
                        what,
                        "the role %s may not do %s; name the repository with --ecr in armrunner codebuild setup"
                                .formatted(installation.role(), String.join(", ", missing)));
            }
        } catch (SdkException e) {
            say(
                    Finding.Level.NOTE,
                    what,
                    "unknown: %s (armrunner codebuild print installer-policy has that right)"
                            .formatted(
                                    AwsFailure.describe(
                                            "ask IAM what the role may do", clients.place(), e)));
        }
    }

    private Stream<EvaluationResult> decisions(List<String> actions, String resource) {
        return clients
                .iam()
                .simulatePrincipalPolicy(r ->
                        r.policySourceArn(installation.roleArn())
                                .actionNames(actions)
                                .resourceArns(resource))
                .evaluationResults()
                .stream();
    }

    /** What a number of builds at once means for a user. */
    static String meaning(double value, BuildSize size, String region) {
        String raise =
                "ask for more under Service Quotas, CodeBuild, \"Concurrently running builds for ARM%s\" (code %s) in %s: aws service-quotas request-service-quota-increase --service-code codebuild --quota-code %s --desired-value 20 --region %s"
                        .formatted(
                                size.isLambda() ? " Lambda" : "",
                                size.quotaCode(),
                                region,
                                size.quotaCode(),
                                region);
        if (value < 1) {
            return "0: the account may not run such builds at all; " + raise;
        }
        if (value < 2) {
            return "1: jobs run one after the other, as in every new account; " + raise;
        }
        return "%d: so many jobs run at once, more wait or go to the next lane"
                .formatted((long) value);
    }

    private void realBuild() throws InterruptedException {
        RealBuild build =
                new RealBuild(
                        installation,
                        clients,
                        image,
                        lambdaProject,
                        "check-build-" + nonce,
                        pause,
                        urls);
        try {
            build.run().forEach(each -> say(each.level(), each.what(), each.text()));
        } catch (SdkException e) {
            failed(RealBuild.NAME, "run a build", e);
        }
    }
}
