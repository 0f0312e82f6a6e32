package io.armrunner.http;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What an {@link HttpServer} shows to clients that speak TLS.
 *
 * @param certificateFile its certificate chain (PEM)
 * @param keyFile its unencrypted PKCS #8 key (PEM)
 * @param clientCaFile whose certificates clients must show (PEM); empty asks for none
 */
public record ServerTls(Path certificateFile, Path keyFile, Optional<Path> clientCaFile) {
    SslContext context() throws IOException {
        try {
            SslContextBuilder builder =
                    SslContextBuilder.forServer(certificateFile.toFile(), keyFile.toFile())
                            .sslProvider(SslProvider.JDK)
                            .protocols(Tls.PROTOCOLS);
            clientCaFile.ifPresent(
                    ca -> builder.trustManager(ca.toFile()).clientAuth(ClientAuth.REQUIRE));
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the server's TLS files %s, %s, %s cannot be used: %s"
                            .formatted(certificateFile, keyFile, clientCaFile, e.getMessage()),
                    e);
        }
    }
}
