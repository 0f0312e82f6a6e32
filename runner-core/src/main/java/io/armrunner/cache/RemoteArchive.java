package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.files.ArchiveDigest;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;

/**
 * The archive of one key in the object store (job-semantics §7.3, §7.4). Used by the job's thread.
 *
 * <p>A request is signed anew for each try. What went wrong is in the log when a method returns;
 * the signature never is.
 */
final class RemoteArchive {
    private static final int TRIES = 3;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int PIECE = 64 * 1024;
    private static final int MESSAGE = 4096;
    // No signature of AWS may be valid for longer.
    private static final Duration LONGEST_VALIDITY = Duration.ofDays(7);

    private final CacheTools tools;
    private final CacheTools.Remote remote;
    private final CacheKey key;
    private final TransferMeter meter;
    private final HelperLines lines;
    private final String object;
    private final Duration validity;
    private final Duration limit;

    RemoteArchive(
            CacheTools tools,
            CacheTools.Remote remote,
            JobPlan plan,
            CacheKey key,
            TransferMeter meter,
            HelperLines lines) {
        this.tools = tools;
        this.remote = remote;
        this.key = key;
        this.meter = meter;
        this.lines = lines;
        this.object = ObjectName.of(remote.path(), remote.shared(), plan, key);
        Duration job = plan.timeouts().job();
        this.validity = job.compareTo(LONGEST_VALIDITY) < 0 ? job : LONGEST_VALIDITY;
        int minutes = plan.job().cacheRequestTimeoutMinutes();
        // 0 is "no limit" in GitLab Runner; the job has one.
        this.limit = minutes > 0 ? Duration.ofMinutes(minutes) : job;
    }

    /** What the store said, as far as another try changes nothing. */
    private sealed interface Answer {}

    private record Done() implements Answer {}

    private record Missing() implements Answer {}

    private record Refused(String why) implements Answer {}

    /** No try got an answer that means anything. */
    private record Unanswered(String why) implements Answer {}

    /** Something that another try may cure. */
    private interface Attempt {
        Answer run() throws IOException, InterruptedException;
    }

    /** Makes the local archive what the store has, if that is newer; whether it is current now. */
    boolean download(LocalCache local) throws IOException, InterruptedException {
        return switch (tries(() -> fetch(local))) {
            case Done _ -> true;
            case Missing _ -> {
                lines.warning("file does not exist");
                yield false;
            }
            case Refused(String why) -> {
                lines.warning(why);
                yield false;
            }
            case Unanswered(String why) -> {
                lines.warning(why);
                yield false;
            }
        };
    }

    /** Sends the local archive, unless the store is known to have the same; whether it is there. */
    boolean upload(LocalCache local) throws IOException, InterruptedException {
        Optional<LocalCache.Known> known = local.known();
        if (known.isPresent() && known.get().content().equals(ArchiveDigest.of(local.archive()))) {
            Answer there = tries(() -> head(known.get().etag()));
            if (there instanceof Done) {
                lines.info("Cache content is unchanged and exists remotely, skipping upload");
                return true;
            }
        }
        return send(local);
    }

    /** Sends an archive that was not made anew, if the store has none. */
    boolean uploadIfMissing(LocalCache local) throws IOException, InterruptedException {
        return switch (tries(() -> head(""))) {
            case Done _ -> {
                lines.info("Primary cache already exists remotely, skipping upload");
                yield true;
            }
            // 403: the store tells nobody without the right to list what there is not.
            case Missing _, Refused _ -> {
                lines.info("Primary cache does not exist remotely, uploading existing archive");
                yield send(local);
            }
            case Unanswered(String why) -> {
                lines.warning(why);
                yield false;
            }
        };
    }

