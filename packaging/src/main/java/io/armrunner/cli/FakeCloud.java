package io.armrunner.cli;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * An AWS account of our own on the loopback address, with an installation in it as {@code codebuild
 * setup} makes one. Its builds are processes of this machine. Owned by the main thread; closing it
 * ends them and forgets all.
 */
final class FakeCloud implements AutoCloseable {
    /** The one region whose price everybody knows, so that the log can show one. */
    private static final String REGION = "us-east-1";

    /** Nobody counts how often a fake is asked, and a person waits. */
    private static final int SPEED = 5;

    /** More builds than a pipeline on one machine has at once. */
    private static final int QUOTA = 100;

    /**
     * Where CodeBuild lanes have their builds.
     *
     * @param keys an access key instead of those of this machine
     * @param roots says for each job where it has its files; empty for where AWS has room
     * @param speed how much shorter the lane's waits are than AWS needs them
     */
    record Place(
            Optional<AwsPlace.Keys> keys, Optional<Supplier<RemoteLane.Roots>> roots, int speed) {
        /** AWS itself. */
        static final Place AWS = new Place(Optional.empty(), Optional.empty(), 1);
    }

    private final FakeAws aws;
    private final Installation installation;
    private final Path directory;
    private final AtomicInteger machines = new AtomicInteger();

    private FakeCloud(FakeAws aws, Installation installation, Path directory) {
        this.aws = aws;
        this.installation = installation;
        this.directory = directory;
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
            return new FakeCloud(aws, installation, directory);
        } catch (SetupException e) {
            aws.close();
            throw new UserError(String.valueOf(e.getMessage()));
        }
    }

    private static ShellWork work(Path directory, List<String> entrance) {
        if (entrance.isEmpty()) {
            return new ShellWork();
        }
        List<String> words = new ArrayList<>(entrance);
        words.add(directory.toString());
        return new ShellWork(words);
    }

    Place place() {
        return new Place(aws.place().keys(), Optional.of(this::roots), SPEED);
    }

    /** Each build is alone on its machine, so each gets a directory to itself. */
    private RemoteLane.Roots roots() {
        Path machine = directory.resolve("machine-" + machines.incrementAndGet());
        return new RemoteLane.Roots(
                machine.resolve("builds").toString(), machine.resolve("cache").toString());
    }

    /** A configuration of a runner whose only lane is the installation. */
    String config(URI url, String token) {
        return """
        [[runners]]
          name = "exec"
          url = "%s"
          token = "%s"
          executor = "codebuild"
          [runners.codebuild]
            project = "%s"
            region = "%s"
            bucket = "%s"
            endpoint = "%s"
            allowed_placements = ["image"]
            allowed_images = ["**"]
        """
                .formatted(
                        url,
                        token,
                        installation.project(),
                        installation.region(),
                        installation.bucket(),
                        aws.endpoint());
    }

    @Override
    public void close() {
        aws.close();
    }
}
