package io.armrunner.cache;

import io.armrunner.cache.ObjectCalls.Answer;
import io.armrunner.cache.ObjectCalls.Done;
import io.armrunner.cache.ObjectCalls.Missing;
import io.armrunner.cache.ObjectCalls.Refused;
import io.armrunner.cache.ObjectCalls.Unanswered;
import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.files.ArchiveDigest;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.DateTimeException;
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
    private static final int PIECE = 64 * 1024;

    private final CacheTools tools;
    private final CacheTools.Remote remote;
    private final CacheKey key;
    private final TransferMeter meter;
    private final HelperLines lines;
    private final ObjectCalls calls;

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
        calls = new ObjectCalls(tools, remote, plan, key, lines);
    }

    /** Makes the local archive what the store has, if that is newer; whether it is current now. */
    boolean download(LocalCache local) throws IOException, InterruptedException {
        return isDone(calls.tries(() -> fetch(local)), "file does not exist");
    }

    /** Sends the local archive, unless the store is known to have the same; whether it is there. */
    boolean upload(LocalCache local) throws IOException, InterruptedException {
        Optional<LocalCache.Known> known = local.known();
        if (known.isPresent() && known.get().content().equals(ArchiveDigest.of(local.archive()))) {
            Answer there = calls.tries(() -> head(known.get().etag()));
            if (there instanceof Done) {
                lines.info("Cache content is unchanged and exists remotely, skipping upload");
                return true;
            }
        }
        return send(local);
    }

    /** Sends an archive that was not made anew, if the store has none. */
    boolean uploadIfMissing(LocalCache local) throws IOException, InterruptedException {
        return switch (calls.tries(() -> head(""))) {
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
        Answer answer =
                size > remote.store().limits().largestPut()
                        ? putParts(local, size)
                        : calls.tries(() -> put(local));
        return isDone(answer, "received: 404 Not Found");
    }

    /** Whether all went well; if not, the log says why. */
    private boolean isDone(Answer answer, String missing) {
        return switch (answer) {
            case Done _ -> true;
            case Missing _ -> {
                lines.warning(missing);
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

    private Answer fetch(LocalCache local) throws IOException, InterruptedException {
        RemoteCache.Request signed = calls.sign(Operation.GET);
        HttpRequest request = ObjectCalls.request("GET", signed);
        Optional<FileTime> have = local.modified();
        String knownTag =
                have.isEmpty() ? "" : local.known().map(LocalCache.Known::etag).orElse("");
        if (!knownTag.isEmpty()) {
            request = request.with("If-None-Match", knownTag);
        }
        try (HttpReply reply = calls.call(request, signed)) {
            int status = reply.status();
            if (status == 304) {
                upToDate();
                return new Done();
            }
            if (status != 200) {
                return ObjectCalls.refused(reply);
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
        RemoteCache.Request signed = calls.sign(Operation.HEAD);
        try (HttpReply reply = calls.call(ObjectCalls.request("HEAD", signed), signed)) {
            if (reply.status() != 200) {
                return ObjectCalls.refused(reply);
            }
            boolean same = etag.isEmpty() || reply.header("ETag").orElse("").equals(etag);
            return same ? new Done() : new Missing();
        }
    }

    private Answer put(LocalCache local) throws IOException, InterruptedException {
        Path archive = local.archive();
        long size = Files.size(archive);
        Instant modified = Files.getLastModifiedTime(archive).toInstant();
        RemoteCache.Request signed = calls.sign(Operation.PUT);
        lines.info("Uploading cache.zip to " + signed.address());
        HttpRequest request =
                ObjectCalls.withHeaders(
                                HttpRequest.of("PUT", signed.uri())
                                        .with("Content-Type", "application/octet-stream")
                                        .with("Last-Modified", httpTime(modified)),
                                signed)
                        .with("Content-Length", Long.toString(size))
                        .with(out -> copy(archive, size, out));
        try (HttpReply reply = calls.call(request, signed)) {
            if (reply.status() / 100 != 2) {
                return ObjectCalls.refused(reply);
            }
            sent(local, reply.header("ETag").orElse(""));
            return new Done();
        }
    }

    private Answer putParts(LocalCache local, long size) throws IOException, InterruptedException {
        PartUpload upload =
                new PartUpload(calls, lines, local.archive(), size, remote.store().limits().part());
        Answer answer = upload.send(meter);
        if (answer instanceof Done) {
            sent(local, upload.etag());
        }
        return answer;
    }

    private static void sent(LocalCache local, String etag) throws IOException {
        if (!etag.isEmpty()) {
            local.know(new LocalCache.Known(digest(local.archive()), etag));
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
