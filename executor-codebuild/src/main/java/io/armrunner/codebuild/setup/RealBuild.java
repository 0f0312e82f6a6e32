package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.EcrImage;
import io.armrunner.codebuild.setup.Check.Finding;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.StatusType;

/**
 * A build that says what its machine is, and whether it reaches the servers that jobs need. Used
 * once, by one thread.
 */
final class RealBuild {
    static final String NAME = "a real build";

    // Queueing and provisioning included; the queue is the unsure part.
    private static final Duration LIMIT = Duration.ofMinutes(10);

    private final Installation installation;
    private final AwsClients clients;
    private final Optional<String> image;
    private final boolean lambdaProject;
    private final String token;
    private final Duration pause;
    private final List<URI> servers;

    /**
     * @param image what it runs in; the project's when empty
     * @param lambdaProject whether the project's own builds are on Lambda compute
     * @param token AWS takes a second start with the same one for the first
     * @param pause between two looks at it
     * @param servers to be reached
     */
    RealBuild(
            Installation installation,
            AwsClients clients,
            Optional<String> image,
            boolean lambdaProject,
            String token,
            Duration pause,
            List<URI> servers) {
        this.installation = installation;
        this.clients = clients;
        this.image = image;
        this.lambdaProject = lambdaProject;
        this.token = token;
        this.pause = pause;
        this.servers = List.copyOf(servers);
    }

    /** Runs it; what came out. */
    List<Finding> run() throws InterruptedException {
        Build build =
                clients.codeBuildOnce()
                        .startBuild(r -> {
                            r.projectName(installation.project())
                                    .idempotencyToken(token)
                                    .autoRetryLimitOverride(0)
                                    .buildspecOverride(buildspec(servers));
                            kind(r);
                        })
                        .build();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (build.buildStatus() == StatusType.IN_PROGRESS && System.nanoTime() < deadline) {
            Thread.sleep(pause);
            String id = build.id();
            build =
                    clients.codeBuild().batchGetBuilds(r -> r.ids(id)).builds().stream()
                            .findFirst()
                            .orElse(build);
        }
        return findings(build);
    }

    private List<Finding> findings(Build build) {
        List<Finding> findings = new ArrayList<>();
        if (!isGood(build, "BUILD")) {
            findings.add(
                    new Finding(
                            Finding.Level.ERROR,
                            NAME,
                            "%s: %s".formatted(build.buildStatusAsString(), context(build))));
            return findings;
        }
        findings.add(
                new Finding(
                        Finding.Level.OK,
                        NAME,
                        "ran on aarch64%s, provisioned in %d s"
                                .formatted(
                                        image.map(name -> " in " + name).orElse(""),
                                        provisioning(build))));
        if (!servers.isEmpty()) {
            boolean reached = isGood(build, "POST_BUILD");
            findings.add(
                    new Finding(
                            reached ? Finding.Level.OK : Finding.Level.NOTE,
                            "GitLab from a build",
                            reached
                                    ? "reached"
                                    : "not reached (%s): give the lane relay = true, or the builds a network with a way to it"
                                            .formatted(context(build))));
        }
        return findings;
    }

    /** Any answer will do: whether a token is good is not the build's to ask. */
    static String buildspec(List<URI> servers) {
        StringBuilder text =
                new StringBuilder(
                        "version: 0.2\nenv: {shell: /bin/sh}\nphases:\n  build: {commands: ['uname -m', '[ \"$(uname -m)\" = aarch64 ]']}\n");
        if (!servers.isEmpty()) {
            text.append("  post_build:\n    commands:\n");
        }
        for (URI server : servers) {
            text.append("      - 'curl -ksS -m 20 -o /dev/null \"")
                    .append(server.toASCIIString().replace("'", "%27").replace("$", "%24"))
                    .append("\"'\n");
        }
        return text.toString();
    }

    /** What the build runs on: as the project says, unless the other kind is asked about. */
    private void kind(StartBuildRequest.Builder request) {
        BuildSize size = installation.size();
        if (size.isLambda() != lambdaProject) {
            request.environmentTypeOverride(size.armEnvironment())
                    .computeTypeOverride(size.computeType())
                    .imageOverride(installation.image());
        }
        image.ifPresent(name ->
                request.imageOverride(name)
                        .imagePullCredentialsTypeOverride(EcrImage.credentials(name)));
        if (!size.isLambda()) {
            request.timeoutInMinutesOverride(5).queuedTimeoutInMinutesOverride(5);
        }
    }

    private static Optional<BuildPhase> phase(Build build, String name) {
        return build.phases().stream()
                .filter(phase -> name.equals(phase.phaseTypeAsString()))
                .findFirst();
    }

    private static boolean isGood(Build build, String name) {
        return phase(build, name)
                .filter(phase -> phase.phaseStatus() == StatusType.SUCCEEDED)
                .isPresent();
    }

    private static long provisioning(Build build) {
        return phase(build, "PROVISIONING")
                .map(BuildPhase::durationInSeconds)
                .map(Long::longValue)
                .orElse(0L);
    }

    private static String context(Build build) {
        return build.phases().stream()
                .filter(BuildPhase::hasContexts)
                .flatMap(phase -> phase.contexts().stream())
                .map(context -> context.statusCode() + " " + context.message())
                .filter(text -> !text.isBlank() && !text.equals("null null"))
                .findFirst()
                .orElse("see the build in the console");
    }
}
