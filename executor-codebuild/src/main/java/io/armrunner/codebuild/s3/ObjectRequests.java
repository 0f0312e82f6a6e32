package io.armrunner.codebuild.s3;

import io.armrunner.cache.RemoteCache;
import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.cache.RemoteCache.PartStep;
import io.armrunner.cache.RemoteCache.Request;
import java.io.IOException;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.awscore.presigner.PresignedRequest;
import software.amazon.awssdk.services.s3.model.CreateMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/**
 * The requests about one object of a bucket, signed.
 *
 * @param presigner stays the caller's
 * @param encryption of new objects; empty for the bucket's own way
 * @param kmsKey for an encryption that wants one
 */
record ObjectRequests(
        S3Presigner presigner,
        String bucket,
        Optional<ServerSideEncryption> encryption,
        Optional<String> kmsKey,
        String object,
        Duration validity) {
    /** S3 takes 5 GiB in one request; parts of 64 MiB are more than any archive needs. */
    static final RemoteCache.Limits LIMITS = new RemoteCache.Limits(5L << 30, 64 << 20);

    private static final String CONTENT = "application/octet-stream";

    Request sign(Operation operation, String cacheKey) throws IOException {
        return request(
                switch (operation) {
                    case GET ->
                            presigner.presignGetObject(presign ->
                                    presign.signatureDuration(validity)
                                            .getObjectRequest(
                                                    get -> get.bucket(bucket).key(object)));
                    case HEAD ->
                            presigner.presignHeadObject(presign ->
                                    presign.signatureDuration(validity)
                                            .headObjectRequest(
                                                    head -> head.bucket(bucket).key(object)));
                    case PUT -> {
                        PutObjectRequest.Builder put =
                                PutObjectRequest.builder()
                                        .bucket(bucket)
                                        .key(object)
                                        .metadata(metadata(cacheKey));
                        encryption.ifPresent(put::serverSideEncryption);
                        kmsKey.ifPresent(put::ssekmsKeyId);
                        yield presigner.presignPutObject(presign ->
                                presign.signatureDuration(validity).putObjectRequest(put.build()));
                    }
                });
    }

    Request sign(PartStep step, String cacheKey) throws IOException {
        return request(
                switch (step) {
                    case PartStep.Begin _ -> {
                        CreateMultipartUploadRequest.Builder create =
                                CreateMultipartUploadRequest.builder()
                                        .bucket(bucket)
                                        .key(object)
                                        .contentType(CONTENT)
                                        .metadata(metadata(cacheKey));
                        encryption.ifPresent(create::serverSideEncryption);
                        kmsKey.ifPresent(create::ssekmsKeyId);
                        yield presigner.presignCreateMultipartUpload(presign ->
                                presign.signatureDuration(validity)
                                        .createMultipartUploadRequest(create.build()));
                    }
                    case PartStep.Part(String upload, int number) ->
                            presigner.presignUploadPart(presign ->
                                    presign.signatureDuration(validity)
                                            .uploadPartRequest(part ->
                                                    part.bucket(bucket)
                                                            .key(object)
                                                            .uploadId(upload)
                                                            .partNumber(number)));
                    case PartStep.Complete(String upload) ->
                            presigner.presignCompleteMultipartUpload(presign ->
                                    presign.signatureDuration(validity)
                                            .completeMultipartUploadRequest(complete ->
                                                    complete.bucket(bucket)
                                                            .key(object)
                                                            .uploadId(upload)));
                    case PartStep.GiveUp(String upload) ->
                            presigner.presignAbortMultipartUpload(presign ->
                                    presign.signatureDuration(validity)
                                            .abortMultipartUploadRequest(abort ->
                                                    abort.bucket(bucket)
                                                            .key(object)
                                                            .uploadId(upload)));
                });
    }

    private static Map<String, String> metadata(String cacheKey) {
        return Map.of("cachekey", headerText(cacheKey));
    }

    private static Request request(PresignedRequest signed) throws IOException {
        Map<String, String> headers = new HashMap<>();
        for (Map.Entry<String, List<String>> header : signed.signedHeaders().entrySet()) {
            // The client writes the host itself, and exactly as it was signed.
            if (!header.getKey().equalsIgnoreCase("host")) {
                headers.put(header.getKey(), String.join(",", header.getValue()));
            }
        }
        try {
            return new Request(signed.url().toURI(), headers);
        } catch (URISyntaxException e) {
            throw new IOException("the object's name makes no address: " + e.getReason(), e);
        }
    }

    /** Encodes what a header cannot carry. */
    static String headerText(String key) {
        StringBuilder text = new StringBuilder(key.length());
        for (byte b : key.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c > ' ' && c < 0x7f && c != '%';
            boolean inner = c == ' ' && !text.isEmpty();
            if (plain || inner) {
                text.append(c);
            } else {
                text.append('%').append(String.format(Locale.ROOT, "%02X", (int) c));
            }
        }
        return text.toString();
    }
}
