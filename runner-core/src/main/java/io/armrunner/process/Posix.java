package io.armrunner.process;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The few functions of the C library that the JDK has no equal of: it starts each process by way of
 * a helper program, knows no sessions, and signals no groups. For Linux on x86-64 and aarch64, with
 * glibc or musl.
 *
 * <p>Thread-safe; linked when the first job of the process needs it, and kept.
 */
// The JDK has no other way to call a library; the launcher allows it.
@SuppressWarnings("restricted")
final class Posix {
    /** Numbers of errors, the same on both processors. */
    private static final int NO_SUCH_PROCESS = 3;

    private static final int INTERRUPTED = 4;
    private static final int EXISTS = 17;

    private static final int READ_ONLY = 0;
    private static final int WRITE_ONLY = 1;
    private static final int OWNER_ONLY = 0600;
    private static final int STANDARD_STREAMS = 3;

    private static final int ANY_CHILD = 0;
    private static final int ENDED = 0x04;
    private static final int STAY = 0x01000000;

    /** Where the number of the child stands in what is known of its end. */
    private static final long CHILD_OFFSET = 16;

    private static final short SET_SIGNAL_MASK = 0x08;
    private static final short SET_SESSION = 0x80;

    /** More than the structures of either library take. */
    private static final long STRUCTURE_BYTES = 1024;

    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERROR =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private final SymbolLookup functions;

    /**
     * Calls any function of up to six integers and pointers: on both processors they travel in
     * registers, and a function does not look at those that it has no parameters for. To make such
     * a handle takes tens of milliseconds, so there is one for all.
     */
    private final MethodHandle call;

    private final MemorySegment kill;
    private final MemorySegment makeFifo;
    private final MemorySegment waitid;
    private final MemorySegment waitpid;
    private final Optional<Spawn> spawn;

    /** What every process is started with; only read once it is made. */
    private record Spawn(MemorySegment function, MemorySegment actions, MemorySegment attributes) {}

    private static final class Linked {
        private static final Posix LIBRARY = new Posix(Linker.nativeLinker());
    }

    private Posix(Linker linker) {
        functions = linker.defaultLookup();
        call =
                linker.downcallHandle(
                        FunctionDescriptor.of(
                                JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                                JAVA_LONG),
                        Linker.Option.captureCallState("errno"));
        kill = functions.findOrThrow("kill");
        makeFifo = functions.findOrThrow("mkfifo");
        waitid = functions.findOrThrow("waitid");
        waitpid = functions.findOrThrow("waitpid");
        spawn = functions.find("posix_spawn_file_actions_addclosefrom_np").map(this::prepared);
    }

    /** The library of this process. */
    static Posix library() {
        return Linked.LIBRARY;
    }

    /**
     * Whether {@link #spawn} works: an older glibc and musl can't close the runner's own files in
     * the new process, and a job must not have them.
     */
    boolean spawns() {
        return spawn.isPresent();
    }

    private Spawn prepared(MemorySegment closeFrom) {
        // For as long as the process lives.
        Arena arena = Arena.global();
        MemorySegment actions = arena.allocate(STRUCTURE_BYTES);
        MemorySegment attributes = arena.allocate(STRUCTURE_BYTES);
        MemorySegment signals = arena.allocate(STRUCTURE_BYTES);
        long nowhere = arena.allocateFrom("/dev/null").address();
        MemorySegment open = functions.findOrThrow("posix_spawn_file_actions_addopen");
        succeed("posix_spawn_file_actions_init", actions.address());
        for (int descriptor = 0; descriptor < STANDARD_STREAMS; descriptor++) {
            int mode = descriptor == 0 ? READ_ONLY : WRITE_ONLY;
            check(
                    "posix_spawn_file_actions_addopen",
                    call(open, actions.address(), descriptor, nowhere, mode, 0, 0).result());
        }
        check(
                "posix_spawn_file_actions_addclosefrom_np",
                call(closeFrom, actions.address(), STANDARD_STREAMS, 0, 0, 0, 0).result());
        succeed("posix_spawnattr_init", attributes.address());
        // The JVM blocks signals in its threads that the new process must get.
        succeed("sigemptyset", signals.address());
        succeed("posix_spawnattr_setsigmask", attributes.address(), signals.address());
        succeed("posix_spawnattr_setflags", attributes.address(), SET_SIGNAL_MASK | SET_SESSION);
        return new Spawn(functions.findOrThrow("posix_spawnp"), actions, attributes);
    }

