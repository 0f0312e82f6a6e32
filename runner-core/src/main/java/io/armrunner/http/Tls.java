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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The TLS side of a client (runner-protocol §1.5): which roots it trusts and which certificate it
 * shows. Built at the first https call and again when a file has changed; immutable.
 *
 * <p>Trusted are the roots of the Java runtime, those of the operating system, where administrators
 * put their own, and those of {@code caFile}.
 */
final class Tls {
    static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
    // Debian's and Red Hat's places of the system's roots; GitLab Runner looks there too.
    private static final List<Path> SYSTEM_BUNDLES =
            List.of(
                    Path.of("/etc/ssl/certs/ca-certificates.crt"),
                    Path.of("/etc/pki/tls/certs/ca-bundle.crt"));

    private final List<String> stamp;
    private final SslContext context;
    private final Set<X509Certificate> roots;

    private Tls(List<String> stamp, SslContext context, Set<X509Certificate> roots) {
        this.stamp = stamp;
        this.context = context;
        this.roots = roots;
    }

    /** Reads the files of {@code settings}. */
    static Tls read(ClientSettings settings) throws IOException {
        // First, so that a file that changes meanwhile is read again at the next call.
        List<String> stamp = stamp(settings);
        try {
            Set<X509Certificate> roots = new LinkedHashSet<>(runtimeRoots());
            for (Path bundle : SYSTEM_BUNDLES) {
                roots.addAll(certificates(bundle));
            }
            if (settings.caFile().isPresent()) {
                roots.addAll(certificates(settings.caFile().get()));
            }
            SslContextBuilder builder =
                    SslContextBuilder.forClient()
                            .sslProvider(SslProvider.JDK)
                            .protocols(PROTOCOLS)
                            .trustManager(trust(roots));
            if (exists(settings.certificateFile()) && exists(settings.keyFile())) {
                try (InputStream certificate =
                                Files.newInputStream(settings.certificateFile().orElseThrow());
                        InputStream key = PrivateKeyFile.open(settings.keyFile().orElseThrow())) {
                    builder.keyManager(certificate, key);
                }
            }
            return new Tls(stamp, builder.build(), roots);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new IOException(
                    "the TLS files %s and %s cannot be used (PEM, the key unencrypted as PKCS #8, or PKCS #1 for RSA): %s"
                            .formatted(
                                    settings.certificateFile(), settings.keyFile(), e.getMessage()),
                    e);
        }
    }

    /** Whether the files are as they were when they were read. */
    boolean isCurrent(ClientSettings settings) {
        return stamp.equals(stamp(settings));
    }

    SslContext context() {
        return context;
    }

    /**
     * The verified chain up to its root, which servers do not send: with it, other programs can
     * verify the server too.
     *
     * @param sent what the server showed, its own certificate first
     */
    List<X509Certificate> completed(List<X509Certificate> sent) {
        if (sent.isEmpty()) {
            return sent;
        }
        X509Certificate last = sent.getLast();
        if (roots.contains(last)) {
            return sent;
        }
        for (X509Certificate root : roots) {
            if (root.getSubjectX500Principal().equals(last.getIssuerX500Principal())
                    && isSignedBy(last, root)) {
                List<X509Certificate> whole = new ArrayList<>(sent);
                whole.add(root);
                return List.copyOf(whole);
            }
        }
        return sent;
    }

    private static boolean isSignedBy(X509Certificate certificate, X509Certificate issuer) {
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            LOG.debug("tls.other-issuer-of-that-name cause={}", e.toString());
            return false;
        }
    }

    private static List<String> stamp(ClientSettings settings) {
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

    private static boolean exists(Optional<Path> file) {
        return file.isPresent() && Files.exists(file.get());
    }

    // A missing file means the other roots; one that cannot be read is an error in the log and
    // means the same.
    private static List<X509Certificate> certificates(Path file) {
        if (!Files.exists(file)) {
            return List.of();
        }
        try (InputStream in = Files.newInputStream(file)) {
            List<X509Certificate> read = new ArrayList<>();
            for (Certificate certificate :
                    CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                if (certificate instanceof X509Certificate x509) {
                    read.add(x509);
                }
            }
            if (read.isEmpty()) {
                throw new CertificateException("there is no certificate in it");
            }
            return read;
        } catch (IOException | CertificateException e) {
            LOG.error(
                    "tls.ca-file-unusable file={} cause=\"{}\" effect=other-roots-only",
                    file,
                    e.toString());
            return List.of();
        }
    }

    private static TrustManagerFactory trust(Set<X509Certificate> roots)
            throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int index = 0;
        for (X509Certificate root : roots) {
            store.setCertificateEntry("root-" + index++, root);
        }
        return factory(store);
    }

    private static List<X509Certificate> runtimeRoots() throws GeneralSecurityException {
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
