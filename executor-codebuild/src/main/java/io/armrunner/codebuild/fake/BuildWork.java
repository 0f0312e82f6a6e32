package io.armrunner.codebuild.fake;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * What goes on in the container of a build. {@link ShellWork} runs real processes; a test of a
 * thousand builds hands in something lighter.
 */
@FunctionalInterface
public interface BuildWork {
    /**
     * Runs the commands of a phase; returns the exit code of the first that failed, or 0. Called on
     * the build's virtual thread. When {@link Step#killed} is done, it ends all it started and
     * returns soon; the result does not matter then.
     */
    int run(Step step) throws IOException, InterruptedException;

    /**
     * One phase in one container.
     *
     * @param buildArn the build
     * @param phase {@code install}, {@code pre_build}, {@code build} or {@code post_build}
     * @param shell what the buildspec wants its commands run by
     * @param environment all variables of the container
     * @param root a directory of this build alone
     * @param sources where its sources are, which is the working directory
     * @param onlyWritable what is {@code /tmp} for the commands, who can write nothing else: on
     *     Lambda compute
     * @param output takes each line of output
     * @param killed done when everything must end at once
     */
    record Step(
            String buildArn,
            String phase,
            String shell,
            List<String> commands,
            Map<String, String> environment,
            Path root,
            Path sources,
            Optional<Path> onlyWritable,
            Consumer<String> output,
            CompletableFuture<Void> killed) {
        public Step {
            commands = List.copyOf(commands);
            environment = Map.copyOf(environment);
        }
    }
}
