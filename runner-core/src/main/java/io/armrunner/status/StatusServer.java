package io.armrunner.status;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.http.EventLoops;
import io.armrunner.http.Exchange;
import io.armrunner.http.HttpServer;
import io.armrunner.spec.Wire;
import io.armrunner.trace.LogFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Answers on the listen address: {@code /metrics}, {@code /health}, the page and what the page asks
 * for. Reads only; there is nothing to change here. Names and logs go out as data (JSON, plain
 * text) and the page puts them in as text, so nothing of a job is ever markup.
 */
final class StatusServer implements AutoCloseable {
    /** A phone takes this much at once, and a long log comes in pieces anyway. */
    private static final int PIECE = 256 * 1024;

    private static final Map<String, String> HEADERS =
            Map.of(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                            + " img-src data:; base-uri 'none'; form-action 'none';"
                            + " frame-ancestors 'none'",
                    "X-Content-Type-Options",
                    "nosniff",
                    "X-Frame-Options",
                    "DENY",
                    "Referrer-Policy",
                    "no-referrer",
                    "Cross-Origin-Resource-Policy",
                    "same-origin",
                    "Cache-Control",
                    "no-store");

    private final Operations operations;
    private final boolean showLogs;
    private final boolean localOnly;
    private final HttpServer server;

    private StatusServer(
            EventLoops loops,
            ListenAddress where,
            Optional<Boolean> showLogs,
            Operations operations)
            throws IOException {
        this.operations = operations;
        this.showLogs = showLogs.orElse(where.isLoopback());
        localOnly = showLogs.isEmpty() && where.isLoopback();
        server = HttpServer.start(loops, where.socket(), this::handle);
    }

    static StatusServer start(
            EventLoops loops,
            ListenAddress where,
            Optional<Boolean> showLogs,
            Operations operations)
            throws IOException {
        return new StatusServer(loops, where, showLogs, operations);
    }

