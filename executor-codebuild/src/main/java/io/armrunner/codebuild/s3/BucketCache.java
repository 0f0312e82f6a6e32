package io.armrunner.codebuild.s3;

import io.armrunner.cache.RemoteCache;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.core.exception.SdkException;
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
    public Limits limits() {
        return ObjectRequests.LIMITS;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException {
        return sign(object, validity, requests -> requests.sign(operation, cacheKey));
    }

    @Override
    public Request sign(PartStep step, String object, String cacheKey, Duration validity)
            throws IOException {
        return sign(object, validity, requests -> requests.sign(step, cacheKey));
    }

    /** Signs a request. */
    @FunctionalInterface
    private interface Signing {
        Request sign(ObjectRequests requests) throws IOException;
    }

    private Request sign(String object, Duration validity, Signing signing) throws IOException {
        try {
            return signing.sign(
                    new ObjectRequests(
                            presigner,
                            bucket,
                            kmsKey.map(_ -> ServerSideEncryption.AWS_KMS),
                            kmsKey,
                            object,
                            validity));
        } catch (SdkException | IllegalArgumentException e) {
            throw new IOException(
                    "Could not sign a request for bucket %s: %s".formatted(bucket, e.getMessage()),
                    e);
        }
    }
}
