package io.armrunner.codebuild.agent;

import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.http.HttpReply;
import io.armrunner.protocol.ArtifactStore;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Artifacts that go and come by way of the manager. Thread-safe. */
final class RelayArtifacts implements ArtifactStore {
    private static final int CREATED = 201;
    private static final int OK = 200;

    private final RelayLine line;
    private final URI gitlab;
    private final Path directory;

    /**
     * @param gitlab as messages call the server
     * @param directory for what is on its way
     */
    RelayArtifacts(RelayLine line, URI gitlab, Path directory) {
        this.line = line;
        this.gitlab = gitlab;
        this.directory = directory;
    }

    @Override
    public URI server() {
        return gitlab;
    }

    @Override
    public UploadReply upload(Upload upload, URI server) throws IOException, InterruptedException {
        Path file = Files.createTempFile(directory, "relay-", ".part");
        try {
            try (OutputStream out = Files.newOutputStream(file)) {
                upload.content().writeTo(out);
            }
            long size = Files.size(file);
            long number = line.file();
            line.put(number, file);
            RelayMessage.Answer answer =
                    line.ask(
                            new RelayMessage.Upload(
                                    number,
                                    upload.type(),
                                    upload.format(),
                                    upload.expireIn(),
                                    upload.filename(),
                                    size));
            reached(answer);
            return answer.status() == CREATED
                    ? new Stored(answer.status(), answer.correlationId())
                    : new Refused(answer.status(), answer.correlationId(), answer.message());
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static void reached(RelayMessage.Answer answer) throws IOException {
        if (answer.status() == 0) {
            throw new IOException(answer.message());
        }
    }

    @Override
    public DownloadReply download(Download download) throws IOException, InterruptedException {
        long number = line.file();
        RelayMessage.Answer answer = line.ask(new RelayMessage.Download(number, download.jobId()));
        reached(answer);
        if (answer.status() != OK) {
            return new NotGiven(answer.status(), answer.correlationId(), answer.message());
        }
        HttpReply reply = line.open(number);
        return new Archive(
                OK,
                answer.correlationId(),
                0,
                OptionalLong.of(answer.size()),
                "",
                reply.body(),
                reply);
    }

    /** Whether it is for the manager to find out. */
    @Override
    public boolean isReachable() {
        return true;
    }
}
