package io.armrunner.codebuild.lane;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * The agent in one region's bucket, put there when the first build starts. Its name has its digest,
 * and a build is given the object's version: nobody can change it under a build. Thread-safe.
 */
final class AgentStore {
    private static final Logger LOG = LoggerFactory.getLogger(AgentStore.class);

    private final S3Client s3;
    private final String bucket;
    private final Optional<String> kmsKey;
    private final AgentBundle.Maker maker;
    private final ReentrantLock lock = new ReentrantLock();
    private BuildRequest.@Nullable Agent agent;

    AgentStore(S3Client s3, String bucket, Optional<String> kmsKey, AgentBundle.Maker maker) {
        this.s3 = s3;
        this.bucket = bucket;
        this.kmsKey = kmsKey;
        this.maker = maker;
    }

    /** Where the agent is; puts it there first if need be. */
    BuildRequest.Agent agent() throws JobFailure, InterruptedException {
        lock.lockInterruptibly();
        try {
            BuildRequest.Agent known = agent;
            if (known == null) {
                known = prepared();
                agent = known;
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    private BuildRequest.Agent prepared() throws JobFailure {
        try {
            AgentBundle bundle = maker.make();
            String key = "agent/" + bundle.sha256() + ".zip";
            Optional<String> version = head(key);
            if (version.isEmpty()) {
                PutObjectRequest.Builder put = PutObjectRequest.builder().bucket(bucket).key(key);
                kmsKey.ifPresent(name ->
                        put.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(name));
                version =
                        Optional.of(
                                text(
                                        s3.putObject(
                                                        put.build(),
                                                        RequestBody.fromBytes(bundle.zip()))
                                                .versionId()));
                LOG.info(
                        "agent_stored bucket={} key={} bytes={}", bucket, key, bundle.zip().length);
            }
            return new BuildRequest.Agent(
                    bucket + "/" + key,
                    version.filter(name -> !name.isEmpty() && !name.equals("null")));
        } catch (SdkException | IOException e) {
            throw new JobFailure(
                    FailureReason.RUNNER_SYSTEM_FAILURE,
                    "Could not put the agent into bucket %s: %s".formatted(bucket, e.getMessage()),
                    e);
        }
    }

    /** The version of what is there; an empty word in a bucket without versions. */
    private Optional<String> head(String key) {
        try {
            HeadObjectResponse head = s3.headObject(ask -> ask.bucket(bucket).key(key));
            return Optional.of(text(head.versionId()));
        } catch (S3Exception e) {
            if (e.statusCode() == 404 || e.statusCode() == 403) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static String text(@Nullable String value) {
        return value == null ? "" : value;
    }
}
