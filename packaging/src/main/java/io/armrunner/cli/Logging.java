package io.armrunner.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sets up the process log: one handler on standard error, in one of GitLab Runner's three formats
 * (job-semantics §11.6). The JDK's own logging is the backend, because it is in the runtime anyway
 * and starts fastest. Called once the options are known and again when the file says otherwise;
 * thread-safe as the JDK's log manager is.
 */
final class Logging {
    // The log manager holds loggers weakly: without this the level would be lost with the logger.
    private static @Nullable Logger netty;

    private static final AtomicLong ERRORS = new AtomicLong();
    private static final AtomicLong WARNINGS = new AtomicLong();

    private Logging() {}

    /** Sends everything from {@code level} on to {@code err}. */
    static void configure(String level, String format, PrintWriter err, boolean colours)
            throws UserError {
        Level threshold = level(level);
        Formatter formatter =
                switch (format.toLowerCase(Locale.ROOT)) {
                    case "runner" -> new LogFormats.Runner(colours, threshold);
                    case "text" -> new LogFormats.Text(threshold);
                    case "json" -> new LogFormats.Json(threshold);
                    default ->
                            throw new UserError(
                                    2,
                                    "--log-format must be runner, text or json, but is " + format);
                };
        LogManager.getLogManager().reset();
        Logger root = Logger.getLogger("");
        root.setLevel(threshold);
        root.addHandler(new ToWriter(err, formatter));
        // Its debug output is about its own start and has a stack trace for every feature that a
        // platform lacks.
        netty = Logger.getLogger("io.netty");
        netty.setLevel(threshold.intValue() > Level.INFO.intValue() ? threshold : Level.INFO);
    }

    /** How many lines with an error were written so far. */
    static long errors() {
        return ERRORS.get();
    }

    /** How many lines with a warning were written so far. */
    static long warnings() {
        return WARNINGS.get();
    }

    private static Level level(String name) throws UserError {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "panic", "fatal", "error" -> Level.SEVERE;
            case "warning", "warn" -> Level.WARNING;
            case "info" -> Level.INFO;
            case "debug" -> Level.FINE;
            case "trace" -> Level.FINEST;
            default ->
                    throw new UserError(
                            2,
                            "--log-level must be panic, fatal, error, warning, info, debug or trace, but is "
                                    + name);
        };
    }

    /** Writes a record and flushes, so that a crash loses nothing. */
    private static final class ToWriter extends Handler {
        private final PrintWriter out;

        ToWriter(PrintWriter out, Formatter formatter) {
            this.out = out;
            setFormatter(formatter);
        }

        @Override
        public void publish(@Nullable LogRecord event) {
            if (event != null && isLoggable(event)) {
                int level = event.getLevel().intValue();
                if (level >= Level.SEVERE.intValue()) {
                    ERRORS.incrementAndGet();
                } else if (level >= Level.WARNING.intValue()) {
                    WARNINGS.incrementAndGet();
                }
                out.print(getFormatter().format(event));
                out.flush();
            }
        }

        @Override
        public void flush() {
            out.flush();
        }

        @Override
        public void close() {
            out.flush();
        }
    }
}