    private void succeed(String function, long... arguments) {
        long[] six = java.util.Arrays.copyOf(arguments, 6);
        check(
                function,
                call(
                                functions.findOrThrow(function),
                                six[0],
                                six[1],
                                six[2],
                                six[3],
                                six[4],
                                six[5])
                        .result());
    }

    private static void check(String function, int result) {
        if (result != 0) {
            throw new IllegalStateException(function + " failed: " + result);
        }
    }

    /**
     * Starts a process as the leader of a session of its own, without input, output and any of the
     * runner's open files. Once it has ended it has to be taken away with {@link #reap}.
     *
     * @param program the program, looked for in the runner's PATH, and its arguments
     * @param environment all of it
     * @return its number
     */
    long spawn(List<String> program, Map<String, String> environment) throws IOException {
        Spawn with = spawn.orElseThrow();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(JAVA_INT);
            MemorySegment arguments = strings(arena, program);
            List<String> pairs =
                    environment.entrySet().stream()
                            .map(entry -> entry.getKey() + "=" + entry.getValue())
                            .toList();
            int error =
                    call(
                                    with.function(),
                                    pid.address(),
                                    arguments.getAtIndex(ADDRESS, 0).address(),
                                    with.actions().address(),
                                    with.attributes().address(),
                                    arguments.address(),
                                    strings(arena, pairs).address())
                            .result();
            if (error != 0) {
                throw new IOException(
                        "Could not start %s: error %d of the system (2: it is not installed, 7: too many or too long variables, 11: too many processes, 12: no memory)."
                                .formatted(program.getFirst(), error));
            }
            return pid.get(JAVA_INT, 0);
        }
    }

    private static MemorySegment strings(Arena arena, List<String> strings) {
        // One more than there are: a null pointer ends the list.
        MemorySegment list = arena.allocate(ADDRESS, strings.size() + 1L);
        for (int i = 0; i < strings.size(); i++) {
            list.setAtIndex(ADDRESS, i, arena.allocateFrom(strings.get(i)));
        }
        return list;
    }

    /**
     * Waits until any child of this process has ended, be it ours or one that the JDK has started,
     * and leaves it in the system's table.
     *
     * @return its number; 0 when there is no child at all
     */
    long awaitEnd() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment facts = arena.allocate(STRUCTURE_BYTES);
            Called called;
            do {
                called = call(waitid, ANY_CHILD, 0, facts.address(), ENDED | STAY, 0, 0);
            } while (called.result() < 0 && called.error() == INTERRUPTED);
            return called.result() < 0 ? 0 : facts.get(JAVA_INT, CHILD_OFFSET);
        }
    }

    /** Takes a child that has ended out of the system's table; once for each. */
    void reap(long pid) {
        call(waitpid, pid, 0, 0, 0, 0, 0);
    }

    /**
     * Sends a signal to all processes of a group.
     *
     * @return whether there was any
     */
    boolean signalGroup(long group, int signal) throws IOException {
        Called called = call(kill, -group, signal, 0, 0, 0, 0);
        if (called.result() != 0 && called.error() != NO_SUCH_PROCESS) {
            throw new IOException(
                    "Could not send signal %d to process group %d: error %d of the system (1: they are another user's)."
                            .formatted(signal, group, called.error()));
        }
        return called.result() == 0;
    }

    /** Makes a FIFO that only its owner can use. */
    void makeFifo(Path path) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Called called =
                    call(
                            makeFifo,
                            arena.allocateFrom(path.toString()).address(),
                            OWNER_ONLY,
                            0,
                            0,
                            0,
                            0);
            if (called.result() != 0) {
                throw called.error() == EXISTS
                        ? new FileAlreadyExistsException(path.toString())
                        : new IOException(
                                "Could not make the FIFO %s: error %d of the system (13: no right to, 28: the disk is full, 30: it is read-only)."
                                        .formatted(path, called.error()));
            }
        }
    }

    /** What a function returned, and the system's number of the error if it failed. */
    private record Called(int result, int error) {}

    private Called call(MemorySegment function, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            int result = (int) call.invokeExact(function, state, a, b, c, d, e, f);
            return new Called(result, (int) ERROR.get(state, 0L));
        } catch (Throwable broken) {
            throw new IllegalStateException("a function of the C library", broken);
        }
    }
}
