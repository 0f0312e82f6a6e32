package io.armrunner.cli;

import io.armrunner.codebuild.aws.ParameterTokens;
import io.armrunner.config.ConfigFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * All that a command takes from the process it runs in. One per process; a test makes its own.
 *
 * @param out what a command answers with
 * @param err its complaints and the process log
 * @param in the answers to its questions
 * @param interactive whether somebody is there to answer
 * @param environment the environment, without what the launcher put in for itself
 * @param workingDirectory what relative paths start from
 * @param home the user's home directory
 * @param root whether the process may do everything
 * @param hostName the machine's name, asked for only when needed
 * @param clock the time
 */
record Surroundings(
        PrintWriter out,
        PrintWriter err,
        BufferedReader in,
        boolean interactive,
        Map<String, String> environment,
        Path workingDirectory,
        Path home,
        boolean root,
        HostName hostName,
        InstantSource clock) {
    Surroundings {
        environment = Map.copyOf(environment);
    }

    /** Asks for the machine's name, which may mean asking the network. */
    interface HostName {
        String get();
    }

    /** Those of this process. */
    static Surroundings ofProcess() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        if (environment.remove("ARMRUNNER_ARENA") != null) {
            // The launcher set both for this process alone.
            environment.remove("MALLOC_ARENA_MAX");
        }
        return new Surroundings(
                new PrintWriter(System.out, true, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)),
                isTerminal(0),
                environment,
                Path.of("").toAbsolutePath(),
                Path.of(
                        Optional.ofNullable(environment.get("HOME"))
                                .orElse(System.getProperty("user.home"))),
                isRoot(),
                Surroundings::localHostName,
                InstantSource.system());
    }

    /** The same with other environment variables. */
    Surroundings withEnvironment(Map<String, String> changed) {
        return new Surroundings(
                out, err, in, interactive, changed, workingDirectory, home, root, hostName, clock);
    }

    /** The configuration file: the one that is named, or GitLab Runner's. */
    ConfigFile configFile(Optional<Path> named) {
        Path path =
                named.map(workingDirectory::resolve)
                        .orElseGet(() -> ConfigFile.defaultPath(root, home));
        return new ConfigFile(
                path, environment, name -> new ParameterTokens(environment).parameter(name));
    }

    // Not System.console(): what that gives where there is no terminal depends on the modules of
    // the runtime.
    static boolean isTerminal(int descriptor) {
        try {
            String device =
                    Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return device.startsWith("/dev/pts/")
                    || device.startsWith("/dev/tty")
                    || device.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static boolean isRoot() {
        try {
            return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid
                    && uid == 0;
        } catch (IOException | UnsupportedOperationException e) {
            return System.getProperty("user.name", "").equals("root");
        }
    }

    private static String localHostName() {
        try {
            Path name = Path.of("/proc/sys/kernel/hostname");
            return Files.exists(name)
                    ? Files.readString(name).strip()
                    : InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "armrunner";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
