package io.armrunner.config;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The certificate files of one runner's connection to GitLab (runner-protocol §1.5): those that its
 * entry names, else those that lie in {@code certs} beside the configuration file under the host's
 * name.
 *
 * @param caFile who is trusted besides the system's own
 * @param certificateFile the client's certificate
 * @param keyFile its key
 */
public record RunnerCertificates(
        Optional<Path> caFile, Optional<Path> certificateFile, Optional<Path> keyFile) {
    /** Looks the files up; {@code directory} is the configuration file's. */
    public static RunnerCertificates of(RunnerConfig runner, Path directory) {
        Path certs = directory.resolve("certs");
        String host = host(runner.url());
        return new RunnerCertificates(
                runner.tlsCaFile().or(() -> existing(certs, host, ".crt")),
                runner.tlsCertFile().or(() -> existing(certs, host, ".auth.crt")),
                runner.tlsKeyFile().or(() -> existing(certs, host, ".auth.key")));
    }

    private static Optional<Path> existing(Path certs, String host, String ending) {
        return Optional.of(certs.resolve(host + ending))
                .filter(file -> !host.isEmpty() && Files.isRegularFile(file));
    }

    private static String host(String url) {
        try {
            String host = URI.create(url).getHost();
            return host == null ? "" : host;
        } catch (IllegalArgumentException e) {
            // Whoever calls the URL says what is wrong with it.
            return "";
        }
    }
}
