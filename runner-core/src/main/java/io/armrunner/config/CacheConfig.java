package io.armrunner.config;

import io.armrunner.spec.Secret;
import java.util.Optional;

/**
 * {@code [runners.cache]}: where caches are shared between machines (job-semantics §10.4).
 *
 * @param type {@code s3}, {@code gcs} or {@code azure}; empty keeps caches on this machine
 * @param path what every key is prefixed with
 * @param shared whether runners share a cache
 * @param maxUploadedArchiveSize the largest archive to upload in bytes, 0 for no limit
 * @param s3 the bucket, when the type is {@code s3}
 * @param gcs the {@code [runners.cache.gcs]} table, checked but not interpreted
 * @param azure the {@code [runners.cache.azure]} table, checked but not interpreted
 */
public record CacheConfig(
        Optional<String> type,
        String path,
        boolean shared,
        long maxUploadedArchiveSize,
        S3 s3,
        Settings gcs,
        Settings azure) {

    /**
     * {@code [runners.cache.s3]}. An empty key or secret leaves it to the machine's own identity.
     */
    public record S3(
            Optional<String> serverAddress,
            Secret accessKey,
            Secret secretKey,
            Secret sessionToken,
            Optional<String> bucketName,
            Optional<String> bucketLocation,
            boolean insecure,
            Optional<String> authenticationType,
            Optional<String> serverSideEncryption,
            Optional<String> serverSideEncryptionKeyId,
            boolean dualStack,
            Optional<Boolean> pathStyle,
            boolean accelerate,
            Optional<String> roleArn,
            Optional<String> uploadRoleArn,
            int assumeRoleMaxConcurrency,
            boolean disableAssumeRoleCredentialsCaching) {}
}
