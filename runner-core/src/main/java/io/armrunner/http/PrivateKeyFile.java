package io.armrunner.http;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/**
 * A client's private key in PEM. The TLS library reads PKCS #8; OpenSSL's older form of RSA keys,
 * PKCS #1, is the same key without the envelope that says so, which is put around it here.
 */
final class PrivateKeyFile {
    private static final String RSA_BEGIN = "-----BEGIN RSA PRIVATE KEY-----";
    private static final String RSA_END = "-----END RSA PRIVATE KEY-----";

    /** In DER: version 0, and the algorithm rsaEncryption without parameters. */
    private static final byte[] VERSION_AND_RSA = {
        0x02,
        0x01,
        0x00,
        0x30,
        0x0d,
        0x06,
        0x09,
        0x2a,
        (byte) 0x86,
        0x48,
        (byte) 0x86,
        (byte) 0xf7,
        0x0d,
        0x01,
        0x01,
        0x01,
        0x05,
        0x00
    };

    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;

    private PrivateKeyFile() {}

    /** The key as unencrypted PKCS #8 in PEM; what is in no form known here stays as it is. */
    static InputStream open(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.ISO_8859_1);
        int begin = text.indexOf(RSA_BEGIN);
        int end = text.indexOf(RSA_END);
        if (begin < 0 || end < begin) {
            return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
        }
        String body = text.substring(begin + RSA_BEGIN.length(), end);
        if (body.contains("ENCRYPTED")) {
            throw new IllegalArgumentException(
                    file + " is encrypted; write it without a passphrase: openssl rsa -in KEY");
        }
        byte[] key = Base64.getMimeDecoder().decode(body);
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.writeBytes(VERSION_AND_RSA);
        write(content, OCTET_STRING, key);
        ByteArrayOutputStream envelope = new ByteArrayOutputStream();
        write(envelope, SEQUENCE, content.toByteArray());
        String pem =
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'})
                                .encodeToString(envelope.toByteArray())
                        + "\n-----END PRIVATE KEY-----\n";
        return new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    }

    /** One DER element: its tag, its length, its content. */
    private static void write(ByteArrayOutputStream out, int tag, byte[] content) {
        out.write(tag);
        int length = content.length;
        if (length < 0x80) {
            out.write(length);
        } else {
            int bytes = (Integer.SIZE - Integer.numberOfLeadingZeros(length) + 7) / 8;
            out.write(0x80 | bytes);
            for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
                out.write(length >> shift);
            }
        }
        out.writeBytes(content);
    }
}
