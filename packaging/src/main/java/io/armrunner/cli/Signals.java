package io.armrunner.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signals that tell the service to stop, or to load its configuration.
 *
 * <p>TERM, INT and HUP are the JVM's to give. QUIT is not: the JVM keeps it for thread dumps, and
 * gives up all four if it is told to leave it alone. So its handler is replaced in the C library by
 * a function that is safe in a handler, takes one number, and leaves a trace: {@code close}. A
 * handler's argument is the signal's number, 3; descriptor 3, which the launcher keeps free for us,
 * is the only writer of a pipe; who reads the pipe sees its end when QUIT arrives.
 */
// The JDK has no other way to call the C library; the launcher allows it.
@SuppressWarnings("restricted")
final class Signals implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);
    private static final int SIGQUIT = 3;
    private static final Duration LOOK = Duration.ofMillis(50);

    /** What a signal asks for. */
    enum Kind {
        /** Finish the jobs that run. */
        DRAIN,
        /** End them. */
        TERMINATE,
        /** The same, from a keyboard. */
        INTERRUPT
    }

    private final BlockingQueue<Kind> arrived = new LinkedBlockingQueue<>();
    private volatile boolean exits;
    // Both guarded by this.
    private @Nullable Runnable reload;
    private boolean reloadMissed;

    Signals() {
        handle("TERM", Kind.TERMINATE);
        handle("INT", Kind.INTERRUPT);
        // Taken from the start on: by default it ends the process.
        JvmSignal.handle("HUP", this::hangUp);
        // Finding the C library's functions takes some ten milliseconds, which nobody has to wait
        // for.
        Thread.ofPlatform().daemon().name("signal-quit").start(this::awaitQuit);
    }

    private void handle(String name, Kind kind) {
        JvmSignal.handle(
                name,
                () -> {
                    if (exits) {
                        // The user said it twice: not even a report of what runs is worth a wait.
                        Runtime.getRuntime().halt(1);
                    }
                    arrived.add(kind);
                });
    }

    /**
     * What HUP does; called on the JVM's signal thread, so it returns at once. One that came before
     * is made up for.
     */
    synchronized void onReload(Runnable action) {
        reload = action;
        if (reloadMissed) {
            reloadMissed = false;
            action.run();
        }
    }

    private synchronized void hangUp() {
        if (reload == null) {
            reloadMissed = true;
        } else {
            reload.run();
        }
    }

    /** Waits for the next signal. */
    Kind next() throws InterruptedException {
        return arrived.take();
    }

    /** Waits for the next signal, or until {@code done} says so. */
    Optional<Kind> nextOr(BooleanSupplier done) throws InterruptedException {
        while (!done.getAsBoolean()) {
            Kind kind = arrived.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
            if (kind != null && kind != Kind.DRAIN) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** From now on a TERM or INT ends the process at once. */
    void exitOnNext() {
        exits = true;
    }

    private void awaitQuit() {
        try (Arena arena = Arena.ofShared()) {
            if (!Files.readSymbolicLink(Path.of("/proc/self/fd/" + SIGQUIT))
                    .equals(Path.of("/dev/null"))) {
                LOG.warn(
                        "no_drain reason=\"started without its launcher, SIGQUIT prints a thread dump\"");
                return;
            }
            Linker linker = Linker.nativeLinker();
            SymbolLookup library = linker.defaultLookup();
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            call(
                    linker,
                    library,
                    "pipe",
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
                    ends);
            int reader = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
            int writer = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
            FunctionDescriptor oneNumber =
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
            call(
                    linker,
                    library,
                    "dup2",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                    writer,
                    SIGQUIT);
            call(linker, library, "close", oneNumber, writer);
            call(
                    linker,
                    library,
                    "signal",
                    FunctionDescriptor.of(
                            ValueLayout.ADDRESS, ValueLayout.JAVA_INT, ValueLayout.ADDRESS),
                    SIGQUIT,
                    library.find("close").orElseThrow());
            try (var pipe = Files.newInputStream(Path.of("/proc/self/fd/" + reader))) {
                // Opening it by name made a descriptor of our own; nobody ever writes, so this
                // returns on QUIT.
                call(linker, library, "close", oneNumber, reader);
                pipe.read();
            }
            arrived.add(Kind.DRAIN);
        } catch (IOException | IllegalCallerException e) {
            LOG.warn("no_drain reason=\"{}\"", e.toString());
        }
    }

    private static void call(
            Linker linker,
            SymbolLookup library,
            String name,
            FunctionDescriptor shape,
            Object... arguments)
            throws IOException {
        MethodHandle function = linker.downcallHandle(library.find(name).orElseThrow(), shape);
        Object result;
        try {
            result = function.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IOException("could not call " + name, e);
        }
        if (result instanceof Integer number && number < 0) {
            throw new IOException(name + " failed");
        }
    }

    @Override
    public void close() {
        JvmSignal.byDefault("TERM");
        JvmSignal.byDefault("INT");
        JvmSignal.byDefault("HUP");
    }
}
