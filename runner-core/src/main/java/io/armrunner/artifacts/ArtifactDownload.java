package io.armrunner.artifacts;

import io.armrunner.files.ArchiveException;
import io.armrunner.files.ArchiveExtractor;
import io.armrunner.files.HelperLines;
import io.armrunner.files.TransferMeter;
import io.armrunner.http.HttpStatus;
import io.armrunner.plan.JobPlan;
import io.armrunner.protocol.ArtifactStore.Archive;
import io.armrunner.protocol.ArtifactStore.Download;
import io.armrunner.protocol.ArtifactStore.DownloadReply;
import io.armrunner.protocol.ArtifactStore.NotGiven;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.JobFailure;
import io.armrunner.variables.FeatureFlag;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Brings the archive of one earlier job and extracts it over the project (job-semantics §6.6,
 * runner-protocol §7.7). Used once, on the job's thread.
 *
 * <p>A transfer that breaks off is taken up where it ended, if the server can do that. Tries are
 * counted only while nothing new arrives, so that a large archive gets through a bad line.
 */
final class ArtifactDownload {
    private static final int TRIES = 3;
    // However much arrives each time: a line that breaks this often is of no use.
    private static final int TRIES_AT_ALL = 30;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int PIECE = 64 * 1024;

    private final StageTools tools;
    private final JobPlan plan;
    private final TransferMeter meter;
    private final HelperLines lines;

    private long have;
    private OptionalLong total = OptionalLong.empty();

    ArtifactDownload(StageTools tools, JobPlan plan, TransferMeter meter, HelperLines lines) {
        this.tools = tools;
        this.plan = plan;
        this.meter = meter;
        this.lines = lines;
    }

    void fetch(Dependency dependency) throws JobFailure, IOException, InterruptedException {
        Path temp = Path.of(plan.directories().temp());
        Files.createDirectories(temp);
        Path file = Files.createTempFile(temp, "artifacts-", ".part");
        try {
            int without = 0;
            for (int attempt = 1; ; attempt++) {
                long before = have;
                String why;
                try {
                    why = attempt(dependency, attempt == 1, file);
                } catch (InterruptedIOException e) {
                    throw e;
                } catch (IOException e) {
                    why = String.valueOf(e.getMessage());
                }
                if (why.isEmpty()) {
                    return;
                }
                without = have > before ? 0 : without + 1;
                if (without >= TRIES || attempt >= TRIES_AT_ALL) {
                    throw ArtifactStages.failed(
                            lines,
                            "the artifacts of job %d could not be downloaded in %d tries: %s"
                                    .formatted(dependency.id(), attempt, why));
                }
                lines.warning("Retrying...", Map.of("error", why));
                tools.sleeper().sleep(PAUSE);
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** One try: why it failed, or nothing. */
    private String attempt(Dependency dependency, boolean first, Path file)
            throws JobFailure, IOException, InterruptedException {
        boolean direct = first && plan.flags().isOn(FeatureFlag.FF_USE_DIRECT_DOWNLOAD);
        DownloadReply reply =
                tools.store()
                        .download(new Download(dependency.id(), dependency.token(), direct, have));
        return switch (reply) {
            case NotGiven refused -> refused(dependency, refused);
            case Archive archive -> taken(dependency, archive, file);
        };
    }

    private String taken(Dependency dependency, Archive archive, Path file)
            throws JobFailure, IOException {
        String host = archive.storageHost();
        if (!host.isEmpty()) {
            lines.info("Direct download from " + host);
        }
        try (archive) {
            receive(archive, file);
        }
        Map<String, String> fields = fields(dependency, archive);
        if (!host.isEmpty()) {
            fields.put("host", host);
        }
        lines.info("Downloading artifacts from coordinator... ok", fields);
        return extract(file);
    }

    private String extract(Path file) throws JobFailure, IOException {
        try {
            new ArchiveExtractor(tools.threads())
                    .extract(file, Path.of(plan.directories().project()));
            return "";
        } catch (InterruptedIOException e) {
            throw e;
        } catch (ArchiveException e) {
            throw ArtifactStages.failed(lines, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            // Not the line's fault: the disk's, or that of a file in the way.
            throw ArtifactStages.failed(lines, String.valueOf(e.getMessage()));
        }
    }

    private void receive(Archive archive, Path file) throws IOException {
        // Another size than last time means another archive: nothing of the old one counts.
        boolean goesOn =
                archive.from() == have && archive.from() > 0 && archive.total().equals(total);
        if (archive.from() > 0 && !goesOn) {
            have = 0;
            total = OptionalLong.empty();
            throw new IOException("the archive is not the one whose transfer broke off");
        }
        if (archive.from() == 0) {
            have = 0;
            total = archive.total();
        }
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE);
                TransferMeter.Transfer transfer =
                        meter.begin("Downloading artifacts", total.orElse(0))) {
            transfer.add(have);
            out.truncate(have);
            out.position(have);
            InputStream body = archive.body();
            byte[] piece = new byte[PIECE];
            for (int n = body.read(piece); n >= 0; n = body.read(piece)) {
                transfer.add(n);
                ByteBuffer bytes = ByteBuffer.wrap(piece, 0, n);
                while (bytes.hasRemaining()) {
                    have += out.write(bytes);
                }
            }
        }
        if (total.isPresent() && have != total.getAsLong()) {
            throw new IOException("%d of %d bytes arrived".formatted(have, total.getAsLong()));
        }
    }

    private String refused(Dependency dependency, NotGiven refused) throws JobFailure {
        if (refused.status() == 416) {
            // What we have is no beginning of what is there.
            have = 0;
            total = OptionalLong.empty();
        }
        String word =
                switch (refused.status()) {
                    case 401 -> "unauthorized";
                    case 403 -> "forbidden";
                    case 404 -> "not found";
                    default -> HttpStatus.of(refused.status());
                };
        Map<String, String> fields = fields(dependency, refused);
        fields.put("message", refused.message());
        lines.error("Downloading artifacts from coordinator... " + word, fields);
        return switch (refused.status()) {
            case 401, 403 -> throw ArtifactStages.failed(lines, "permission denied");
            case 404 -> throw ArtifactStages.failed(lines, "file does not exist");
            default -> word;
        };
    }

    private static Map<String, String> fields(Dependency dependency, DownloadReply reply) {
        Map<String, String> fields = new HashMap<>();
        fields.put("correlation_id", reply.correlationId());
        fields.put("id", Long.toString(dependency.id()));
        fields.put("status", Integer.toString(reply.status()));
        fields.put("token", dependency.token().shortForm());
        return fields;
    }
}
