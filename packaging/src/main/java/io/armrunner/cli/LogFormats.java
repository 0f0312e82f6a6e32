package io.armrunner.cli;

import io.armrunner.spec.Wire;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.jspecify.annotations.Nullable;

/**
 * The three shapes of a line of the process log (job-semantics §11.6). All of them are one line,
 * but for stack traces.
 */
final class LogFormats {
    private LogFormats() {}

    /** The message alone, coloured by its level on a terminal. */
    static final class Runner extends Formatter {
        private final boolean colours;
        private final Level threshold;

        Runner(boolean colours, Level threshold) {
            this.colours = colours;
            this.threshold = threshold;
        }

        @Override
        public String format(LogRecord event) {
            int level = event.getLevel().intValue();
            String message = formatMessage(event) + cause(event.getThrown(), threshold);
            if (level >= Level.SEVERE.intValue()) {
                message = "ERROR: " + message;
            } else if (level >= Level.WARNING.intValue()) {
                message = "WARNING: " + message;
            }
            return (colours ? colour(level) + message + "\u001b[0;m" : message) + "\n";
        }

        private static String colour(int level) {
            if (level >= Level.SEVERE.intValue()) {
                return "\u001b[31;1m";
            }
            return level >= Level.WARNING.intValue() ? "\u001b[0;33m" : "\u001b[0;m";
        }
    }

    /** {@code time="…" level=info msg="…"}. */
    static final class Text extends Formatter {
        private final Level threshold;

        Text(Level threshold) {
            this.threshold = threshold;
        }

        @Override
        public String format(LogRecord event) {
            LogFields line = fields(event, this);
            StringBuilder text = new StringBuilder();
            text.append("time=").append(json(time(event)));
            text.append(" level=").append(levelName(event.getLevel()));
            text.append(" msg=").append(json(line.message() + cause(event.getThrown(), threshold)));
            line.fields()
                    .forEach((name, value) ->
                            text.append(' ').append(name).append('=').append(json(value)));
            return text.append(System.lineSeparator()).toString();
        }
    }

    /** One JSON object a line. */
    static final class Json extends Formatter {
        private final Level threshold;

        Json(Level threshold) {
            this.threshold = threshold;
        }

        @Override
        public String format(LogRecord event) {
            Map<String, String> line = new LinkedHashMap<>();
            line.put("level", levelName(event.getLevel()));
            LogFields fields = fields(event, this);
            line.put("msg", fields.message() + cause(event.getThrown(), threshold));
            line.put("time", time(event));
            fields.fields().forEach(line::putIfAbsent);
            return json(line) + "\n";
        }
    }

    /** The line's fields, and the job that the thread works for where the line does not say. */
    private static LogFields fields(LogRecord event, Formatter formatter) {
        return LogFields.of(formatter.formatMessage(event))
                .withJobOf(Thread.currentThread().getName());
    }

    private static String json(Object value) {
        return new String(Wire.bytes(value), java.nio.charset.StandardCharsets.UTF_8);
    }

    private static String time(LogRecord event) {
        Instant time = event.getInstant();
        return time.truncatedTo(ChronoUnit.MILLIS).toString();
    }

    private static String levelName(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "error";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "warning";
        }
        return level.intValue() >= Level.INFO.intValue() ? "info" : "debug";
    }

    /** What went wrong, in one line; the stack trace only for those who asked for details. */
    private static String cause(@Nullable Throwable thrown, Level threshold) {
        if (thrown == null) {
            return "";
        }
        if (threshold.intValue() > Level.FINE.intValue()) {
            return " error=" + thrown;
        }
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        return "\n" + trace.toString().stripTrailing();
    }
}
