package io.armrunner.coordinator;

import java.nio.file.Path;

/**
 * One uploaded file.
 *
 * @param type the {@code artifact_type}
 * @param format the {@code artifact_format}
 * @param expireIn as sent; empty when it was not
 * @param filename the name in the multipart body
 * @param file where the bytes are, until the coordinator is closed
 * @param size their number
 * @param sha256 their hash, 64 lower-case hex digits
 * @param stateWhenSent the job's state when the upload ended
 */
public record StoredArtifact(
        String type,
        String format,
        String expireIn,
        String filename,
        Path file,
        long size,
        String sha256,
        JobState stateWhenSent) {}
