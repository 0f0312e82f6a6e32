package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code POST} and {@code GET /jobs/:id/artifacts} (runner-protocol §7). */
final class ArtifactsApi {
    /** What a multipart body may have besides the file. */
    private static final int OVERHEAD = 4096;

    private final Books books;
    private final Storage storage;
    private final Path directory;
    private final JobGate gate;

    ArtifactsApi(Books books, Storage storage, Path directory) {
        this.books = books;
        this.storage = storage;
        this.directory = directory;
        this.gate = new JobGate(books);
    }

    /**
     * Takes an artifact; what can be refused by the head alone is refused before the body is read.
     */
    Reply upload(Call call) throws IOException {
        JobGate.Verdict verdict = books.changing(() -> gate.check(call, JobGate.headerToken(call)));
        return switch (verdict) {
            case JobGate.Verdict.Closed closed -> closed.reply();
            case JobGate.Verdict.Open open -> {
                Reply reply = receive(call, open.job());
                yield books.locked(() -> gate.withStatus(open.job(), reply));
            }
        };
    }

    private Reply receive(Call call, CoordinatorJob job) throws IOException {
        Exchange exchange = call.exchange();
        Map<String, String> query = exchange.query();
        String type = query.getOrDefault("artifact_type", "archive");
        String format = query.getOrDefault("artifact_format", "zip");
        for (String name : new String[] {"artifact_type", "artifact_format", "expire_in"}) {
            if ("".equals(query.get(name))) {
                books.violation(call.what() + " with an empty " + name);
            }
        }
        if (ArtifactTypes.kind(type).isEmpty()) {
            return Reply.invalid("artifact_type does not have a valid value");
        }
        if (!ArtifactTypes.FORMATS.contains(format)) {
            return Reply.invalid("artifact_format does not have a valid value");
        }
        if (!ArtifactTypes.kind(type).orElseThrow().format().equals(format)) {
            books.violation(call.what() + ": the type " + type + " is not sent as " + format);
        }
        long limit = books.settings().artifactLimit();
        if (Call.declaredLength(exchange) > limit + OVERHEAD) {
            return tooLarge(limit);
        }
        Optional<String> boundary = Multipart.boundary(exchange.header("content-type").orElse(""));
        if (boundary.isEmpty()) {
            books.violation(call.what() + " with a body that is no multipart/form-data");
            return Reply.refused(400, "the body is no multipart/form-data");
        }
        Path file = Files.createTempFile(directory, "artifact-", "");
        boolean kept = false;
        try {
            Multipart parts = new Multipart(exchange.body(), boundary.get());
            Optional<Multipart.Head> head = parts.next();
            if (head.isEmpty()
                    || !head.get().name().equals("file")
                    || head.get().filename().isEmpty()) {
                books.violation(call.what() + " without a part \"file\" that comes first");
                return Reply.refused(500, "the first part must be the file, named \"file\"");
            }
            Received received;
            try (OutputStream out = Files.newOutputStream(file)) {
                received = new Received(out, limit);
                parts.copyTo(received);
            }
            if (parts.next().isPresent()) {
                books.violation(call.what() + " with a second part");
                return Reply.refused(500, "there must be one part only");
            }
            var artifact =
                    new StoredArtifact(
                            type,
                            format,
                            query.getOrDefault("expire_in", ""),
                            Path.of("/" + head.get().filename().get()).getFileName().toString(),
                            file,
                            received.size,
                            received.sha256(),
                            job.state());
            Reply reply = books.changing(() -> store(job, artifact));
            kept =
                    books.locked(() ->
                            job.artifact(type).filter(a -> a.file().equals(file)).isPresent());
            return reply;
        } catch (TooLargeException e) {
            return tooLarge(limit);
        } catch (Multipart.MalformedException e) {
            books.violation(call.what() + ": " + e.why());
            return Reply.refused(400, e.why());
        } finally {
            if (!kept) {
                Files.deleteIfExists(file);
            }
        }
    }

    private Reply store(CoordinatorJob job, StoredArtifact artifact) {
        if (!job.currentState().isExecuting()) {
            return Reply.refused(403, "job " + job.id() + " is not running any more");
        }
        Optional<StoredArtifact> before = job.artifact(artifact.type());
        if (before.isEmpty()) {
            job.store(artifact);
            return Reply.number(201);
        }
        return before.get().sha256().equals(artifact.sha256())
                ? Reply.number(201)
                : Reply.refused(
                        400,
                        "another artifact of the type " + artifact.type() + " is there already");
    }

    /**
     * Gives an earlier job's archive to the holder of any executing job's token in the same
     * project.
     */
    @Nullable Reply download(Call call) throws IOException {
        String token = JobGate.headerToken(call);
        long id = call.route().jobId().orElseThrow();
        if (token.isEmpty()) {
            return Reply.refused(401, "the job token is missing");
        }
        record Found(@Nullable Reply refusal, @Nullable StoredArtifact artifact) {}
        Found found =
                books.locked(() -> {
                    Optional<CoordinatorJob> asking = books.jobByToken(token);
                    if (asking.isEmpty() || !asking.get().currentState().isExecuting()) {
                        return new Found(
                                Reply.refused(403, "the token is not that of a running job"), null);
                    }
                    Optional<CoordinatorJob> job = books.job(id);
                    if (job.isEmpty()) {
                        return new Found(Reply.refused(404, "there is no job " + id), null);
                    }
                    if (job.get().projectId() != asking.get().projectId()) {
                        return new Found(
                                Reply.refused(
                                        403, "the token has no access to the project of job " + id),
                                null);
                    }
                    return job.get()
                            .archive()
                            .map(archive -> new Found(null, archive))
                            .orElseGet(() ->
                                    new Found(
                                            Reply.refused(404, "job " + id + " has no archive"),
                                            null));
                });
        StoredArtifact artifact = found.artifact();
        if (artifact == null) {
            return found.refusal();
        }
        if (books.settings().redirectDownloads()
                && "true".equals(call.exchange().query().get("direct_download"))) {
            return Reply.empty(302).with("Location", storage.sign(artifact));
        }
        FileReply.send(call.exchange(), artifact, Map.of());
        return null;
    }

    private static Reply tooLarge(long limit) {
        return Reply.refused(413, "the artifact has more than " + limit + " bytes");
    }

    private static final class TooLargeException extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** Counts and hashes what it passes on, up to a limit. */
    private static final class Received extends OutputStream {
        private final OutputStream out;
        private final long limit;
        private final MessageDigest digest;
        private long size;

        Received(OutputStream out, long limit) {
            this.out = out;
            this.limit = limit;
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (size + length > limit) {
                throw new TooLargeException();
            }
            out.write(bytes, offset, length);
            digest.update(bytes, offset, length);
            size += length;
        }

        String sha256() {
            return HexFormat.of().formatHex(digest.digest());
        }
    }
}
