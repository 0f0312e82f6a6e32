package io.armrunner.codebuild.s3;

import io.armrunner.cache.RemoteCache;
import io.armrunner.config.CacheConfig;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * Signs requests for one bucket with AWS Signature Version 4 (job-semantics §7.5). Thread-safe.
 *
 * <p>Credentials are fetched when the first request is signed and kept until they end.
 */
public final class S3Cache implements RemoteCache {
    private static final String AWS = "amazonaws.com";
    // In front of every region: the SDK knows the better address of the bucket's own.
    private static final String GLOBAL = "s3." + AWS;
    private static final String GOOGLE = "storage.googleapis.com";

    private final CacheConfig.S3 config;
    private final String bucket;
    private final @Nullable URI endpoint;
    private final S3Credentials credentials;
    private final BucketRegion region;
    private final Limits limits;

    private S3Cache(
            CacheConfig.S3 config,
            String bucket,
            @Nullable URI endpoint,
            S3Credentials credentials,
            BucketRegion region,
            Limits limits) {
        this.config = config;
        this.bucket = bucket;
        this.endpoint = endpoint;
        this.credentials = credentials;
        this.region = region;
        this.limits = limits;
    }

    /**
     * The cache of a {@code [runners.cache.s3]} table. Makes no connection.
     *
     * @throws IllegalArgumentException when the table cannot be used, with what to change
     */
    public static S3Cache of(CacheConfig.S3 config) {
        return of(config, ObjectRequests.LIMITS);
    }

    /** The same with other limits. */
    static S3Cache of(CacheConfig.S3 config, Limits limits) {
        String bucket =
                config.bucketName()
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "[runners.cache.s3] has no BucketName"));
        encryption(config);
        URI endpoint = endpoint(config);
        return new S3Cache(
                config,
                bucket,
                endpoint,
                S3Credentials.of(config),
                new BucketRegion(config, bucket, endpoint),
                limits);
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException, InterruptedException {
        return sign(operation, object, validity, requests -> requests.sign(operation, cacheKey));
    }

    @Override
    public Request sign(PartStep step, String object, String cacheKey, Duration validity)
            throws IOException, InterruptedException {
        return sign(Operation.PUT, object, validity, requests -> requests.sign(step, cacheKey));
    }

    /** Signs a request. */
    @FunctionalInterface
    private interface Signing {
        Request sign(ObjectRequests requests) throws IOException;
    }

    private Request sign(Operation right, String object, Duration validity, Signing signing)
            throws IOException, InterruptedException {
        try {
            AwsCredentials key = credentials.current(right, region.name());
            try (S3Presigner presigner = presigner(key)) {
                return signing.sign(
                        new ObjectRequests(
                                presigner,
                                bucket,
                                encryption(config),
                                config.serverSideEncryptionKeyId().filter(_ -> usesKey(config)),
                                object,
                                validity));
            }
        } catch (AbortedException e) {
            InterruptedException interrupted = new InterruptedException(e.getMessage());
            interrupted.initCause(e);
            throw interrupted;
        } catch (SdkException | IllegalArgumentException e) {
            throw new IOException(
                    "Could not sign a request for bucket %s: %s. Check AuthenticationType and the keys in [runners.cache.s3], or the identity of this machine."
                            .formatted(bucket, e.getMessage()),
                    e);
        }
    }

    private S3Presigner presigner(AwsCredentials key) {
        S3Presigner.Builder builder =
                S3Presigner.builder()
                        .region(Region.of(region.name()))
                        .credentialsProvider(StaticCredentialsProvider.create(key))
                        .dualstackEnabled(isDualStack())
                        .serviceConfiguration(
                                S3Configuration.builder()
                                        .pathStyleAccessEnabled(isPathStyle())
                                        .accelerateModeEnabled(
                                                config.accelerate() && endpoint == null)
                                        .build());
        if (endpoint != null) {
            builder.endpointOverride(endpoint);
        }
        return builder.build();
    }

    // An address of one's own has one form only.
    private boolean isDualStack() {
        return config.dualStack() && endpoint == null;
    }

    private boolean isPathStyle() {
        if (config.pathStyle().isPresent()) {
            return config.pathStyle().get();
        }
        String host = endpoint == null ? GLOBAL : String.valueOf(endpoint.getHost());
        boolean virtual = isBelow(host, AWS) || isBelow(host, GOOGLE);
        return !virtual;
    }

    private static boolean isBelow(String host, String domain) {
        return host.equals(domain) || host.endsWith("." + domain);
    }

    private static java.util.Optional<ServerSideEncryption> encryption(CacheConfig.S3 config) {
        return config.serverSideEncryption()
                .map(word ->
                        switch (word.toUpperCase(Locale.ROOT)) {
                            case "S3", "AES256" -> ServerSideEncryption.AES256;
                            case "KMS", "AWS:KMS" -> ServerSideEncryption.AWS_KMS;
                            case "DSSE-KMS", "AWS:KMS:DSSE" -> ServerSideEncryption.AWS_KMS_DSSE;
                            default ->
                                    throw new IllegalArgumentException(
                                            "[runners.cache.s3] ServerSideEncryption = \"%s\" is not known: S3, KMS and DSSE-KMS are"
                                                    .formatted(word));
                        });
    }

    private static boolean usesKey(CacheConfig.S3 config) {
        return encryption(config).filter(kind -> kind != ServerSideEncryption.AES256).isPresent();
    }

    /** The configured server; null for the addresses that AWS itself has for the bucket. */
    private static @Nullable URI endpoint(CacheConfig.S3 config) {
        String address = config.serverAddress().orElse("");
        if (address.isEmpty() || address.equalsIgnoreCase(GLOBAL)) {
            return null;
        }
        String scheme = config.insecure() ? "http" : "https";
        try {
            URI uri = new URI(scheme + "://" + address);
            if (uri.getHost() == null || (uri.getPath() != null && uri.getPath().length() > 1)) {
                throw new IllegalArgumentException(
                        "[runners.cache.s3] ServerAddress = \"%s\" is no host with an optional port"
                                .formatted(address));
            }
            int canonical = config.insecure() ? 80 : 443;
            int port = uri.getPort() == canonical ? -1 : uri.getPort();
            return new URI(scheme, null, uri.getHost(), port, null, null, null);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(
                    "[runners.cache.s3] ServerAddress = \"%s\" is no host with an optional port: %s"
                            .formatted(address, e.getReason()),
                    e);
        }
    }
}
