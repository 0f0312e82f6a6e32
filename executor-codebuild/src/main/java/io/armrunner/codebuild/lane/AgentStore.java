package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * The agent in one region's bucket, and the Java for images without one: each put there when the
 * first build needs it. Its name has its digest, what is there already is read and compared with
 * it, and a build is given the object's version: nobody can change it under a build. Thread-safe.
 */
final class AgentStore {
    private static final Logger LOG = LoggerFactory.getLogger(AgentStore.class);

    private final S3Client s3;
    private final String bucket;
    private final Optional<String> kmsKey;
    private final String architecture;
    private final AgentBundle.Maker maker;
    private final ReentrantLock lock = new ReentrantLock();
    private BuildRequest.@Nullable Agent agent;
    private Optional<BuildRequest.Agent> runtime = Optional.empty();
    private boolean runtimeSought;

    /**
     * @param architecture of the builds, as {@code uname -m} says it
     */
    AgentStore(
            S3Client s3,
            String bucket,
            Optional<String> kmsKey,
            String architecture,
            AgentBundle.Maker maker) {
        this.s3 = s3;
        this.bucket = bucket;
        this.kmsKey = kmsKey;
        this.architecture = architecture;
        this.maker = maker;
    }

    /** Where the agent is; puts it there first if need be. */
    BuildRequest.Agent agent() throws JobFailure, InterruptedException {
        lock.lockInterruptibly();
        try {
            BuildRequest.Agent known = agent;
            if (known == null) {
                try (AgentBundle bundle = maker.agent()) {
                    known = prepared(bundle);
                }
                agent = known;
            }
            return known;
        } catch (SdkException | IOException e) {
            throw failed(e);
        } finally {
            lock.unlock();
        }
    }

    /** Where the Java for images without one is; empty if there is none. */
    Optional<BuildRequest.Agent> runtime() throws JobFailure, InterruptedException {
        lock.lockInterruptibly();
        try {
            if (!runtimeSought) {
                runtime = preparedRuntime();
                runtimeSought = true;
            }
            return runtime;
        } catch (SdkException | IOException e) {
            throw failed(e);
        } finally {
            lock.unlock();
        }
    }

    private Optional<BuildRequest.Agent> preparedRuntime() throws IOException {
        Optional<AgentBundle> made = maker.runtime(architecture);
        if (made.isEmpty()) {
            return Optional.empty();
        }
        try (AgentBundle bundle = made.get()) {
            return Optional.of(prepared(bundle));
        }
    }

    private JobFailure failed(Exception e) {
        return new JobFailure(
                FailureReason.RUNNER_SYSTEM_FAILURE,
                e instanceof SdkException refused
                        ? AwsFailure.describe(
                                "put the agent into bucket " + bucket,
                                s3.serviceClientConfiguration().region().id(),
                                refused)
                        : "Could not put the agent into bucket %s: %s"
                                .formatted(bucket, e.getMessage()),
                e);
    }

    private BuildRequest.Agent prepared(AgentBundle bundle) throws IOException {
        String key = "agent/" + bundle.sha256() + ".zip";
        Optional<String> version = verified(key, bundle.sha256());
        if (version.isEmpty()) {
            PutObjectRequest.Builder put = PutObjectRequest.builder().bucket(bucket).key(key);
            kmsKey.ifPresent(name ->
                    put.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(name));
            version = Optional.of(text(s3.putObject(put.build(), body(bundle)).versionId()));
            LOG.info("agent_stored bucket={} key={} bytes={}", bucket, key, bundle.size());
        }
        return new BuildRequest.Agent(
                bucket + "/" + key,
                version.filter(name -> !name.isEmpty() && !name.equals("null")));
    }

    private static RequestBody body(AgentBundle bundle) throws IOException {
        return RequestBody.fromContentProvider(
                () -> {
                    try {
                        return bundle.open();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                bundle.size(),
                "application/zip");
    }

    /**
     * The version of what is there, if it is what its name says; an empty word in a bucket without
     * versions.
     */
    private Optional<String> verified(String key, String sha256) throws IOException {
        try (ResponseInputStream<GetObjectResponse> there =
                s3.getObject(ask -> ask.bucket(bucket).key(key))) {
            if (AgentBundle.digest(there).equals(sha256)) {
                return Optional.of(text(there.response().versionId()));
            }
            LOG.warn("agent_changed bucket={} key={} action=replaced", bucket, key);
            return Optional.empty();
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
