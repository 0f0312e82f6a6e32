package io.armrunner.codebuild.s3;

import io.armrunner.config.CacheConfig;
import io.armrunner.config.Settings;
import io.armrunner.spec.Secret;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/** An S3 server on loopback that checks every signature, with one empty bucket. */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "ci-cache";
    static final String ACCESS_KEY = "AKIATESTKEY";
    static final String SECRET_KEY = "a-secret-of-the-test";

    // Kept here: a logger that nobody holds forgets its level.
    private static final Logger TALK = Logger.getLogger("org.gaul");

    private final TransientNio2BlobStore store = new TransientNio2BlobStore();
    private final S3Proxy proxy;

    S3Server() throws Exception {
        TALK.setLevel(Level.WARNING);
        store.createContainer(BUCKET);
        proxy =
                S3Proxy.builder()
                        .blobStore(store)
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, SECRET_KEY)
                        // Last-Modified is no header that S3 knows on a PUT.
                        .ignoreUnknownHeaders(true)
                        .build();
        proxy.start();
    }

    List<String> objects() {
        return store.list(BUCKET).contents().stream().map(S3Object::key).sorted().toList();
    }

    /** Uploads in parts that were begun and neither completed nor given up. */
    List<?> uploads() {
        return store.listMultipartUploads(BUCKET);
    }

    HeadObjectResponse head(String object) {
        return store.blobMetadata(BUCKET, object);
    }

    void delete(String object) {
        store.removeBlob(BUCKET, object);
    }

    /** The configuration of a runner that uses the server. */
    CacheConfig config(String path, boolean shared, long maxSize) {
        return config(path, shared, maxSize, SECRET_KEY);
    }

    CacheConfig config(String path, boolean shared, long maxSize, String secretKey) {
        return new CacheConfig(
                Optional.of("s3"),
                path,
                shared,
                maxSize,
                s3("127.0.0.1:" + proxy.getPort(), secretKey, Optional.empty(), Optional.empty()),
                Settings.EMPTY,
                Settings.EMPTY);
    }

    static CacheConfig.S3 s3(
            String address,
            String secretKey,
            Optional<String> encryption,
            Optional<Boolean> pathStyle) {
        return new CacheConfig.S3(
                Optional.of(address).filter(text -> !text.isEmpty()),
                Secret.of(ACCESS_KEY),
                Secret.of(secretKey),
                Secret.NONE,
                Optional.of(BUCKET),
                Optional.of("eu-central-1"),
                true,
                Optional.of("access-key"),
                encryption,
                encryption.map(_ -> "arn:aws:kms:eu-central-1:1:key/k"),
                true,
                pathStyle,
                false,
                Optional.empty(),
                Optional.empty(),
                5,
                false);
    }

    @Override
    public void close() {
        try {
            proxy.stop();
        } catch (Exception e) {
            throw new IllegalStateException("could not stop the S3 server", e);
        }
    }
}
