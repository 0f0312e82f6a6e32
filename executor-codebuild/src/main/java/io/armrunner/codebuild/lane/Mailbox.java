package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.PartSizes;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.files.ChannelPart;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;

/**
 * The manager's side of one build's objects. Used by the job's thread.
 *
 * @see JobKeys
 */
final class Mailbox {
    private static final String CONTENT = "application/octet-stream";
    private static final int THERE_ALREADY = 412;
    private static final int AT_THE_SAME_TIME = 409;

    private final S3Client s3;
    private final String bucket;
    private final Optional<String> kmsKey;
    private final JobKeys keys;
    private final PartSizes sizes;

    Mailbox(S3Client s3, String bucket, Optional<String> kmsKey, String buildArn) {
        this(s3, bucket, kmsKey, buildArn, PartSizes.S3);
    }

    /** The same with other sizes. */
    Mailbox(S3Client s3, String bucket, Optional<String> kmsKey, String buildArn, PartSizes sizes) {
        this.s3 = s3;
        this.bucket = bucket;
        this.kmsKey = kmsKey;
        this.keys = new JobKeys(buildArn);
        this.sizes = sizes;
    }

    /** Leaves the job for the agent; a second time changes nothing. */
    void put(byte[] payload) throws IOException {
        putOnce(keys.payload(), payload);
    }

