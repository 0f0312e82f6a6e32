package io.armrunner.codebuild.fake;

import java.io.InputStream;
import java.net.URI;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.services.s3.model.CopyObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * Keeps objects in memory and speaks S3's protocol about them; knows neither rights nor versions.
 * Thread-safe.
 */
final class ObjectServer implements AutoCloseable {
    // Beside each bucket one with the content of its versions.
    private static final String VERSIONS = "-versions";

    // Kept here: a logger that nobody holds forgets its level.
    private static final Logger TALK = Logger.getLogger("org.gaul");
    private static final Logger JETTY = Logger.getLogger("org.eclipse.jetty");

    private final TransientNio2BlobStore store = new TransientNio2BlobStore();
    private final S3Proxy server;

    ObjectServer() {
        TALK.setLevel(Level.WARNING);
        JETTY.setLevel(Level.WARNING);
        server =
                S3Proxy.builder()
                        .blobStore(store)
                        .endpoint(URI.create("http://127.0.0.1:0"))
                        .awsAuthentication(AuthenticationType.NONE, "", "")
                        .ignoreUnknownHeaders(true)
                        .build();
        try {
            server.start();
        } catch (Exception e) {
            throw new IllegalStateException("could not start the server for objects", e);
        }
    }

    String url() {
        return "http://127.0.0.1:" + server.getPort();
    }

    void createBucket(String name) {
        store.createContainer(name);
        store.createContainer(name + VERSIONS);
    }

    void deleteBucket(String name) {
        store.deleteContainer(name);
        store.deleteContainer(name + VERSIONS);
    }

    boolean isEmpty(String bucket) {
        return store.list(bucket).contents().isEmpty();
    }

    void delete(String bucket, String key) {
        store.removeBlob(bucket, key);
    }

    void keepVersion(String bucket, String key, String version) {
        store.copyBlob(
                CopyObjectRequest.builder()
                        .sourceBucket(bucket)
                        .sourceKey(key)
                        .destinationBucket(bucket + VERSIONS)
                        .destinationKey(key + "/" + version)
                        .build());
    }

    void dropVersion(String bucket, String key, String version) {
        store.removeBlob(bucket + VERSIONS, key + "/" + version);
    }

    static String versionPath(String bucket, String key, String version) {
        return "/" + bucket + VERSIONS + "/" + key + "/" + version;
    }

    InputStream open(String bucket, String key, String version) throws ServiceError {
        try {
            return version.isEmpty()
                    ? store.getBlob(bucket, key)
                    : store.getBlob(bucket + VERSIONS, key + "/" + version);
        } catch (S3Exception e) {
            throw new ServiceError(404, "NoSuchKey", "The specified key does not exist.");
        }
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("could not stop the server for objects", e);
        }
    }
}
