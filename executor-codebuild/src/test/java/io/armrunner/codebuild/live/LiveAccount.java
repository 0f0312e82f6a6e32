package io.armrunner.codebuild.live;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Setup;
import io.armrunner.codebuild.setup.Teardown;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import software.amazon.awssdk.services.cloudwatchlogs.model.OutputLogEvent;
import software.amazon.awssdk.services.codebuild.model.Build;
import software.amazon.awssdk.services.codebuild.model.BuildPhase;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;

/**
 * A real account with an installation that exists for the tests only, and a purse: no build starts
 * once the builds so far may have cost more than the ceiling.
 */
final class LiveAccount {
    /** Above every price known for the smallest size, so that the ceiling errs to the safe side. */
    private static final double DOLLARS_A_MINUTE = 0.01;

    private static final Duration BUILD_LIMIT = Duration.ofMinutes(15);
    private static final Path REPORT = Path.of("target", "live-aws.md");

    final AwsClients clients;
    final Installation installation;
    private final double ceiling;
    private double spent;

    /**
     * @param ceiling US dollars
     */
    LiveAccount(String region, Optional<String> profile, double ceiling) throws Exception {
        this.ceiling = ceiling;
        this.clients =
                AwsClients.open(new AwsPlace(region, Optional.empty(), profile, Optional.empty()));
        this.installation =
                Installation.of("live-test", region, clients.sts().getCallerIdentity().account());
        Files.createDirectories(REPORT.getParent());
        Files.deleteIfExists(REPORT);
        new Setup(installation, clients).apply(_ -> {});
    }

    /** Writes down what a test found out, in the order of the open questions. */
    void report(int number, String text) throws Exception {
        Files.writeString(
                REPORT,
                "%d. %s%n".formatted(number, text),
                UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }

    /** Starts a build of the smallest size with these commands. */
    synchronized Build start(Consumer<StartBuildRequest.Builder> more, String... commands) {
        int minutes = 10;
        assertThat(spent + minutes * DOLLARS_A_MINUTE)
                .as("US dollars that the builds may have cost; ARMRUNNER_LIVE_AWS_CEILING")
                .isLessThan(ceiling);
        StringBuilder spec =
                new StringBuilder(
                        "version: 0.2\nenv: {shell: /bin/sh}\nphases:\n  build:\n    commands:\n");
        for (String command : commands) {
            spec.append("      - |\n        ")
                    .append(command.replace("\n", "\n        "))
                    .append('\n');
        }
        StartBuildRequest.Builder request =
                StartBuildRequest.builder()
                        .projectName(installation.project())
                        .idempotencyToken(UUID.randomUUID().toString())
                        .timeoutInMinutesOverride(minutes)
                        .queuedTimeoutInMinutesOverride(minutes)
                        .autoRetryLimitOverride(0)
                        .buildspecOverride(spec.toString());
        more.accept(request);
        return clients.codeBuildOnce().startBuild(request.build()).build();
    }

    Build ended(Build build) {
        await().atMost(BUILD_LIMIT)
                .pollInterval(Duration.ofSeconds(3))
                .until(() -> Boolean.TRUE.equals(now(build).buildComplete()));
        Build last = now(build);
        long minutes =
                Math.ceilDiv(Duration.between(last.startTime(), last.endTime()).toSeconds(), 60L);
        synchronized (this) {
            spent += minutes * DOLLARS_A_MINUTE;
        }
        return last;
    }

    Build now(Build build) {
        return clients.codeBuild().batchGetBuilds(r -> r.ids(build.id())).builds().getFirst();
    }

    Build run(String... commands) {
        return ended(start(_ -> {}, commands));
    }

    /** What a build said, once CloudWatch has it. */
    List<String> log(Build build) {
        String stream = now(build).logs().streamName();
        await().atMost(Duration.ofMinutes(1))
                .pollInterval(Duration.ofSeconds(3))
                .ignoreExceptions()
                .until(() ->
                        lines(stream).stream()
                                .anyMatch(line -> line.contains("Phase complete: BUILD")));
        return lines(stream);
    }

    private List<String> lines(String stream) {
        return clients
                .logs()
                .getLogEvents(r ->
                        r.logGroupName(installation.logGroup())
                                .logStreamName(stream)
                                .startFromHead(true))
                .events()
                .stream()
                .map(OutputLogEvent::message)
                .map(String::strip)
                .toList();
    }

    /** The lines of a log that begin with a word. */
    String said(Build build, String word) {
        return String.join(
                "; ",
                log(build).stream()
                        .filter(line -> line.startsWith(word))
                        .map(line -> line.substring(word.length()).strip())
                        .toList());
    }

    static BuildPhase phase(Build build, String type) {
        return build.phases().stream()
                .filter(phase -> type.equals(phase.phaseTypeAsString()))
                .findFirst()
                .orElseThrow();
    }

    /** Takes everything away again and writes down what it may have cost. */
    void takeAway() throws Exception {
        try (clients) {
            await().atMost(Duration.ofMinutes(5))
                    .pollInterval(Duration.ofSeconds(5))
                    .ignoreExceptions()
                    .until(() -> new Teardown(installation, clients).plan() != null);
            new Teardown(installation, clients).apply(_ -> {});
        }
        Files.writeString(
                REPORT,
                "At most %.2f US dollars for builds.%n".formatted(spent),
                UTF_8,
                StandardOpenOption.CREATE,
                StandardOpenOption.APPEND);
    }
}
