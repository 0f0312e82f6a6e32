package io.armrunner.codebuild.s3;

import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.config.CacheConfig;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;

/**
 * Who signs: the configured key, the machine's own identity, or a role that one of the two assumes
 * (job-semantics §7.5). Thread-safe: {@code roles} is guarded by this object.
 */
final class S3Credentials {
    private static final int ROLE_SECONDS = 3600;
    // An answer of STS takes a second; behind five of them nobody waits for minutes.
    private static final long WAIT_SECONDS = 60;

    private final CacheConfig.S3 config;
    private final AwsCredentialsProvider own;
    private final Semaphore asking;
    private @Nullable StsAssumeRoleCredentialsProvider role;
    private @Nullable StsAssumeRoleCredentialsProvider uploadRole;

    private S3Credentials(CacheConfig.S3 config, AwsCredentialsProvider own) {
        this.config = config;
        this.own = own;
        this.asking = new Semaphore(config.assumeRoleMaxConcurrency());
    }

    /**
     * @throws IllegalArgumentException when the configuration does not say who
     */
    static S3Credentials of(CacheConfig.S3 config) {
        boolean hasKey = !config.accessKey().isEmpty() && !config.secretKey().isEmpty();
        String type = config.authenticationType().orElse("");
        boolean withKey =
                switch (type) {
                    case "access-key" -> true;
                    case "iam" -> false;
                    case "" -> hasKey && config.serverAddress().isPresent();
                    default ->
                            throw new IllegalArgumentException(
                                    "[runners.cache.s3] AuthenticationType = \"%s\" is not known: access-key and iam are"
                                            .formatted(type));
                };
        if (withKey && !hasKey) {
            throw new IllegalArgumentException(
                    "[runners.cache.s3] AuthenticationType = \"access-key\" needs AccessKey and SecretKey");
        }
        return new S3Credentials(config, withKey ? key(config) : chain());
    }

    private static AwsCredentialsProvider key(CacheConfig.S3 config) {
        String id = config.accessKey().value();
        String secret = config.secretKey().value();
        return StaticCredentialsProvider.create(
                config.sessionToken().isEmpty()
                        ? AwsBasicCredentials.create(id, secret)
                        : AwsSessionCredentials.create(id, secret, config.sessionToken().value()));
    }

    private static AwsCredentialsProvider chain() {
        return DefaultCredentialsProvider.builder().asyncCredentialUpdateEnabled(false).build();
    }

    /** Credentials that are valid now; may ask AWS for them. */
    AwsCredentials current(Operation operation, String region)
            throws IOException, InterruptedException {
        boolean upload = operation == Operation.PUT && config.uploadRoleArn().isPresent();
        Optional<String> arn = upload ? config.uploadRoleArn() : config.roleArn();
        if (arn.isEmpty()) {
            return own.resolveCredentials();
        }
        if (!asking.tryAcquire(WAIT_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException(
                    "Could not assume role %s: %d others were waiting for AWS for %d s"
                            .formatted(arn.get(), config.assumeRoleMaxConcurrency(), WAIT_SECONDS));
        }
        try {
            if (config.disableAssumeRoleCredentialsCaching()) {
                try (StsClient sts = sts(region);
                        StsAssumeRoleCredentialsProvider once = assume(arn.get(), sts)) {
                    return once.resolveCredentials();
                }
            }
            return role(arn.get(), upload, region).resolveCredentials();
        } finally {
            asking.release();
        }
    }

    private synchronized StsAssumeRoleCredentialsProvider role(
            String arn, boolean upload, String region) {
        StsAssumeRoleCredentialsProvider known = upload ? uploadRole : role;
        if (known == null) {
            known = assume(arn, sts(region));
            if (upload) {
                uploadRole = known;
            } else {
                role = known;
            }
        }
        return known;
    }

    private StsClient sts(String region) {
        return StsClient.builder()
                .region(Region.of(region))
                .credentialsProvider(own)
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .build();
    }

    private static StsAssumeRoleCredentialsProvider assume(String arn, StsClient sts) {
        return StsAssumeRoleCredentialsProvider.builder()
                .stsClient(sts)
                .refreshRequest(request ->
                        request.roleArn(arn)
                                .roleSessionName("armrunner-cache")
                                .durationSeconds(ROLE_SECONDS))
                .build();
    }
}
