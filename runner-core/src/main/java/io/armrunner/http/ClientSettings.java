package io.armrunner.http;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How an {@link HttpClient} connects (runner-protocol §1.5, §1.6).
 *
 * @param connect the limit of a TCP connect
 * @param handshake the limit of a TLS handshake
 * @param responseHeader how long a server may think; larger than a long poll
 * @param call the limit of a whole call, redirects and the reply's body included
 * @param connectionMaxAge how old an idle connection may get, so that new certificates and
 *     balancers are honoured
 * @param caFile certificates (PEM) that are trusted besides those of the Java runtime and of the
 *     operating system
 * @param certificateFile the client's certificate chain (PEM); used only together with {@code
 *     keyFile}
 * @param keyFile its unencrypted PKCS #8 key (PEM)
 * @param environment where {@code HTTP_PROXY}, {@code HTTPS_PROXY} and {@code NO_PROXY} are looked
 *     up
 */
public record ClientSettings(
        Duration connect,
        Duration handshake,
        Duration responseHeader,
        Duration call,
        Duration connectionMaxAge,
        Optional<Path> caFile,
        Optional<Path> certificateFile,
        Optional<Path> keyFile,
        Map<String, String> environment) {
    /** GitLab Runner's limits, no files, no proxy. */
    public static final ClientSettings DEFAULTS =
            new ClientSettings(
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(10),
                    Duration.ofMinutes(60),
                    Duration.ofMinutes(15),
                    Optional.empty(),
                    Optional.empty(),
                    Optional.empty(),
                    Map.of());

    public ClientSettings {
        environment = Map.copyOf(environment);
    }

    /** The same with these TLS files. */
    public ClientSettings withTls(
            Optional<Path> ca, Optional<Path> certificate, Optional<Path> key) {
        return new ClientSettings(
                connect,
                handshake,
                responseHeader,
                call,
                connectionMaxAge,
                ca,
                certificate,
                key,
                environment);
    }

    /**
     * The same with the files of a directory where no others are set: {@code <host>.crt} is a CA
     * file, {@code <host>.auth.crt} and {@code <host>.auth.key} are the client's pair. They may
     * come and go while the client runs.
     *
     * @param directory usually {@code certs} beside the configuration file
     * @param host of GitLab's url, without a port
     */
    public ClientSettings withCertificates(Path directory, String host) {
        boolean hasPair = certificateFile.isPresent() && keyFile.isPresent();
        return withTls(
                Optional.of(caFile.orElse(directory.resolve(host + ".crt"))),
                hasPair ? certificateFile : Optional.of(directory.resolve(host + ".auth.crt")),
                hasPair ? keyFile : Optional.of(directory.resolve(host + ".auth.key")));
    }

    /** The same with the proxies of this environment. */
    public ClientSettings withEnvironment(Map<String, String> variables) {
        return new ClientSettings(
                connect,
                handshake,
                responseHeader,
                call,
                connectionMaxAge,
                caFile,
                certificateFile,
                keyFile,
                variables);
    }

    /** The same with another age at which idle connections end. */
    public ClientSettings withConnectionMaxAge(Duration limit) {
        return new ClientSettings(
                connect,
                handshake,
                responseHeader,
                call,
                limit,
                caFile,
                certificateFile,
                keyFile,
                environment);
    }

    /** The same with another limit for the server's thinking. */
    public ClientSettings withResponseHeader(Duration limit) {
        return new ClientSettings(
                connect,
                handshake,
                limit,
                call,
                connectionMaxAge,
                caFile,
                certificateFile,
                keyFile,
                environment);
    }
}
