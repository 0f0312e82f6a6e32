package io.armrunner.protocol;

import io.armrunner.http.BodyWriter;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.OptionalLong;

/**
 * Where the artifacts of jobs are (runner-protocol §7). Thread-safe; each call is one try and
 * blocks its thread; who calls decides whether to try again.
 */
public interface ArtifactStore {
    /** Sends an artifact to GitLab. */
    default UploadReply upload(Upload upload) throws IOException, InterruptedException {
        return upload(upload, server());
    }

    /**
     * Sends an artifact to a server that GitLab named in a redirect; the job's token goes with it
     * only if it is GitLab itself.
     *
     * @throws IOException when no answer came, or the content could not be produced
     */
    UploadReply upload(Upload upload, URI server) throws IOException, InterruptedException;

    /**
     * Asks for the archive of a job. The caller closes an {@link Archive}.
     *
     * @throws IOException when no answer came
     */
    DownloadReply download(Download download) throws IOException, InterruptedException;

    /** Asks whether GitLab is there at all, be it that it refuses what it is asked. */
    boolean isReachable() throws InterruptedException;

    /** Scheme, host and port of GitLab. */
    URI server();

    /**
     * One artifact to be sent.
     *
     * @param jobToken of the job itself
     * @param type such as {@code archive}, passed on as it is; empty for GitLab's default
     * @param format {@code zip}, {@code gzip}, {@code raw}, or empty
     * @param expireIn as the job has it, or empty
     * @param filename the name of the file, without directories
     * @param content writes the bytes, anew for each attempt
     */
    record Upload(
            long jobId,
            Secret jobToken,
            String type,
            String format,
            String expireIn,
            String filename,
            BodyWriter content) {}

    /**
     * One archive to be had.
     *
     * @param jobId of the job that made it
     * @param jobToken what the payload gave for this dependency
     * @param direct whether GitLab may send the runner to the storage itself
     * @param from the first byte that is wanted, behind those of a transfer that broke off
     */
    record Download(long jobId, Secret jobToken, boolean direct, long from) {}

    /** What became of an upload. */
    sealed interface UploadReply {
        /** The status of the answer. */
        int status();

        /** What the operator searches for in GitLab's logs. */
        String correlationId();
    }

    /** GitLab has it. */
    record Stored(int status, String correlationId) implements UploadReply {}

    /** It is to be sent to another server. */
    record Moved(int status, String correlationId, URI server) implements UploadReply {}

    /** GitLab refused it. */
    record Refused(int status, String correlationId, String message) implements UploadReply {}

    /** What became of a download. */
    sealed interface DownloadReply {
        int status();

        String correlationId();
    }

    /**
     * The bytes are coming.
     *
     * @param from the first one that comes: 0, if the server does not take up broken transfers
     * @param total the size of the whole archive, if the server says it
     * @param storageHost the host that sends them instead of GitLab, or empty
     */
    record Archive(
            int status,
            String correlationId,
            long from,
            OptionalLong total,
            String storageHost,
            InputStream body,
            AutoCloseable reply)
            implements DownloadReply, AutoCloseable {
        @Override
        public void close() throws IOException {
            try {
                reply.close();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException("the reply could not be closed: " + e.getMessage(), e);
            }
        }
    }

    /** There is none for us. */
    record NotGiven(int status, String correlationId, String message) implements DownloadReply {}
}
