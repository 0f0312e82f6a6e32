package io.armrunner.http;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS side of a client (runner-protocol §1.5): which roots it trusts and which certificate it
 * shows. Static functions; {@link #stamp} tells when the files changed.
 */
final class Tls {
    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

    private Tls() {}

    /** What the three files look like now: equal stamps mean that nothing is to be read again. */
    static List<String> stamp(ClientSettings settings) {
        return List.of(
                stamp(settings.caFile()),
                stamp(settings.certificateFile()),
                stamp(settings.keyFile()));
    }

    private static String stamp(Optional<Path> file) {
        if (file.isEmpty()) {
            return "";
        }
        try {
            return Files.getLastModifiedTime(file.get()) + "/" + Files.size(file.get());
        } catch (IOException e) {
            return "missing";
        }
    }

    /** Reads the files and builds the context. */
    static SslContext context(ClientSettings settings) throws IOException {
        try {
            SslContextBuilder builder =
                    SslContextBuilder.forClient()
                            .sslProvider(SslProvider.JDK)
                            .protocols("TLSv1.3", "TLSv1.2");
            List<X509Certificate> extra = extraRoots(settings.caFile());
            if (!extra.isEmpty()) {
                builder.trustManager(trust(extra));
            }
            if (exists(settings.certificateFile()) && exists(settings.keyFile())) {
                builder.keyManager(
                        settings.certificateFile().orElseThrow().toFile(),
                        settings.keyFile().orElseThrow().toFile());
            }
            return builder.build();
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "the TLS files %s, %s, %s cannot be used: %s"
                            .formatted(
                                    settings.caFile(),
                                    settings.certificateFile(),
                                    settings.keyFile(),
                                    e.getMessage()),
                    e);
        }
    }

    private static boolean exists(Optional<Path> file) {
        return file.isPresent() && Files.exists(file.get());
    }

    // A missing file means the system's roots; one that cannot be read is an error in the log and
    // means the same.
    private static List<X509Certificate> extraRoots(Optional<Path> file) {
        if (!exists(file)) {
            return List.of();
        }
        Path path = file.orElseThrow();
        try (InputStream in = Files.newInputStream(path)) {
            Collection<? extends Certificate> read =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            return read.stream().map(X509Certificate.class::cast).toList();
        } catch (IOException | CertificateException e) {
            LOG.error(
                    "tls.ca-file-unusable file={} cause={} effect=system-roots-only",
                    path,
                    e.toString());
            return List.of();
        }
    }

    private static TrustManagerFactory trust(List<X509Certificate> extra)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int index = 0;
        for (X509Certificate root : systemRoots()) {
            store.setCertificateEntry("system-" + index++, root);
        }
        for (X509Certificate root : extra) {
            store.setCertificateEntry("extra-" + index++, root);
        }
        return factory(store);
    }

    private static List<X509Certificate> systemRoots() throws GeneralSecurityException {
        for (TrustManager manager : factory(null).getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return Arrays.asList(x509.getAcceptedIssuers());
            }
        }
        return List.of();
    }

    private static TrustManagerFactory factory(@Nullable KeyStore store)
            throws GeneralSecurityException {
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory;
    }
}