    private boolean send(LocalCache local) throws IOException, InterruptedException {
        long size = Files.size(local.archive());
        if (remote.maxArchiveSize() > 0 && size > remote.maxArchiveSize()) {
            lines.info(
                    "Cache archive size (%d) is too big (Limit is set to %d). Cache will be stored only locally."
                            .formatted(size, remote.maxArchiveSize()));
            return true;
        }
        lines.info("Using presigned URL for cache upload");
        return switch (tries(() -> put(local))) {
            case Done _ -> true;
            case Missing _ -> {
                lines.warning("received: 404 Not Found");
                yield false;
            }
            case Refused(String why) -> {
                lines.warning(why);
                yield false;
            }
            case Unanswered(String why) -> {
                lines.warning(why);
                yield false;
            }
        };
    }

    private Answer tries(Attempt attempt) throws IOException, InterruptedException {
        for (int tried = 1; ; tried++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                CacheStages.passOnInterrupt(e);
                String why = String.valueOf(e.getMessage());
                if (tried == TRIES) {
                    return new Unanswered(why);
                }
                lines.warning("Retrying...", Map.of("error", why));
                tools.sleeper().sleep(PAUSE);
            }
        }
    }

    private Answer fetch(LocalCache local) throws IOException, InterruptedException {
        RemoteCache.Request signed = sign(Operation.GET);
        HttpRequest request = request("GET", signed);
        Optional<FileTime> have = local.modified();
        String knownTag =
                have.isEmpty() ? "" : local.known().map(LocalCache.Known::etag).orElse("");
        if (!knownTag.isEmpty()) {
            request = request.with("If-None-Match", knownTag);
        }
        try (HttpReply reply = call(request, signed)) {
            int status = reply.status();
            if (status == 304) {
                upToDate();
                return new Done();
            }
            if (status != 200) {
                return refused(reply);
            }
            String etag = reply.header("ETag").orElse("");
            Instant changed = lastModified(reply);
            if (have.isPresent() && isCurrent(have.get(), changed, knownTag, etag)) {
                upToDate();
                return new Done();
            }
            lines.info(
                    "Downloading cache from " + signed.address(),
                    etag.isEmpty() ? Map.of() : Map.of("etag", etag));
            receive(reply, local, FileTime.from(changed), etag);
            return new Done();
        }
    }

    private static boolean isCurrent(FileTime have, Instant changed, String knownTag, String etag) {
        if (knownTag.isEmpty() || etag.isEmpty()) {
            return !changed.isAfter(have.toInstant());
        }
        // The store tells whole seconds: another object of the same second may be the newer one.
        return etag.equals(knownTag)
                || changed.isBefore(have.toInstant().truncatedTo(ChronoUnit.SECONDS));
    }

    private void upToDate() {
        lines.info("cache.zip is up to date");
    }

    private void receive(HttpReply reply, LocalCache local, FileTime changed, String etag)
            throws IOException {
        Path part = local.part(tools.clock().instant());
        try {
            String announced = reply.header("Content-Length").orElse("");
            try (OutputStream out = Files.newOutputStream(part);
                    TransferMeter.Transfer transfer =
                            meter.begin("Downloading cache", size(announced))) {
                long size = reply.body().transferTo(transfer.counted(out));
                if (!announced.isEmpty() && !announced.equals(Long.toString(size))) {
                    throw new IOException("%d of %s bytes arrived".formatted(size, announced));
                }
            }
            String content = digest(part);
            local.replace(part, key, changed);
            local.know(new LocalCache.Known(content, etag));
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private static long size(String announced) {
        try {
            return announced.isEmpty() ? 0 : Long.parseLong(announced);
        } catch (NumberFormatException e) {
            // Only the meter asks here.
            return 0;
        }
    }

    // What is no archive is found out, and said, when it is extracted.
    private static String digest(Path archive) throws IOException {
        try {
            return ArchiveDigest.of(archive);
        } catch (io.armrunner.files.ArchiveException e) {
            return "";
        }
    }

    /** Whether there is an object, and it is the one with that mark if one is given. */
    private Answer head(String etag) throws IOException, InterruptedException {
        RemoteCache.Request signed = sign(Operation.HEAD);
        try (HttpReply reply = call(request("HEAD", signed), signed)) {
            if (reply.status() != 200) {
                return refused(reply);
            }
            boolean same = etag.isEmpty() || reply.header("ETag").orElse("").equals(etag);
            return same ? new Done() : new Missing();
        }
    }

    private Answer put(LocalCache local) throws IOException, InterruptedException {
        Path archive = local.archive();
        long size = Files.size(archive);
        Instant modified = Files.getLastModifiedTime(archive).toInstant();
        RemoteCache.Request signed = sign(Operation.PUT);
        lines.info("Uploading cache.zip to " + signed.address());
        HttpRequest request =
                HttpRequest.of("PUT", signed.uri())
                        .with("Content-Type", "application/octet-stream")
                        .with("Last-Modified", httpTime(modified));
        for (Map.Entry<String, String> header : signed.headers().entrySet()) {
            request = request.with(header.getKey(), header.getValue());
        }
        request =
                request.with("Content-Length", Long.toString(size))
                        .with(out -> copy(archive, size, out));
        try (HttpReply reply = call(request, signed)) {
            if (reply.status() / 100 != 2) {
                return refused(reply);
            }
            String etag = reply.header("ETag").orElse("");
            if (!etag.isEmpty()) {
                local.know(new LocalCache.Known(digest(archive), etag));
            }
            return new Done();
        }
    }

    private void copy(Path archive, long size, OutputStream out) throws IOException {
        byte[] piece = new byte[PIECE];
        try (InputStream in = Files.newInputStream(archive);
                TransferMeter.Transfer transfer = meter.begin("Uploading cache", size)) {
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                out.write(piece, 0, n);
                transfer.add(n);
            }
        }
    }

    private RemoteCache.Request sign(Operation operation) throws IOException, InterruptedException {
        return remote.store().sign(operation, object, key.human(), validity);
    }

    private static HttpRequest request(String method, RemoteCache.Request signed) {
        HttpRequest request = HttpRequest.of(method, signed.uri());
        for (Map.Entry<String, String> header : signed.headers().entrySet()) {
            request = request.with(header.getKey(), header.getValue());
        }
        return request;
    }

    private HttpReply call(HttpRequest request, RemoteCache.Request signed)
            throws IOException, InterruptedException {
        try {
            return remote.http().send(request, limit);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            String query = signed.uri().getRawQuery();
            throw new IOException(query == null ? why : why.replace(query, "[MASKED]"), e);
        }
    }

    private static Answer refused(HttpReply reply) throws IOException {
        int status = reply.status();
        String text = "received: " + HttpStatus.of(status) + reason(reply);
        if (status / 100 == 5) {
            throw new IOException(text);
        }
        return status == 404 ? new Missing() : new Refused(text);
    }

    // <Error><Code>AccessDenied</Code><Message>…</Message></Error>
    private static String reason(HttpReply reply) throws IOException {
        String xml = new String(reply.body().readNBytes(MESSAGE), UTF_8);
        String code = element(xml, "Code");
        String message = element(xml, "Message");
        return code.isEmpty() && message.isEmpty()
                ? ""
                : ". Request failed with code: %s, message: %s".formatted(code, message);
    }

    private static String element(String xml, String name) {
        int from = xml.indexOf("<" + name + ">");
        int to = xml.indexOf("</" + name + ">");
        return from < 0 || to < from ? "" : xml.substring(from + name.length() + 2, to);
    }

    // A store that does not say it is taken to have something new.
    private Instant lastModified(HttpReply reply) {
        Instant now = tools.clock().instant();
        try {
            return reply.header("Last-Modified")
                    .map(text -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                    .orElse(now);
        } catch (DateTimeException e) {
            return now;
        }
    }

    private static String httpTime(Instant time) {
        return DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", java.util.Locale.ROOT)
                .format(time.atOffset(ZoneOffset.UTC));
    }
}
