package io.armrunner.codebuild.s3;

import io.armrunner.config.CacheConfig;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;

/**
 * Where a bucket is: as configured, or as AWS says when it is asked the first time (job-semantics
 * §7.5). Thread-safe: two threads may ask at once and hear the same.
 */
final class BucketRegion {
    private static final Logger LOG = LoggerFactory.getLogger(BucketRegion.class);
    private static final String DEFAULT = "us-east-1";
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final String bucket;
    private volatile @Nullable String name;

    /**
     * @param endpoint the server if it is not AWS's own: such a one cares little for regions
     */
    BucketRegion(CacheConfig.S3 config, String bucket, @Nullable URI endpoint) {
        this.bucket = bucket;
        String configured = config.bucketLocation().orElse("");
        if (!configured.isEmpty()) {
            name = configured;
        } else if (endpoint != null) {
            name = regionOf(String.valueOf(endpoint.getHost()));
        }
    }

    String name() {
        String known = name;
        if (known == null) {
            known = asked();
            name = known;
        }
        return known;
    }

    // s3.eu-west-1.amazonaws.com
    private static String regionOf(String host) {
        String[] parts = host.split("\\.", -1);
        boolean regional =
                parts.length >= 4 && parts[0].equals("s3") && parts[2].equals("amazonaws");
        return regional ? parts[1] : DEFAULT;
    }

    // AWS says it to everybody, with or without the right to read.
    private String asked() {
        URI address = URI.create("https://s3.amazonaws.com/" + bucket);
        try (SdkHttpClient client =
                UrlConnectionHttpClient.builder()
                        .connectionTimeout(LIMIT)
                        .socketTimeout(LIMIT)
                        .build()) {
            return client.prepareRequest(
                            HttpExecuteRequest.builder()
                                    .request(
                                            SdkHttpRequest.builder()
                                                    .method(SdkHttpMethod.HEAD)
                                                    .uri(address)
                                                    .build())
                                    .build())
                    .call()
                    .httpResponse()
                    .firstMatchingHeader("x-amz-bucket-region")
                    .orElse(DEFAULT);
        } catch (IOException e) {
            LOG.warn(
                    "cache.region-unknown bucket=\"{}\" using={} cause=\"{}\" help=\"set BucketLocation in [runners.cache.s3]\"",
                    bucket,
                    DEFAULT,
                    e.toString());
            return DEFAULT;
        }
    }
}
