package io.armrunner.local;

import io.armrunner.lane.Environment;
import io.armrunner.lane.StageScript;
import io.armrunner.process.JobOutput;
import io.armrunner.process.OutputPipe;
import io.armrunner.process.ProcessGroup;
import io.armrunner.process.StageEnd;
import io.armrunner.process.StageProcess;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The host's own shell, as one job sees it: every stage is a login shell in a session of its own,
 * with the runner's environment beneath the job's variables (job-semantics §9).
 */
public final class HostShellEnvironment implements Environment {
    /**
     * What all jobs of a lane share.
     *
     * @param shell {@code bash} or {@code sh}
     * @param login whether each stage begins with the user's login profile, as a service must;
     *     someone who starts jobs from a terminal has been through it
     * @param user whom the shells run as, empty for the runner's own user
     * @param inherited the runner's environment
     * @param workingDirectory where shells start
     */
    public record Host(
            String shell,
            boolean login,
            String user,
            Map<String, String> inherited,
            Path workingDirectory) {}

    private final Host host;
    private final Path directory;
    private String nonce;
    private int stages;
    private boolean takenUp;
    private @Nullable OutputPipe pipe;

    /**
     * @param directory the job's own, 0700
     * @param nonce a word that no job can guess
     */
    public HostShellEnvironment(Host host, Path directory, String nonce) {
        this.host = host;
        this.directory = directory;
        this.nonce = nonce;
    }

    @Override
    public List<String> description() {
        return List.of("Using Shell (" + host.shell() + ") executor...");
    }

    @Override
    public String exitWord() {
        return "exit status";
    }

    @Override
    public void prepare() throws JobFailure, IOException, InterruptedException {
        if (!isInstalled(host, host.shell())) {
            throw new JobFailure(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    "the runner's shell \"%s\" is not installed on this host; install it or set shell in config.toml"
                            .formatted(host.shell()));
        }
        if (pipe == null) {
            pipe = OutputPipe.open(directory, host.inherited());
        }
    }

    @Override
    public String handle() {
        return nonce;
    }

    @Override
    public int started() {
        return stages;
    }

    @Override
    public void takeUp(String handle, int started, OutputPipe.Position from) throws IOException {
        nonce = handle;
        stages = started;
        takenUp = true;
        pipe = OutputPipe.attach(directory, from);
    }

    @Override
    public Optional<Running> running() throws IOException, InterruptedException {
        return StageProcess.attach(open(), stages, nonce)
                .map(stage -> new HostShellStage(open(), stage));
    }

    private OutputPipe open() {
        OutputPipe open = pipe;
        if (open == null) {
            throw new IllegalStateException("the environment was not prepared");
        }
        return open;
    }

    static boolean isInstalled(Host host, String program) {
        return Stream.of(host.inherited().getOrDefault("PATH", "/usr/bin:/bin").split(":", -1))
                .filter(folder -> !folder.isEmpty())
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    @Override
    public Running start(StageScript script) throws IOException, InterruptedException {
        OutputPipe open = open();
        if (takenUp) {
            open.revive(host.inherited());
        }
        return new HostShellStage(
                open,
                StageProcess.start(
                        open,
                        ++stages,
                        nonce,
                        argv(),
                        script.text(),
                        host.workingDirectory(),
                        host.inherited()));
    }

    private List<String> argv() {
        if (!host.user().isEmpty()) {
            return List.of(
                    "su", "-s", "/bin/" + host.shell(), host.user(), "-c", host.shell() + " -l");
        }
        return host.login() ? List.of(host.shell(), "-l") : List.of(host.shell());
    }

    @Override
    public void delete(List<String> paths) throws IOException {
        for (String path : paths) {
            deleteTree(Path.of(path));
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.isDirectory(root, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(root);
            return;
        }
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : (Iterable<Path>) all.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public void close() throws IOException {
        if (pipe != null) {
            pipe.close();
        }
    }

    /** One stage; used by the job's thread. */
    private static final class HostShellStage implements Running {
        /** Looking through the processes of a host costs a millisecond or more. */
        private static final Duration GROUP_LOOK = Duration.ofMillis(50);

        private final OutputPipe pipe;
        private final StageProcess process;
        private Optional<StageEnd> end = Optional.empty();
        private boolean terminated;
        private boolean killed;

        HostShellStage(OutputPipe pipe, StageProcess process) {
            this.pipe = pipe;
            this.process = process;
        }

        @Override
        public boolean isOver() throws IOException {
            return process.isOver();
        }

        @Override
        public void release(OutputPipe.Position done) throws IOException {
            pipe.release(done);
        }

        @Override
        public Optional<StageEnd> poll(JobOutput output, Duration limit)
                throws IOException, InterruptedException {
            if (end.isEmpty()) {
                end = process.poll(output, limit);
            }
            // Who was asked to end and did not, such as a child that ignores TERM after its shell
            // has gone, keeps the stage open until the caller's grace is over.
            if (end.isPresent()
                    && terminated
                    && !killed
                    && ProcessGroup.isAlive(process.leader().pid())) {
                Thread.sleep(limit.compareTo(GROUP_LOOK) < 0 ? limit : GROUP_LOOK);
                return Optional.empty();
            }
            return end;
        }

        @Override
        public void terminate() throws IOException {
            terminated = process.signal(ProcessGroup.Signal.TERM);
        }

        @Override
        public void kill() throws IOException {
            killed = true;
            process.signal(ProcessGroup.Signal.KILL);
        }
    }
}
