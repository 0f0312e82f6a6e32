package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Runs the commands for real: one shell for a phase, in a process group of its own, which gets
 * SIGKILL without a warning when the build is stopped.
 *
 * <p>What can write nothing but {@code /tmp} runs apart from this system, where that {@linkplain
 * #canIsolate is possible}: in a mount namespace with a {@code /tmp} of its own and everything else
 * read-only, as a user that is not root. Elsewhere it only has its own directories.
 */
public final class ShellWork implements BuildWork {
    private static final String TMP = "/tmp";

    /**
     * Takes a directory that becomes /tmp, the working directory, what stays visible of the old
     * /tmp, "--" and a command.
     */
    private static final String ENTER =
            """
            set -e
            tmp=$1
            work=$2
            shift 2
            while [ "$1" != -- ]; do
              mkdir -p "$tmp/${1#/tmp/}"
              mount --bind "$1" "$tmp/${1#/tmp/}"
              mount -o remount,bind,ro "$tmp/${1#/tmp/}"
              shift
            done
            shift
            mount --rbind "$tmp" /tmp
            # What lies on other disks as well, as far as the system lets us; devices stay.
            while read -r _ at _; do
              case $at in
                / | /tmp | /tmp/* | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
                *) mount -o remount,bind,ro "$at" 2> /dev/null || : ;;
              esac
            done < /proc/self/mounts
            mount -o remount,bind,ro /
            cd "$work"
            exec unshare -U --map-user=990 --map-group=990 -- "$@"
            """;

    private final List<String> entrance;
    private final List<Path> shared;

    /** Runs them in this system. */
    public ShellWork() {
        this(List.of(), List.of());
    }

    /**
     * Runs them in another system.
     *
     * @param entrance the words of a command that runs its further words there, in the same
     *     directory; empty for this system
     */
    public ShellWork(List<String> entrance) {
        this(entrance, List.of());
    }

    private ShellWork(List<String> entrance, List<Path> shared) {
        this.entrance = List.copyOf(entrance);
        this.shared = List.copyOf(shared);
    }

    /**
     * The same; isolated commands, whose {@code /tmp} is their own, can run this program and its
     * Java even where these are below {@code /tmp}.
     */
    public ShellWork sharingThisProgram() {
        SortedSet<Path> all = new TreeSet<>();
        String places =
                System.getProperty("java.class.path")
                        + File.pathSeparator
                        + System.getProperty("java.home");
        for (String entry : places.split(File.pathSeparator, -1)) {
            Path file = Path.of(entry).toAbsolutePath().normalize();
            if (file.startsWith(TMP)) {
                all.add(Files.isDirectory(file) ? file : file.resolveSibling(""));
            }
        }
        List<Path> outermost = new ArrayList<>();
        for (Path each : all) {
            if (outermost.stream().noneMatch(each::startsWith)) {
                outermost.add(each);
            }
        }
        return new ShellWork(entrance, outermost);
    }

    /** Whether commands can have a file system of their own here. */
    public static boolean canIsolate() {
        return Isolation.POSSIBLE;
    }

    /** Asks the system once, and only if somebody wants to know. */
    private static final class Isolation {
        private static final boolean POSSIBLE = isPossible();

        private Isolation() {}

        private static boolean isPossible() {
            try {
                Process probe =
                        new ProcessBuilder(
                                        "unshare",
                                        "-Urm",
                                        "sh",
                                        "-c",
                                        "mount -o remount,bind,ro / && exec unshare -U --map-user=990 --map-group=990 true")
                                .redirectErrorStream(true)
                                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                                .start();
                probe.getOutputStream().close();
                return probe.waitFor(10, TimeUnit.SECONDS) && probe.exitValue() == 0;
            } catch (IOException _) {
                // There is no such program.
                return false;
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        Path script =
                Files.createTempFile(step.onlyWritable().orElse(step.root()), "script-", ".sh");
        Files.writeString(script, script(step.commands()), UTF_8);
        ProcessBuilder builder =
                new ProcessBuilder(words(step, script))
                        .directory(step.sources().toFile())
                        .redirectErrorStream(true);
        builder.environment().clear();
        step.environment()
                .forEach((name, value) -> builder.environment().put(name, seen(step, value)));
        if (step.onlyWritable().isPresent() && !isIsolated(step)) {
            builder.environment().put("TMPDIR", step.onlyWritable().get().toString());
        }
        Process process = builder.start();
        process.getOutputStream().close();
        ContainerProcesses all = new ContainerProcesses(step.root(), step.buildArn());
        CompletableFuture<Void> killing =
                step.killed()
                        .thenRunAsync(
                                () -> kill(all, process),
                                Thread.ofVirtual().name("codebuild-kill")::start);
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                step.output().accept(line);
            }
            return process.waitFor();
        } finally {
            // What a command left running dies with the container.
            kill(all, process);
            killing.cancel(false);
        }
    }

    private List<String> words(Step step, Path script) throws IOException {
        List<String> words = new ArrayList<>(List.of("setsid"));
        if (isIsolated(step)) {
            Path enter = step.root().resolve("enter.sh");
            Files.writeString(enter, ENTER, UTF_8);
            words.addAll(List.of("unshare", "-Urm", "sh", enter.toString()));
            words.add(step.onlyWritable().orElseThrow().toString());
            words.add(seen(step, step.sources().toString()));
            shared.forEach(each -> words.add(each.toString()));
            words.add("--");
        }
        words.addAll(entrance);
        words.addAll(List.of(step.shell(), seen(step, script.toString())));
        return words;
    }

    /** Another system has been entered with its own means. */
    private boolean isIsolated(Step step) {
        return entrance.isEmpty() && step.onlyWritable().isPresent() && canIsolate();
    }

    /** A path or another word as it is for isolated commands. */
    private String seen(Step step, String word) {
        return isIsolated(step)
                ? word.replace(step.onlyWritable().orElseThrow().toString(), TMP)
                : word;
    }

    /** Stops at the first command that fails, and shows the source of each, as CodeBuild does. */
    static String script(List<String> commands) {
        StringBuilder text = new StringBuilder();
        for (String command : commands) {
            text.append("printf '[Container] Running command %s\\n' ")
                    .append(quoted(command))
                    .append('\n')
                    .append(command)
                    .append("\nstatus=$?; [ \"$status\" = 0 ] || exit \"$status\"\n");
        }
        return text.toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    private static void kill(ContainerProcesses all, Process process) {
        try {
            all.kill(process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
