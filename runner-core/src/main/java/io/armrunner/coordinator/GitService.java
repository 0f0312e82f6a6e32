package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Git over smart HTTP behind the job token: one git process for each request, which ends with its
 * client.
 *
 * <p>The request's body goes to a file first and the process reads it from there: what a client
 * sends before it reads is small for a fetch, and neither side can then block the other.
 */
final class GitService implements AutoCloseable {
    /** How often a request whose git is silent looks at whether its client is still there. */
    private static final Duration LOOK = Duration.ofMillis(200);

    /** How long a git may take to end when nobody reads it any more; it is killed after that. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    private static final int PIECE = 16 * 1024;

    private final Books books;
    private final GitCommand git;
    private final Path directory;
    private final Set<Process> running = ConcurrentHashMap.newKeySet();

    GitService(Books books, GitCommand git, Path directory) {
        this.books = books;
        this.git = git;
        this.directory = directory;
    }

    @Nullable Reply answer(Call call) throws IOException, InterruptedException {
        if (!isAuthorized(call.exchange())) {
            return Reply.refused(
                            401,
                            "git needs the user gitlab-ci-token and the token of a running job")
                    .with("WWW-Authenticate", "Basic realm=\"GitLab\"");
        }
        Optional<Project> project = books.locked(() -> books.project(call.route().project()));
        if (project.isEmpty()) {
            return Reply.refused(404, "there is no project " + call.route().project());
        }
        if (call.route().endpoint() == Endpoint.GIT_LFS) {
            return LargeFiles.answer(call, project.get());
        }
        boolean advertise = call.route().endpoint() == Endpoint.GIT_REFS;
        String service =
                advertise
                        ? call.exchange().query().getOrDefault("service", "")
                        : call.route().endpoint() == Endpoint.GIT_FETCH
                                ? "git-upload-pack"
                                : "git-receive-pack";
        if (!service.equals("git-upload-pack") && !service.equals("git-receive-pack")) {
            return Reply.refused(403, "only the smart protocol is served");
        }
        if (service.equals("git-receive-pack") && !project.get().writable()) {
            return Reply.refused(403, "the project " + project.get().path() + " takes no pushes");
        }
        serve(call.exchange(), project.get(), service, advertise);
        return null;
    }

    private boolean isAuthorized(Exchange exchange) {
        String header = exchange.header("authorization").orElse("");
        if (!header.regionMatches(true, 0, "Basic ", 0, "Basic ".length())) {
            return false;
        }
        String pair;
        try {
            byte[] decoded =
                    Base64.getDecoder().decode(header.substring("Basic ".length()).strip());
            pair = new String(decoded, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return false;
        }
        int colon = pair.indexOf(':');
        if (colon < 0 || !pair.substring(0, colon).equals("gitlab-ci-token")) {
            return false;
        }
        String token = pair.substring(colon + 1);
        return books.locked(() ->
                books.jobByToken(token)
                        .filter(job -> job.currentState().isExecuting())
                        .isPresent());
    }

    private void serve(Exchange exchange, Project project, String service, boolean advertise)
            throws IOException, InterruptedException {
        String command = service.substring("git-".length());
        String location = project.repository().toString();
        List<String> arguments =
                advertise
                        ? List.of(command, "--stateless-rpc", "--advertise-refs", location)
                        : List.of(command, "--stateless-rpc", location);
        String protocol = exchange.header("git-protocol").orElse("");
        ProcessBuilder builder =
                git.serving(arguments, protocol).redirectError(ProcessBuilder.Redirect.DISCARD);
        Path input = Files.createTempFile(directory, "git-", "");
        try {
            if (!advertise) {
                receive(exchange, input);
            }
            builder.redirectInput(input.toFile());
            run(builder, exchange, service, advertise, protocol);
        } finally {
            Files.deleteIfExists(input);
        }
    }

    private static void receive(Exchange exchange, Path into) throws IOException {
        boolean zipped = exchange.header("content-encoding").orElse("").equalsIgnoreCase("gzip");
        try (InputStream body = zipped ? new GZIPInputStream(exchange.body()) : exchange.body();
                OutputStream out = Files.newOutputStream(into)) {
            body.transferTo(out);
        }
    }

    private void run(
            ProcessBuilder builder,
            Exchange exchange,
            String service,
            boolean advertise,
            String protocol)
            throws IOException, InterruptedException {
        Process process = builder.start();
        running.add(process);
        String kind = advertise ? "advertisement" : "result";
        Map<String, String> headers =
                Map.of(
                        "Content-Type",
                        "application/x-" + service + "-" + kind,
                        "Cache-Control",
                        "no-cache");
        BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(4);
        Thread reader =
                Thread.ofVirtual()
                        .name("git-output-" + process.pid())
                        .start(() -> readOutput(process.getInputStream(), pieces));
        boolean ended = false;
        try {
            OutputStream out = exchange.replyStream(200, headers);
            // Protocol 2 has no such head when the client asks for it by the header
            // (gitprotocol-http).
            if (advertise && !protocol.contains("version=2")) {
                String line = "# service=" + service + "\n";
                out.write(
                        "%04x%s0000"
                                .formatted(line.length() + 4, line)
                                .getBytes(StandardCharsets.US_ASCII));
            }
            boolean open = true;
            while (open) {
                byte[] piece = pieces.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
                if (piece == null) {
                    if (exchange.isClosed()) {
                        throw new IOException("the client of " + service + " is gone");
                    }
                } else if (piece.length == 0) {
                    open = false;
                } else {
                    out.write(piece);
                    out.flush();
                }
            }
            ended =
                    process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)
                            && process.exitValue() == 0;
            if (ended) {
                out.close();
            }
        } finally {
            end(process, reader);
        }
        if (!ended) {
            // Half an answer must not look like a whole one.
            exchange.abort();
        }
    }

    /** Hands the output on in pieces; an empty piece is its end. */
    private static void readOutput(InputStream output, BlockingQueue<byte[]> pieces) {
        byte[] buffer = new byte[PIECE];
        try {
            try {
                for (int read = output.read(buffer); read >= 0; read = output.read(buffer)) {
                    if (read > 0) {
                        pieces.put(java.util.Arrays.copyOf(buffer, read));
                    }
                }
            } catch (IOException e) {
                // The process was killed; its exit status tells the serving thread.
            }
            pieces.put(new byte[0]);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the process, what it started, and the thread that reads it. */
    private void end(Process process, Thread reader) {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        reader.interrupt();
        running.remove(process);
    }

    @Override
    public void close() {
        running.forEach(process -> {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        });
    }
}
