package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.lane.RemoteJob;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.spec.Dependency;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manager's end of a build's line to GitLab: takes the agent's messages in their order, each
 * once whatever process does it, and gives its orders. Used by the job's thread.
 *
 * <p>A piece of the log is applied when it is in the log's file, where its offset tells a later
 * process so; the number of the next message is only a place to begin.
 */
final class Relay {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    /** In the job's directory: the number of the next message. */
    private static final String FILE = "relay";

    /** A message that is missing for so long, while later ones are there, is told. */
    static final Duration STALLED = Duration.ofSeconds(60);

    /** How many messages are taken without a look at anything else. */
    private static final int AT_ONCE = 100;

    private final RemoteJob job;
    private final Mailbox mailbox;
    private final ArtifactStore store;
    private final Duration pause;
    private final Ticker ticker;
    private final Path state;
    private long next;
    private Optional<Duration> looked = Optional.empty();
    private Duration since;
    private Duration ahead;
    private boolean stalled;
    private String ordered = "";

    /**
     * @param pause between two looks for messages
     */
    Relay(RemoteJob job, Mailbox mailbox, ArtifactStore store, Duration pause, Ticker ticker)
            throws IOException {
        this.job = job;
        this.mailbox = mailbox;
        this.store = store;
        this.pause = pause;
        this.ticker = ticker;
        this.state = job.directory().resolve(FILE);
        this.since = ticker.now();
        this.ahead = since;
        if (Files.exists(state)) {
            next = Long.parseLong(Files.readString(state).strip());
        }
    }

    /** Does what is to be done by now. */
    void step() throws IOException, InterruptedException {
        order();
        if (looked.isPresent() && ticker.now().minus(looked.get()).compareTo(pause) < 0) {
            return;
        }
        looked = Optional.of(ticker.now());
        take();
    }

    /** Takes all the messages that are there. */
    void take() throws IOException, InterruptedException {
        for (int taken = 0; taken < AT_ONCE; taken++) {
            Optional<byte[]> message = mailbox.message(next);
            if (message.isEmpty()) {
                missing();
                return;
            }
            apply(RelayMessage.read(message.get()));
            next++;
            Path aside = state.resolveSibling(FILE + ".new");
            Files.writeString(aside, Long.toString(next));
            Files.move(aside, state, StandardCopyOption.ATOMIC_MOVE);
            mailbox.forget(next - 1);
            since = ticker.now();
            ahead = since;
            stalled = false;
        }
    }

    /** Whether a log of this length is all here. */
    boolean has(long logBytes) {
        return job.written() >= logBytes;
    }

    /** For how long no message has come. */
    Duration silence() {
        return ticker.now().minus(since);
    }

    /** Whether a message is missing that others have followed. */
    boolean isStalled() {
        return stalled;
    }

    /** Looks once a minute whether it is only silence. */
    private void missing() throws IOException {
        if (!stalled && ticker.now().minus(ahead).compareTo(STALLED) > 0) {
            ahead = ticker.now();
            if (mailbox.message(next + 1).isPresent()) {
                stalled = true;
                LOG.error(
                        "relay_stalled job={} missing={} hint=\"somebody has removed an object of this job; the others go on\"",
                        job.plan().payload().id(),
                        next);
            }
        }
    }

    private void apply(RelayMessage message) throws IOException, InterruptedException {
        switch (message) {
            case RelayMessage.Log log -> append(log.offset(), log.bytes());
            case RelayMessage.Upload upload -> mailbox.answer(next, upload(upload));
            case RelayMessage.Download download -> mailbox.answer(next, download(download));
        }
    }

    private void append(long offset, byte[] bytes) throws IOException {
        long have = job.written();
        if (offset > have) {
            throw new IOException(
                    "the log of job %d has %d bytes and message %d goes on at %d"
                            .formatted(job.plan().payload().id(), have, next, offset));
        }
        // The process before this one may have come so far and no further.
        long known = Math.min(bytes.length, have - offset);
        job.append(bytes, (int) known, (int) (bytes.length - known));
    }

    private void order() throws IOException {
        String wanted =
                switch (job.stop()) {
                    case CANCELED -> "cancel";
                    case OVER -> "over";
                    case NONE, MANAGER -> "";
                };
        if (!wanted.isEmpty() && !wanted.equals(ordered)) {
            mailbox.order(wanted.getBytes(StandardCharsets.US_ASCII));
            ordered = wanted;
        }
    }

    private RelayMessage.Answer upload(RelayMessage.Upload upload) throws InterruptedException {
        JobPayload payload = job.plan().payload();
        ArtifactStore.Upload sent =
                new ArtifactStore.Upload(
                        payload.id(),
                        payload.token(),
                        upload.type(),
                        upload.format(),
                        upload.expireIn(),
                        upload.filename(),
                        out -> {
                            try (InputStream in = mailbox.openFile(upload.file())) {
                                in.transferTo(out);
                            }
                        });
        try {
            ArtifactStore.UploadReply reply = store.upload(sent);
            if (reply instanceof ArtifactStore.Moved moved) {
                reply = store.upload(sent, moved.server());
            }
            return new RelayMessage.Answer(
                    reply.status(),
                    reply.correlationId(),
                    reply instanceof ArtifactStore.Refused refused ? refused.message() : "",
                    0);
        } catch (IOException e) {
            return new RelayMessage.Answer(0, "", String.valueOf(e.getMessage()), 0);
        }
    }

    private RelayMessage.Answer download(RelayMessage.Download download)
            throws InterruptedException {
        Secret token = Secret.NONE;
        for (Dependency each : job.plan().payload().dependencies()) {
            if (each.id() == download.jobId()) {
                token = each.token();
            }
        }
        Path file = job.directory().resolve("relay.part");
        try {
            ArtifactStore.DownloadReply reply =
                    store.download(new ArtifactStore.Download(download.jobId(), token, false, 0));
            return switch (reply) {
                case ArtifactStore.NotGiven refused ->
                        new RelayMessage.Answer(
                                refused.status(), refused.correlationId(), refused.message(), 0);
                case ArtifactStore.Archive archive -> {
                    try (archive) {
                        Files.copy(archive.body(), file, StandardCopyOption.REPLACE_EXISTING);
                    }
                    mailbox.putFile(download.file(), file);
                    yield new RelayMessage.Answer(
                            archive.status(), archive.correlationId(), "", Files.size(file));
                }
            };
        } catch (IOException e) {
            return new RelayMessage.Answer(0, "", String.valueOf(e.getMessage()), 0);
        } finally {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                LOG.warn("file_left file={} error=\"{}\"", file, e.toString());
            }
        }
    }

    /** Removes all that it has to do with. */
    void clear() throws IOException {
        mailbox.clearRelay();
    }
}
