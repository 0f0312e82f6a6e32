package io.armrunner.codebuild.s3;

import io.armrunner.cache.RemoteCache;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.awscore.presigner.PresignedRequest;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * Caches in a bucket that the signer's owner knows already, with what it knows of it. Thread-safe.
 */
public final class BucketCache implements RemoteCache {
    private final S3Presigner presigner;
    private final String bucket;
    private final Optional<String> kmsKey;

    /**
     * @param presigner stays the caller's
     * @param kmsKey what objects are encrypted with; empty for the bucket's own way
     */
    public BucketCache(S3Presigner presigner, String bucket, Optional<String> kmsKey) {
        this.presigner = presigner;
        this.bucket = bucket;
        this.kmsKey = kmsKey;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException {
        try {
            return S3Cache.request(presigned(operation, object, cacheKey, validity));
        } catch (SdkException | IllegalArgumentException e) {
            throw new IOException(
                    "Could not sign a request for bucket %s: %s".formatted(bucket, e.getMessage()),
                    e);
        }
    }

    private PresignedRequest presigned(
            Operation operation, String object, String cacheKey, Duration validity) {
        return switch (operation) {
            case GET ->
                    presigner.presignGetObject(presign ->
                            presign.signatureDuration(validity)
                                    .getObjectRequest(get -> get.bucket(bucket).key(object)));
            case HEAD ->
                    presigner.presignHeadObject(presign ->
                            presign.signatureDuration(validity)
                                    .headObjectRequest(head -> head.bucket(bucket).key(object)));
            case PUT -> {
                PutObjectRequest.Builder put =
                        PutObjectRequest.builder()
                                .bucket(bucket)
                                .key(object)
                                .metadata(Map.of("cachekey", S3Cache.headerText(cacheKey)));
                kmsKey.ifPresent(key ->
                        put.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(key));
                yield presigner.presignPutObject(presign ->
                        presign.signatureDuration(validity).putObjectRequest(put.build()));
            }
        };
    }
}