    int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.close();
    }

    private void handle(Exchange exchange) throws IOException {
        if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
            reply(exchange, 405, "text/plain; charset=utf-8", "only GET and HEAD here\n");
            return;
        }
        if (localOnly && !isLocalName(exchange.header("Host").orElse(""))) {
            // Another site's page that has its name point here would read the logs.
            reply(
                    exchange,
                    421,
                    "text/plain; charset=utf-8",
                    "this address answers to localhost only; status_logs in config.toml, true or false, lets it answer to any name\n");
            return;
        }
        String path = exchange.path();
        switch (path) {
            case "/" -> file(exchange, "index.html", "text/html; charset=utf-8");
            case "/status.css" -> file(exchange, "status.css", "text/css; charset=utf-8");
            case "/status.js" -> file(exchange, "status.js", "text/javascript; charset=utf-8");
            case "/api/status" -> json(exchange, 200, status());
            case "/health", "/health/ready" -> health(exchange);
            case "/metrics" -> metrics(exchange);
            default -> {
                Optional<JobKey> job = jobOfLog(path);
                if (job.isPresent()) {
                    log(exchange, job.get());
                } else {
                    notFound(exchange, "there is nothing here; the page is at /\n");
                }
            }
        }
    }

    /** Whether a host is this machine by a name that no other site can have. */
    static boolean isLocalName(String host) {
        int colon =
                host.startsWith("[") ? host.indexOf(':', host.indexOf(']') + 1) : host.indexOf(':');
        String name = colon < 0 ? host : host.substring(0, colon);
        boolean number = name.chars().allMatch(each -> each == '.' || (each >= '0' && each <= '9'));
        return name.equals("localhost")
                || name.equals("[::1]")
                || (number && name.startsWith("127."));
    }

    private ObjectNode status() {
        ObjectNode json = operations.heading();
        json.put("logs", showLogs);
        ArrayNode running = json.putArray("running");
        operations.book().running().forEach(job -> running.add(job.json()));
        ArrayNode ended = json.putArray("ended");
        operations.book().ended().forEach(job -> ended.add(job.json()));
        return json;
    }

    private void health(Exchange exchange) throws IOException {
        List<ServiceHealth.Trouble> wrong = operations.health().troubles();
        ObjectNode json = Wire.mapper().createObjectNode();
        json.put("status", wrong.isEmpty() ? "ok" : "failing");
        ArrayNode all = json.putArray("troubles");
        for (ServiceHealth.Trouble trouble : wrong) {
            all.addObject()
                    .put("about", trouble.about())
                    .put("what", trouble.what())
                    .put("since", trouble.since().toString());
        }
        json(exchange, wrong.isEmpty() ? 200 : 503, json);
    }

    private void metrics(Exchange exchange) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        operations.metrics().write(text);
        reply(exchange, 200, Metrics.CONTENT_TYPE, text.toByteArray(), Map.of());
    }

    /** {@code /api/jobs/RUNNER.ID/log}. */
    private static Optional<JobKey> jobOfLog(String path) {
        String before = "/api/jobs/";
        String after = "/log";
        if (!path.startsWith(before) || !path.endsWith(after)) {
            return Optional.empty();
        }
        String name = path.substring(before.length(), path.length() - after.length());
        int dot = name.lastIndexOf('.');
        try {
            return dot < 1
                    ? Optional.empty()
                    : Optional.of(
                            new JobKey(
                                    name.substring(0, dot),
                                    Long.parseLong(name.substring(dot + 1))));
        } catch (NumberFormatException _) {
            return Optional.empty();
        }
    }

    private void log(Exchange exchange, JobKey job) throws IOException {
        if (!showLogs) {
            reply(
                    exchange,
                    403,
                    "text/plain; charset=utf-8",
                    "logs are shown at an address of this machine only; status_logs = true in config.toml shows them here too\n");
            return;
        }
        long offset;
        try {
            offset = Long.parseLong(exchange.query().getOrDefault("offset", "0"));
        } catch (NumberFormatException _) {
            offset = -1;
        }
        if (offset < 0) {
            reply(
                    exchange,
                    400,
                    "text/plain; charset=utf-8",
                    "offset must be a number from 0 on\n");
            return;
        }
        boolean replied = replyLog(exchange, job, offset);
        if (!replied) {
            // The job may have ended just now: its log is elsewhere from then on.
            replied = replyLog(exchange, job, offset);
        }
        if (!replied) {
            notFound(exchange, "this log is not there any more\n");
        }
    }

    /** Answers with a piece of a job's log, if it is there. */
    private boolean replyLog(Exchange exchange, JobKey job, long offset) throws IOException {
        Optional<Path> file = operations.book().log(job);
        if (file.isEmpty()) {
            return false;
        }
        LogFile.Piece piece;
        long length;
        try {
            piece = LogFile.read(file.get(), offset, PIECE);
            length = LogFile.length(file.get());
        } catch (NoSuchFileException _) {
            return false;
        }
        Map<String, String> where = new LinkedHashMap<>();
        where.put("X-Log-Offset", Long.toString(piece.offset()));
        where.put("X-Log-End", Long.toString(piece.end()));
        where.put("X-Log-Length", Long.toString(length));
        reply(exchange, 200, "text/plain; charset=utf-8", piece.bytes(), where);
        return true;
    }

    private static void file(Exchange exchange, String name, String type) throws IOException {
        try (InputStream in = StatusServer.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("the program is incomplete: it has no " + name);
            }
            reply(exchange, 200, type, in.readAllBytes(), Map.of());
        }
    }

    private static void json(Exchange exchange, int status, ObjectNode json) throws IOException {
        reply(exchange, status, "application/json", Wire.bytes(json), Map.of());
    }

    private static void notFound(Exchange exchange, String text) throws IOException {
        reply(exchange, 404, "text/plain; charset=utf-8", text);
    }

    private static void reply(Exchange exchange, int status, String type, String text)
            throws IOException {
        reply(exchange, status, type, text.getBytes(UTF_8), Map.of());
    }

    private static void reply(
            Exchange exchange, int status, String type, byte[] body, Map<String, String> more)
            throws IOException {
        Map<String, String> headers = new LinkedHashMap<>(HEADERS);
        headers.put("Content-Type", type);
        headers.putAll(more);
        exchange.reply(status, headers, body);
    }
}
