package io.armrunner.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class TlsTest {
    @TempDir private static Path made;
    @TempDir private Path directory;

    private static Path authority;
    private static Path otherAuthority;
    private static ServerTls server;
    private static TestCertificates certificates;

    private final EventLoops loops = EventLoops.open(1);

    @BeforeAll
    static void makeCertificates() throws IOException, GeneralSecurityException {
        certificates =
                new TestCertificates(made)
                        .authority("authority")
                        .authority("other")
                        .signed("server", "authority", "ip:127.0.0.1")
                        .signed("client", "authority", "dns:client")
                        .selfSigned("alone", "ip:127.0.0.1");
        authority = certificates.certificate("authority");
        otherAuthority = certificates.certificate("other");
        server =
                new ServerTls(
                        certificates.certificate("server"),
                        certificates.key("server"),
                        Optional.empty());
    }

    @AfterEach
    void close() {
        loops.close();
    }

    private HttpServer serve(ServerTls tls) throws IOException {
        return HttpServer.start(
                loops,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                exchange -> exchange.reply(200, Map.of(), "ok".getBytes(UTF_8)),
                tls);
    }

    private static ClientSettings trusting(Path file) {
        return ClientSettings.DEFAULTS.withTls(
                Optional.of(file), Optional.empty(), Optional.empty());
    }

    private static List<X509Certificate> call(HttpClient client, HttpServer server, String host)
            throws IOException, InterruptedException {
        URI uri = URI.create("https://" + host + ":" + server.port() + "/");
        try (HttpReply reply = client.send(HttpRequest.of("GET", uri))) {
            assertThat(new String(reply.body(10), UTF_8)).isEqualTo("ok");
            return reply.peerCertificates();
        }
    }

    private static List<X509Certificate> call(HttpClient client, HttpServer server)
            throws IOException, InterruptedException {
        return call(client, server, "127.0.0.1");
    }

    @Test
    @Tag("RP-8")
    void anRsaKeyInItsOlderFormWorksToo() throws Exception {
        certificates.signedRsa("rsa", "authority", "dns:client");
        ServerTls asking =
                new ServerTls(
                        certificates.certificate("server"),
                        certificates.key("server"),
                        Optional.of(authority));
        ClientSettings settings =
                ClientSettings.DEFAULTS.withTls(
                        Optional.of(authority),
                        Optional.of(certificates.certificate("rsa")),
                        Optional.of(certificates.rsaKey("rsa")));
        try (HttpServer https = serve(asking);
                HttpClient client = HttpClient.open(loops, settings)) {
            assertThat(call(client, https)).isNotEmpty();
        }
        Path encrypted =
                Files.writeString(
                        directory.resolve("encrypted.key"),
                        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
        ClientSettings withIt =
                ClientSettings.DEFAULTS.withTls(
                        Optional.of(authority),
                        Optional.of(certificates.certificate("rsa")),
                        Optional.of(encrypted));
        try (HttpServer https = serve(asking);
                HttpClient client = HttpClient.open(loops, withIt)) {
            assertThatThrownBy(() -> call(client, https))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is encrypted");
        }
    }

    @Test
    void httpsGoesThroughATunnelOfTheProxy() throws Exception {
        certificates.signed("named", "authority", "dns:gitlab.example");
        ServerTls named =
                new ServerTls(
                        certificates.certificate("named"),
                        certificates.key("named"),
                        Optional.empty());
        try (HttpServer https = serve(named);
                ConnectProxy proxy = new ConnectProxy(https.port(), "Basic dTpw");
                HttpClient client =
                        HttpClient.open(
                                loops,
                                trusting(authority)
                                        .withEnvironment(
                                                Map.of("HTTPS_PROXY", proxy.url("u:p@"))));
                HttpClient stranger =
                        HttpClient.open(
                                loops,
                                trusting(authority)
                                        .withEnvironment(Map.of("HTTPS_PROXY", proxy.url(""))))) {
            for (int i = 0; i < 4; i++) {
                assertThat(call(client, https, "gitlab.example")).hasSize(2);
            }
            assertThat(proxy.asked())
                    .isNotEmpty()
                    .hasSizeLessThanOrEqualTo(2)
                    .allMatch(("CONNECT gitlab.example:" + https.port() + " HTTP/1.1")::equals);
            assertThatThrownBy(() -> call(stranger, https, "gitlab.example"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("407");
        }
    }

    @Test
    @Tag("RP-6")
    void aServerOfTheCustomAuthorityIsAcceptedAndItsWholeChainIsKnown() throws Exception {
        try (HttpServer https = serve(server);
                HttpClient client = HttpClient.open(loops, trusting(authority))) {
            assertThat(call(client, https))
                    .extracting(X509Certificate::getSubjectX500Principal)
                    .containsExactly(
                            new X500Principal("CN=server"), new X500Principal("CN=authority"));
            for (int i = 0; i < 8; i++) {
                assertThat(call(client, https)).hasSize(2);
            }
            // A connection may come back a moment after its reply.
            assertThat(https.openConnections()).isLessThanOrEqualTo(2);
        }
    }

    @Test
    @Tag("RP-6")
    void aServerOfAnUnknownAuthorityIsRefused() throws Exception {
        try (HttpServer https = serve(server);
                HttpClient plain = HttpClient.open(loops, ClientSettings.DEFAULTS);
                HttpClient other = HttpClient.open(loops, trusting(otherAuthority))) {
            for (HttpClient client : List.of(plain, other)) {
                assertThatThrownBy(() -> call(client, https))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("certification path");
            }
        }
    }

    @Test
    void aServerThatIsSomebodyElseIsRefused() throws Exception {
        try (HttpServer https = serve(server);
                HttpClient client = HttpClient.open(loops, trusting(authority))) {
            assertThatThrownBy(() -> call(client, https, "localhost"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("localhost");
        }
    }

    @Test
    void aServersOwnCertificateMayBeTheCaFile() throws Exception {
        Path own = certificates.certificate("alone");
        try (HttpServer https =
                        serve(new ServerTls(own, certificates.key("alone"), Optional.empty()));
                HttpClient client = HttpClient.open(loops, trusting(own))) {
            assertThat(call(client, https)).hasSize(1);
        }
    }

    @Test
    @Tag("RP-7")
    void aChangedCaFileCountsFromTheNextCallOn() throws Exception {
        Path file = directory.resolve("ca.crt");
        try (HttpServer https = serve(server);
                HttpClient client = HttpClient.open(loops, trusting(file))) {
            // A missing file means the other roots, and so does a broken one.
            assertThatThrownBy(() -> call(client, https)).isInstanceOf(IOException.class);
            Files.writeString(file, "no certificate");
            assertThatThrownBy(() -> call(client, https))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("certification path");
            Files.copy(authority, file, StandardCopyOption.REPLACE_EXISTING);
            assertThat(call(client, https)).hasSize(2);
            // The connection of before is still open, but it was made under other rules.
            Files.writeString(file, Files.readString(otherAuthority) + "\n");
            assertThatThrownBy(() -> call(client, https))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("certification path");
        }
    }

    @Test
    @Tag("RP-8")
    void filesNamedAfterTheHostAreUsedForBothSides() throws Exception {
        ServerTls asking =
                new ServerTls(server.certificateFile(), server.keyFile(), Optional.of(authority));
        ClientSettings settings = ClientSettings.DEFAULTS.withCertificates(directory, "127.0.0.1");
        try (HttpServer https = serve(asking);
                HttpClient client = HttpClient.open(loops, settings)) {
            Files.copy(authority, directory.resolve("127.0.0.1.crt"));
            assertThatThrownBy(() -> call(client, https)).isInstanceOf(IOException.class);
            Files.copy(certificates.certificate("client"), directory.resolve("127.0.0.1.auth.crt"));
            assertThatThrownBy(() -> call(client, https)).isInstanceOf(IOException.class);
            Files.copy(certificates.key("client"), directory.resolve("127.0.0.1.auth.key"));
            assertThat(call(client, https)).hasSize(2);
        }
    }

    @Test
    void filesThatAreSetComeBeforeThoseNamedAfterTheHost() {
        ClientSettings settings =
                ClientSettings.DEFAULTS
                        .withTls(
                                Optional.of(authority),
                                Optional.of(Path.of("a")),
                                Optional.of(Path.of("b")))
                        .withCertificates(directory, "h");
        assertThat(settings.caFile()).contains(authority);
        assertThat(settings.certificateFile()).contains(Path.of("a"));
        assertThat(settings.keyFile()).contains(Path.of("b"));
    }

    @Test
    void aBrokenClientKeyIsSaidClearly() throws Exception {
        Path broken = Files.writeString(directory.resolve("broken.key"), "no key");
        ClientSettings settings =
                ClientSettings.DEFAULTS.withTls(
                        Optional.empty(),
                        Optional.of(certificates.certificate("client")),
                        Optional.of(broken));
        try (HttpServer https = serve(server);
                HttpClient client = HttpClient.open(loops, settings)) {
            assertThatThrownBy(() -> call(client, https))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("broken.key")
                    .hasMessageContaining("PKCS #8");
        }
    }
}
