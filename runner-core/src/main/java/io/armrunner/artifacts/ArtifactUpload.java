package io.armrunner.artifacts;

import io.armrunner.files.ArchiveListener;
import io.armrunner.files.CompressionLevel;
import io.armrunner.files.FileFinder;
import io.armrunner.files.GzipMembers;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.LocalFileException;
import io.armrunner.files.RawFile;
import io.armrunner.files.TransferMeter;
import io.armrunner.files.ZipPacker;
import io.armrunner.http.BodyWriter;
import io.armrunner.http.HttpStatus;
import io.armrunner.plan.JobPlan;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.ArtifactStore.Moved;
import io.armrunner.protocol.ArtifactStore.Refused;
import io.armrunner.protocol.ArtifactStore.Stored;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Sends one entry of a job's {@code artifacts} (job-semantics §6.3 to §6.5, runner-protocol §7.1,
 * §7.4). Used once, on the job's thread; the archive is written on the thread of the connection.
 */
final class ArtifactUpload {
    private static final int TRIES = 3;
    // No job's token lives longer than this.
    private static final Duration LONGEST_WAIT = Duration.ofHours(24);
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(30);
    // Object storage that is overloaded recovers within the half minute that these take.
    private static final int TRIES_WHEN_UNAVAILABLE = 6;
    private static final List<Duration> PAUSES =
            List.of(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5));

    private final StageTools tools;
    private final JobPlan plan;
    private final HelperEnvironment environment;
    private final HelperLines lines;
    private final Path project;

    ArtifactUpload(
            StageTools tools, JobPlan plan, HelperEnvironment environment, HelperLines lines) {
        this.tools = tools;
        this.plan = plan;
        this.environment = environment;
        this.lines = lines;
        this.project = Path.of(plan.directories().project());
    }

    void send(Artifacts entry) throws JobFailure, IOException, InterruptedException {
        String name = expanded(entry.name());
        FileFinder.Selection selection =
                new FileFinder.Selection(
                        expanded(entry.paths()), expanded(entry.exclude()), entry.untracked());
        List<Path> files = new FileFinder(project, tools.environment(), lines).find(selection);
        if (files.isEmpty()) {
            lines.error("No files to upload");
            return;
        }
        AtomicReference<Optional<ArchCheck>> check = new AtomicReference<>(Optional.empty());
        AtomicReference<LocalFileException> broken = new AtomicReference<>();
        ArtifactFormat format = format(entry.artifactFormat());
        BodyWriter content;
        try {
            content =
                    switch (format) {
                        case ZIP -> {
                            List<Path> all = withProvenance(entry, name, files);
                            check.set(ArchCheck.of(environment, project, lines));
                            yield zip(all, check);
                        }
                        case GZIP -> {
                            GzipMembers.check(project, files);
                            CompressionLevel level = level();
                            yield out -> GzipMembers.write(project, files, level, out);
                        }
                        case RAW -> {
                            Path file = RawFile.only(project, files);
                            yield out -> RawFile.write(file, out);
                        }
                    };
        } catch (LocalFileException e) {
            throw ArtifactStages.failed(lines, String.valueOf(e.getMessage()));
        }
        var upload =
                new ArtifactStore.Upload(
                        plan.payload().id(),
                        plan.payload().token(),
                        entry.artifactType(),
                        entry.artifactFormat(),
                        entry.expireIn(),
                        fileName(entry.name(), name, format),
                        remembering(metered(content), broken));
        tries(upload, files, broken);
        Optional<ArchCheck> seen = check.get();
        if (seen.isPresent()) {
            seen.get().finish();
        }
    }

    private List<Path> withProvenance(Artifacts entry, String name, List<Path> files)
            throws IOException {
        if (!entry.artifactFormat().equals("zip") || !Provenance.isWanted(environment)) {
            return files;
        }
        Path statement =
                new Provenance(plan, environment, tools.clock(), lines)
                        .write(baseName(entry.name(), name), project, files);
        List<Path> all = new ArrayList<>(files);
        if (!all.contains(statement)) {
            all.add(statement);
            all.sort(null);
        }
        return all;
    }

    private BodyWriter zip(List<Path> files, AtomicReference<Optional<ArchCheck>> check) {
        ZipPacker packer = new ZipPacker(tools.threads(), level());
        return out -> {
            Optional<ArchCheck> mine = check.get().map(ArchCheck::anew);
            check.set(mine);
            packer.pack(project, files, out, new Listener(mine, lines));
        };
    }

    private record Listener(Optional<ArchCheck> check, HelperLines lines)
            implements ArchiveListener {
        @Override
        public void file(String name, byte[] head, int length) {
            if (check.isPresent()) {
                check.get().file(name, head, length);
            }
        }

        @Override
        public void warning(String message) {
            lines.warning(message);
        }
    }

    private BodyWriter metered(BodyWriter content) {
        TransferMeter meter = TransferMeter.of(environment, lines, tools.clock());
        return out -> {
            try (TransferMeter.Transfer transfer = meter.begin("Uploading artifacts", 0)) {
                content.writeTo(transfer.counted(out));
            }
        };
    }

    // A file that cannot be read fails every try alike.
    private static BodyWriter remembering(
            BodyWriter content, AtomicReference<LocalFileException> broken) {
        return (OutputStream out) -> {
            try {
                content.writeTo(out);
            } catch (LocalFileException e) {
                broken.set(e);
                throw e;
            }
        };
    }

    private void tries(
            ArtifactStore.Upload upload,
            List<Path> files,
            AtomicReference<LocalFileException> broken)
            throws JobFailure, InterruptedException {
        URI server = tools.store().server();
        for (int attempt = 1; ; attempt++) {
            String why;
            int most = TRIES;
            try {
                switch (tools.store().upload(upload, server)) {
                    case Stored stored -> {
                        lines.info(
                                prefix(upload) + HttpStatus.of(stored.status()),
                                fields(upload, stored));
                        return;
                    }
                    case Moved moved -> {
                        lines.info("Upload request redirected", fields(upload, moved));
                        server = moved.server();
                        why = "redirected to " + server.getHost();
                    }
                    case Refused refused when isThereAlready(refused) -> {
                        lines.warning(
                                prefix(upload)
                                        + "it has one from before, which it keeps: this stage was done twice",
                                fields(upload, refused));
                        return;
                    }
                    case Refused refused -> {
                        why = refused(upload, refused, files);
                        most = refused.status() == 503 ? TRIES_WHEN_UNAVAILABLE : TRIES;
                    }
                }
            } catch (IOException e) {
                LocalFileException local = broken.get();
                if (local != null) {
                    throw ArtifactStages.failed(lines, String.valueOf(local.getMessage()));
                }
                why = String.valueOf(e.getMessage());
                lines.warning(
                        prefix(upload) + "no answer",
                        Map.of("error", why, "id", Long.toString(upload.jobId())));
            }
            if (attempt >= most && waited()) {
                // None of the tries was a try.
                attempt = 0;
                continue;
            }
            if (attempt >= most) {
                throw ArtifactStages.failed(
                        lines,
                        "the artifacts could not be uploaded in %d tries: %s"
                                .formatted(attempt, why));
            }
            lines.warning("Retrying...", Map.of("error", why));
            tools.sleeper().sleep(PAUSES.get(Math.min(attempt, PAUSES.size()) - 1));
        }
    }

    /**
     * Waits for a GitLab that is down; says whether it was. Its word that the job is over, or that
     * the token has expired, ends the upload when it is back.
     */
    private boolean waited() throws InterruptedException {
        if (tools.store().isReachable()) {
            return false;
        }
        lines.warning("GitLab cannot be reached: the artifacts wait until it is back");
        Duration pause = Duration.ofSeconds(1);
        Duration waited = Duration.ZERO;
        while (waited.compareTo(LONGEST_WAIT) < 0) {
            tools.sleeper().sleep(pause);
            waited = waited.plus(pause);
            if (tools.store().isReachable()) {
                return true;
            }
            pause =
                    pause.multipliedBy(2).compareTo(LONGEST_SILENCE) < 0
                            ? pause.multipliedBy(2)
                            : LONGEST_SILENCE;
        }
        return false;
    }

    /** GitLab keeps the first of two that differ: ours, sent by a runner that was killed then. */
    private static boolean isThereAlready(Refused refused) {
        return refused.status() == 400 && refused.message().contains("another artifact of the");
    }

    private String refused(ArtifactStore.Upload upload, Refused refused, List<Path> files)
            throws JobFailure {
        Map<String, String> fields = fields(upload, refused);
        fields.put("message", refused.message());
        lines.error(prefix(upload) + HttpStatus.of(refused.status()), fields);
        return switch (refused.status()) {
            case 403 -> throw ArtifactStages.failed(lines, "permission denied");
            case 413 -> {
                Largest.of(project, files).forEach(lines::error);
                throw ArtifactStages.failed(lines, "too large");
            }
            default -> HttpStatus.of(refused.status());
        };
    }

    private static Map<String, String> fields(
            ArtifactStore.Upload upload, ArtifactStore.UploadReply reply) {
        Map<String, String> fields = new HashMap<>();
        fields.put("correlation_id", reply.correlationId());
        fields.put("id", Long.toString(upload.jobId()));
        fields.put("status", Integer.toString(reply.status()));
        fields.put("token", upload.jobToken().shortForm());
        return fields;
    }

    private static String prefix(ArtifactStore.Upload upload) {
        return upload.type().isEmpty()
                ? "Uploading artifacts to coordinator... "
                : "Uploading artifacts as \"" + upload.type() + "\" to coordinator... ";
    }

    private enum ArtifactFormat {
        ZIP(".zip"),
        GZIP(".gz"),
        RAW("");

        private final String extension;

        ArtifactFormat(String extension) {
            this.extension = extension;
        }
    }

    private ArtifactFormat format(String word) throws JobFailure {
        return switch (word) {
            case "", "zip" -> ArtifactFormat.ZIP;
            case "gzip" -> ArtifactFormat.GZIP;
            case "raw" -> ArtifactFormat.RAW;
            default ->
                    throw ArtifactStages.failed(
                            lines,
                            "artifact_format %s is not known: zip, gzip and raw are"
                                    .formatted(word));
        };
    }

    private static String fileName(String configured, String expanded, ArtifactFormat format) {
        return baseName(configured, expanded) + format.extension;
    }

    /** The name without directories; {@code artifacts} if the job gave none. */
    private static String baseName(String configured, String expanded) {
        if (configured.isEmpty()) {
            return "artifacts";
        }
        int end = expanded.length();
        while (end > 0 && expanded.charAt(end - 1) == '/') {
            end--;
        }
        String base = expanded.substring(expanded.lastIndexOf('/', end - 1) + 1, end);
        return base.isEmpty() || base.equals(".") || base.equals("..") ? "default" : base;
    }

    private CompressionLevel level() {
        return CompressionLevel.of(environment, "ARTIFACT_COMPRESSION_LEVEL", lines);
    }

    private List<String> expanded(List<String> texts) {
        return texts.stream().map(this::expanded).toList();
    }

    private String expanded(String text) {
        return environment.expand(text, lines);
    }
}
