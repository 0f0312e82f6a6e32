package io.armrunner.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.interfaces.RSAPrivateCrtKey;
import java.util.Arrays;
import java.util.Base64;

/**
 * Certificates made by the runtime's own keytool in a key store, given out as PEM files. One
 * directory, removed by the test.
 */
final class TestCertificates {
    private static final String PASSWORD = "changeit";

    private final Path directory;
    private final Path store;

    TestCertificates(Path directory) {
        this.directory = directory;
        this.store = directory.resolve("store.p12");
    }

    /** An authority that signs itself. */
    TestCertificates authority(String name) {
        return make(name, "-ext", "bc:c");
    }

    /**
     * A certificate that signs itself and stands for {@code place}, such as {@code ip:127.0.0.1}.
     */
    TestCertificates selfSigned(String name, String place) {
        return make(name, "-ext", "san=" + place);
    }

    /** A certificate of an authority. */
    TestCertificates signed(String name, String authority, String place) {
        return make(name, "-signer", authority, "-ext", "san=" + place);
    }

    /** The same with an RSA key, as older set-ups have. */
    TestCertificates signedRsa(String name, String authority, String place) {
        return makeWith("RSA", name, "-signer", authority, "-ext", "san=" + place);
    }

    /** An RSA key in OpenSSL's older form, PKCS #1. */
    Path rsaKey(String name) throws IOException, GeneralSecurityException {
        RSAPrivateCrtKey key = (RSAPrivateCrtKey) load().getKey(name, PASSWORD.toCharArray());
        ByteArrayOutputStream numbers = new ByteArrayOutputStream();
        for (BigInteger number :
                new BigInteger[] {
                    BigInteger.ZERO,
                    key.getModulus(),
                    key.getPublicExponent(),
                    key.getPrivateExponent(),
                    key.getPrimeP(),
                    key.getPrimeQ(),
                    key.getPrimeExponentP(),
                    key.getPrimeExponentQ(),
                    key.getCrtCoefficient()
                }) {
            element(numbers, 2, number.toByteArray());
        }
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        element(whole, 0x30, numbers.toByteArray());
        return pem(name + ".rsa.key", "RSA PRIVATE KEY", whole.toByteArray());
    }

    private static void element(ByteArrayOutputStream out, int tag, byte[] content) {
        out.write(tag);
        if (content.length > 255) {
            out.write(0x82);
            out.write(content.length >> 8);
        } else if (content.length > 127) {
            out.write(0x81);
        }
        out.write(content.length);
        out.writeBytes(content);
    }

    /** The certificate alone, as a server without intermediates sends it. */
    Path certificate(String name) throws IOException, GeneralSecurityException {
        return pem(name + ".crt", "CERTIFICATE", load().getCertificate(name).getEncoded());
    }

    Path key(String name) throws IOException, GeneralSecurityException {
        byte[] key = load().getKey(name, PASSWORD.toCharArray()).getEncoded();
        return pem(name + ".key", "PRIVATE KEY", key);
    }

    private KeyStore load() throws IOException, GeneralSecurityException {
        KeyStore loaded = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            loaded.load(in, PASSWORD.toCharArray());
        }
        return loaded;
    }

    private Path pem(String file, String kind, byte[] der) throws IOException {
        String text =
                "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                        .formatted(
                                kind,
                                Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der),
                                kind);
        return Files.writeString(directory.resolve(file), text, US_ASCII);
    }

    private TestCertificates make(String name, String... more) {
        return makeWith("EC", name, more);
    }

    private TestCertificates makeWith(String algorithm, String name, String... more) {
        String[] start = {
            "-genkeypair",
            "-alias",
            name,
            "-keyalg",
            algorithm,
            "-dname",
            "CN=" + name,
            "-validity",
            "2",
            "-keystore",
            store.toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-keypass",
            PASSWORD
        };
        String[] all = Arrays.copyOf(start, start.length + more.length);
        System.arraycopy(more, 0, all, start.length, more.length);
        run(all);
        return this;
    }

    private static void run(String... arguments) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
        int status;
        try {
            Process process =
                    new ProcessBuilder(command(arguments)).redirectErrorStream(true).start();
            process.getOutputStream().close();
            process.getInputStream().transferTo(out);
            status = process.waitFor();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
        assertThat(status).as(said.toString(StandardCharsets.UTF_8)).isZero();
    }

    private static java.util.List<String> command(String[] arguments) {
        java.util.List<String> command = new java.util.ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.add("-J-XX:TieredStopAtLevel=1");
        command.addAll(Arrays.asList(arguments));
        return command;
    }
}