    /** Takes the job back, if the agent has not claimed it; says whether it is ours. */
    boolean takeBack() throws IOException {
        boolean ours =
                putOnce(
                        keys.claim(),
                        "manager".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        if (!ours) {
            // An earlier process of ours may have done so.
            ours =
                    get(keys.claim())
                            .map(bytes ->
                                    new String(bytes, java.nio.charset.StandardCharsets.US_ASCII))
                            .filter("manager"::equals)
                            .isPresent();
        }
        if (ours) {
            delete(keys.payload());
        }
        return ours;
    }

    /** Whether somebody owns the job. */
    boolean isClaimed() throws IOException {
        return get(keys.claim()).isPresent();
    }

    /** How the job ended, if the agent said so. */
    Optional<Receipt> receipt() throws IOException {
        Optional<byte[]> bytes = get(keys.receipt());
        return bytes.isEmpty() ? Optional.empty() : Optional.of(Receipt.read(bytes.get()));
    }

    /** The log of a job whose end GitLab did not take. */
    Optional<byte[]> log() throws IOException {
        return get(keys.log());
    }

    /** Removes all of it. */
    void clear(boolean withPayload, boolean withLog) throws IOException {
        if (withPayload) {
            delete(keys.payload());
        }
        if (withLog) {
            delete(keys.log());
        }
        delete(keys.claim());
        delete(keys.receipt());
    }

    /** What the agent wants to have signed, unless that is done. */
    Optional<byte[]> wanted() throws IOException {
        return get(keys.wanted());
    }

    /** Answers what the agent wants to have signed. */
    void putSigned(byte[] answer) throws IOException {
        put(keys.signed(), RequestBody.fromBytes(answer));
        delete(keys.wanted());
    }

    /** A message of the agent's, if it is there. */
    Optional<byte[]> message(long number) throws IOException {
        return get(keys.message(number));
    }

    /** Removes a message that is applied. */
    void forget(long number) throws IOException {
        delete(keys.message(number));
    }

    /** Answers a message; again, if the process before this one has done so. */
    void answer(long number, RelayMessage.Answer answer) throws IOException {
        put(keys.answer(number), RequestBody.fromBytes(answer.json()));
    }

    /** Tells the agent what to do. */
    void order(byte[] word) throws IOException {
        put(keys.order(), RequestBody.fromBytes(word));
    }

    void putSources(Path file) throws IOException {
        put(keys.sources(), file);
    }

    /** The file that a message is about, for the agent. */
    void putFile(long number, Path file) throws IOException {
        put(keys.file(number), file);
    }

    /** The file that a message of the agent's is about. */
    InputStream openFile(long number) throws IOException {
        try {
            return s3.getObject(get -> get.bucket(bucket).key(keys.file(number)));
        } catch (SdkException e) {
            throw failed("read", keys.file(number), e);
        }
    }

    /** Removes what a relay leaves. */
    void clearRelay() throws IOException {
        for (S3Object each :
                s3.listObjectsV2Paginator(list -> list.bucket(bucket).prefix(keys.prefix()))
                        .contents()) {
            delete(each.key());
        }
    }

    /** A file, in parts if it is large. */
    private void put(String key, Path file) throws IOException {
        long size = Files.size(file);
        if (!sizes.isInParts(size)) {
            put(key, RequestBody.fromFile(file));
            return;
        }
        CreateMultipartUploadRequest.Builder create =
                CreateMultipartUploadRequest.builder().bucket(bucket).key(key);
        kmsKey.ifPresent(name ->
                create.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(name));
        try {
            String upload = s3.createMultipartUpload(create.build()).uploadId();
            boolean whole = false;
            try {
                List<CompletedPart> parts = parts(key, upload, file, size);
                s3.completeMultipartUpload(complete ->
                        complete.bucket(bucket)
                                .key(key)
                                .uploadId(upload)
                                .multipartUpload(all -> all.parts(parts)));
                whole = true;
            } finally {
                if (!whole) {
                    s3.abortMultipartUpload(
                            abort -> abort.bucket(bucket).key(key).uploadId(upload));
                }
            }
        } catch (SdkException e) {
            throw failed("write", key, e);
        }
    }

    private List<CompletedPart> parts(String key, String upload, Path file, long size)
            throws IOException {
        long length = sizes.partOf(size);
        List<CompletedPart> parts = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file)) {
            for (long at = 0; at < size; at += length) {
                int number = parts.size() + 1;
                long from = at;
                long bytes = Math.min(length, size - at);
                RequestBody body =
                        RequestBody.fromContentProvider(
                                () -> new ChannelPart(channel, from, bytes), bytes, CONTENT);
                String mark =
                        s3.uploadPart(
                                        part ->
                                                part.bucket(bucket)
                                                        .key(key)
                                                        .uploadId(upload)
                                                        .partNumber(number),
                                        body)
                                .eTag();
                parts.add(CompletedPart.builder().partNumber(number).eTag(mark).build());
            }
        }
        return parts;
    }

    private void put(String key, RequestBody body) throws IOException {
        PutObjectRequest.Builder put = PutObjectRequest.builder().bucket(bucket).key(key);
        kmsKey.ifPresent(
                name -> put.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(name));
        try {
            s3.putObject(put.build(), body);
        } catch (SdkException e) {
            throw failed("write", key, e);
        }
    }

    private boolean putOnce(String key, byte[] bytes) throws IOException {
        PutObjectRequest.Builder put =
                PutObjectRequest.builder().bucket(bucket).key(key).ifNoneMatch("*");
        kmsKey.ifPresent(
                name -> put.serverSideEncryption(ServerSideEncryption.AWS_KMS).ssekmsKeyId(name));
        for (int attempt = 1; ; attempt++) {
            try {
                s3.putObject(put.build(), RequestBody.fromBytes(bytes));
                return true;
            } catch (S3Exception e) {
                if (e.statusCode() == THERE_ALREADY) {
                    return false;
                }
                if (e.statusCode() != AT_THE_SAME_TIME || attempt == 3) {
                    throw failed("write", key, e);
                }
            } catch (SdkException e) {
                throw failed("write", key, e);
            }
        }
    }

    private Optional<byte[]> get(String key) throws IOException {
        try {
            ResponseBytes<GetObjectResponse> bytes =
                    s3.getObjectAsBytes(get -> get.bucket(bucket).key(key));
            return Optional.of(bytes.asByteArray());
        } catch (S3Exception e) {
            // Without the right to list, what is not there is forbidden.
            if (e.statusCode() == 404 || e.statusCode() == 403) {
                return Optional.empty();
            }
            throw failed("read", key, e);
        } catch (SdkException e) {
            throw failed("read", key, e);
        }
    }

    private void delete(String key) throws IOException {
        try {
            s3.deleteObject(delete -> delete.bucket(bucket).key(key));
        } catch (SdkException e) {
            throw failed("delete", key, e);
        }
    }

    private IOException failed(String what, String key, SdkException why) {
        return new IOException(
                AwsFailure.describe(
                        "%s s3://%s/%s".formatted(what, bucket, key),
                        s3.serviceClientConfiguration().region().id(),
                        why),
                why);
    }
}
