package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.fake.ShellWork;
import io.armrunner.codebuild.setup.Installation;
import io.armrunner.codebuild.setup.Setup;
import io.armrunner.codebuild.setup.SetupException;
import io.armrunner.http.EventLoops;
import io.armrunner.lane.RemoteLane;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * An AWS account of our own on the loopback address, with an installation in it as {@code codebuild
 * setup} makes one. Its builds are processes of this machine. Owned by the main thread; closing it
 * ends them and forgets all.
 */
final class FakeCloud implements AutoCloseable {
    /** The one region whose price everybody knows, so that the log can show one. */
    private static final String REGION = "us-east-1";

    /** What {@code ARMRUNNER_LANE} calls its Lambda compute. */
    private static final String LAMBDA = "lambda";

    /** Nobody counts how often a fake is asked, and a person waits. */
    private static final int SPEED = 5;

    /** More builds than a pipeline on one machine has at once. */
    private static final int QUOTA = 100;

    /**
     * Where CodeBuild lanes have their builds.
     *
     * @param keys an access key instead of those of this machine
     * @param roots says for each job where it has its files, after where AWS has room for them
     * @param speed how much shorter the lane's waits are than AWS needs them
     */
    record Place(Optional<AwsPlace.Keys> keys, UnaryOperator<RemoteLane.Roots> roots, int speed) {
        /** AWS itself. */
        static final Place AWS = new Place(Optional.empty(), UnaryOperator.identity(), 1);
    }

    private final FakeAws aws;
    private final Installation installation;
    private final Path directory;
    private final boolean isolatesLambda;
    private final AtomicInteger machines = new AtomicInteger();

    private FakeCloud(
            FakeAws aws, Installation installation, Path directory, boolean isolatesLambda) {
        this.aws = aws;
        this.installation = installation;
        this.directory = directory;
        this.isolatesLambda = isolatesLambda;
    }

    /**
     * Starts it; all its files are in {@code directory}.
     *
     * @param entrance what brings builds into another system, which has that directory as well;
     *     empty for this one
     */
    static FakeCloud start(
            Surroundings surroundings, EventLoops loops, Path directory, List<String> entrance)
            throws IOException, InterruptedException, UserError {
        Map<String, String> environment = new HashMap<>(surroundings.environment());
        // The agent runs on what this program runs on.
        environment.put("JAVA_25_HOME", System.getProperty("java.home"));
        FakeAws aws =
                FakeAws.start(
                        loops,
                        new FakeAwsSettings(
                                directory,
                                REGION,
                                1,
                                QUOTA,
                                environment,
                                work(directory, entrance),
                                surroundings.clock(),
                                new SecureRandom()));
        try (AwsClients clients = AwsClients.open(aws.place())) {
            Installation installation = Installation.of("main", REGION, aws.account());
            new Setup(installation, clients).apply(_ -> {});
            return new FakeCloud(
                    aws, installation, directory, entrance.isEmpty() && ShellWork.canIsolate());
        } catch (SetupException e) {
            aws.close();
            throw new UserError(String.valueOf(e.getMessage()));
        }
    }

    private static ShellWork work(Path directory, List<String> entrance) {
        if (entrance.isEmpty()) {
            return new ShellWork().sharingThisProgram();
        }
        List<String> words = new ArrayList<>(entrance);
        words.add(directory.toString());
        return new ShellWork(words);
    }

    Place place() {
        return new Place(aws.place().keys(), this::roots, SPEED);
    }

    /**
     * Each build is alone on its machine, so each gets a directory to itself. One on Lambda compute
     * has a /tmp of its own where that can be made, and its files in there.
     */
    private RemoteLane.Roots roots(RemoteLane.Roots usual) {
        if (isolatesLambda && usual.builds().startsWith("/tmp/")) {
            return usual;
        }
        Path machine = directory.resolve("machine-" + machines.incrementAndGet());
        return new RemoteLane.Roots(
                machine.resolve("builds").toString(), machine.resolve("cache").toString());
    }

    /**
     * A configuration of a runner with the installation's containers, and its Lambda compute for
     * jobs that ask for it.
     */
    String config(URI url, String token) {
        return """
        [[runners]]
          name = "exec"
          url = "%s"
          token = "%s"
          executor = "codebuild"
        """
                        .formatted(url, token)
                + lane("codebuild", BuildSize.SMALL)
                + lane(LAMBDA, BuildSize.LAMBDA_1GB);
    }

    private String lane(String name, BuildSize size) {
        return """
          [[runners.lanes]]
            name = "%s"
            [runners.lanes.codebuild]
              project = "%s"
              region = "%s"
              bucket = "%s"
              endpoint = "%s"
              compute = "%s"
              allowed_compute = [%s]
              allowed_placements = ["image"]
              allowed_images = ["**"]
        """
                .formatted(
                        name,
                        installation.project(),
                        installation.region(),
                        installation.bucket(),
                        aws.endpoint(),
                        size.word(),
                        Arrays.stream(BuildSize.values())
                                .filter(other -> other.isLambda() == size.isLambda())
                                .map(other -> '"' + other.word() + '"')
                                .collect(Collectors.joining(", ")));
    }

    @Override
    public void close() {
        aws.close();
    }
}
