package io.armrunner.codebuild.aws;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsSyncClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.codebuild.CodeBuildClient;
import software.amazon.awssdk.services.ec2.Ec2Client;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;
import software.amazon.awssdk.services.servicequotas.ServiceQuotasClient;
import software.amazon.awssdk.services.ssm.SsmClient;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * The clients of one account and region, each made when first asked for. Thread-safe; closed by
 * whoever opened it.
 */
public final class AwsClients implements AutoCloseable {
    // A healthy call takes a tenth of a second; a black hole must not hold the caller for minutes.
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration READ = Duration.ofSeconds(30);

    /**
     * All tries of a call but those of S3: within a minute it is known that AWS does not answer.
     */
    private static final Duration CALL = Duration.ofSeconds(50);

    /**
     * Throttling is common where thousands of builds are watched; a read can always be repeated.
     */
    private static final int ATTEMPTS = 6;

    private final AwsPlace place;
    private final SdkHttpClient http;
    private final AwsCredentialsProvider credentials;
    private final AwsCalls calls = new AwsCalls();
    private final Map<String, AutoCloseable> clients = new HashMap<>();

    private AwsClients(AwsPlace place, SdkHttpClient http, AwsCredentialsProvider credentials) {
        this.place = place;
        this.http = http;
        this.credentials = credentials;
    }

    /** Prepares them; makes no connection and reads no credentials yet. */
    public static AwsClients open(AwsPlace place) {
        return new AwsClients(
                place,
                UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT)
                        .socketTimeout(READ)
                        .build(),
                credentials(place));
    }

    private static AwsCredentialsProvider credentials(AwsPlace place) {
        if (place.keys().isPresent()) {
            return StaticCredentialsProvider.create(fixed(place.keys().get()));
        }
        if (place.profile().isPresent()) {
            return ProfileCredentialsProvider.create(place.profile().get());
        }
        return DefaultCredentialsProvider.builder().build();
    }

    private static AwsCredentials fixed(AwsPlace.Keys keys) {
        return keys.token().isEmpty()
                ? AwsBasicCredentials.create(keys.accessKey(), keys.secretKey().value())
                : AwsSessionCredentials.create(
                        keys.accessKey(), keys.secretKey().value(), keys.token().value());
    }

    /** What came of the calls so far. */
    public AwsCalls calls() {
        return calls;
    }

    public AwsPlace place() {
        return place;
    }

    /** For calls that may be repeated: reads, stops, set-up. */
    public CodeBuildClient codeBuild() {
        return client("codebuild", () -> prepare(CodeBuildClient.builder()).build());
    }

    /**
     * For {@code StartBuild}: one call is one request. Whether to try again after a lost answer is
     * for the caller to decide, with the same token.
     */
    public CodeBuildClient codeBuildOnce() {
        return client(
                "codebuild-once",
                () ->
                        prepare(CodeBuildClient.builder())
                                .overrideConfiguration(o ->
                                        o.retryStrategy(AwsRetryStrategy.doNotRetry())
                                                .apiCallTimeout(CALL)
                                                .addExecutionInterceptor(calls.counting()))
                                .build());
    }

    public S3Client s3() {
        // An address of one's own has no names for buckets.
        return client(
                "s3",
                () ->
                        prepare(S3Client.builder())
                                .forcePathStyle(place.endpoint().isPresent())
                                .overrideConfiguration(o ->
                                        o.retryStrategy(retries())
                                                .addExecutionInterceptor(calls.counting())
                                                .addExecutionInterceptor(new WithoutExpect()))
                                .build());
    }

    /** Signs requests for others to send; makes no calls itself. */
    public S3Presigner presigner() {
        return client(
                "presigner",
                () -> {
                    S3Presigner.Builder builder =
                            S3Presigner.builder()
                                    .region(Region.of(place.region()))
                                    .credentialsProvider(credentials)
                                    .serviceConfiguration(
                                            S3Configuration.builder()
                                                    .pathStyleAccessEnabled(
                                                            place.endpoint().isPresent())
                                                    .build());
                    place.endpoint().ifPresent(builder::endpointOverride);
                    return builder.build();
                });
    }

    public SsmClient ssm() {
        return client("ssm", () -> prepare(SsmClient.builder()).build());
    }

    public SecretsManagerClient secretsManager() {
        return client("secretsmanager", () -> prepare(SecretsManagerClient.builder()).build());
    }

    public CloudWatchLogsClient logs() {
        return client("logs", () -> prepare(CloudWatchLogsClient.builder()).build());
    }

    public IamClient iam() {
        return client(
                "iam",
                () -> {
                    var builder = prepare(IamClient.builder());
                    if (place.endpoint().isEmpty()) {
                        builder.region(globalRegion());
                    }
                    return builder.build();
                });
    }

    // IAM is one service for all regions of a partition.
    private Region globalRegion() {
        return place.region().startsWith("cn-")
                ? Region.AWS_CN_GLOBAL
                : place.region().startsWith("us-gov-")
                        ? Region.AWS_US_GOV_GLOBAL
                        : Region.AWS_GLOBAL;
    }

    public StsClient sts() {
        return client("sts", () -> prepare(StsClient.builder()).build());
    }

    public Ec2Client ec2() {
        return client("ec2", () -> prepare(Ec2Client.builder()).build());
    }

    public ServiceQuotasClient quotas() {
        return client("quotas", () -> prepare(ServiceQuotasClient.builder()).build());
    }

    private <B extends AwsSyncClientBuilder<B, C> & AwsClientBuilder<B, C>, C> B prepare(
            B builder) {
        builder.region(Region.of(place.region()))
                .credentialsProvider(credentials)
                .httpClient(http)
                .overrideConfiguration(o ->
                        o.retryStrategy(retries())
                                .apiCallTimeout(CALL)
                                .addExecutionInterceptor(calls.counting()));
        place.endpoint().ifPresent(builder::endpointOverride);
        return builder;
    }

    private static RetryStrategy retries() {
        return DefaultRetryStrategy.standardStrategyBuilder().maxAttempts(ATTEMPTS).build();
    }

    /**
     * Sends the body at once: with the JDK's client a refusal that comes instead of "100 Continue"
     * loses its text, and what is sent here is small.
     */
    private static final class WithoutExpect implements ExecutionInterceptor {
        @Override
        public SdkHttpRequest modifyHttpRequest(
                Context.ModifyHttpRequest context, ExecutionAttributes attributes) {
            return context.httpRequest().toBuilder().removeHeader("Expect").build();
        }
    }

    private synchronized <C extends AutoCloseable> C client(String name, Supplier<C> make) {
        @Nullable AutoCloseable known = clients.get(name);
        if (known == null) {
            known = make.get();
            clients.put(name, known);
        }
        @SuppressWarnings("unchecked") // a name stands for one class, in the methods above
        C client = (C) known;
        return client;
    }

    @Override
    public void close() {
        List<AutoCloseable> open;
        synchronized (this) {
            open = new ArrayList<>(clients.values());
            clients.clear();
        }
        for (AutoCloseable client : open) {
            try {
                client.close();
            } catch (Exception e) {
                throw new IllegalStateException("could not close a client of AWS", e);
            }
        }
        http.close();
        if (credentials instanceof AutoCloseable closeable) {
            try {
                closeable.close();
            } catch (Exception e) {
                throw new IllegalStateException("could not close the credentials", e);
            }
        }
    }
}
