package io.armrunner.codebuild.aws;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.spec.Secret;
import java.net.URI;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * AWS Signature Version 4 for requests without a query, without the SDK: builds do not carry it.
 * Pure.
 */
public final class Signature4 {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
                    .withZone(ZoneOffset.UTC);

    private Signature4() {}

    /**
     * A key of a session.
     *
     * @param token empty for a key without a session
     */
    public record Keys(String accessKey, Secret secretKey, Secret token, Instant expires) {}

    /**
     * Whom a request is for.
     *
     * @param service as AWS calls it in signatures, such as {@code s3}
     */
    public record Scope(String region, String service) {}

    /**
     * The headers to send besides {@code Host}, which is the address's.
     *
     * @param uri its query has its names in order, each with a value, in percent form
     * @param headers that are sent as well and signed
     */
    public static Map<String, String> headers(
            Keys keys,
            Scope scope,
            String method,
            URI uri,
            Map<String, String> headers,
            byte[] body,
            Instant now) {
        return headers(keys, scope, method, uri, headers, digest(body), now);
    }

    /** The same for a body of which only the digest in hex is at hand. */
    public static Map<String, String> headers(
            Keys keys,
            Scope scope,
            String method,
            URI uri,
            Map<String, String> headers,
            String bodyHash,
            Instant now) {
        String time = TIME.format(now);
        String day = time.substring(0, 8);
        TreeMap<String, String> signed = new TreeMap<>();
        headers.forEach((name, value) -> signed.put(name.toLowerCase(Locale.ROOT), value));
        signed.put("host", uri.getRawAuthority());
        signed.put("x-amz-content-sha256", bodyHash);
        signed.put("x-amz-date", time);
        if (!keys.token().isEmpty()) {
            signed.put("x-amz-security-token", keys.token().value());
        }
        StringBuilder canonical = new StringBuilder();
        String query = uri.getRawQuery() == null ? "" : uri.getRawQuery();
        canonical
                .append(method)
                .append('\n')
                .append(uri.getRawPath())
                .append('\n')
                .append(query)
                .append('\n');
        signed.forEach((name, value) ->
                canonical.append(name).append(':').append(value.strip()).append('\n'));
        String names = String.join(";", signed.keySet());
        canonical.append('\n').append(names).append('\n').append(bodyHash);
        String place = day + "/" + scope.region() + "/" + scope.service() + "/aws4_request";
        String toSign =
                "AWS4-HMAC-SHA256\n"
                        + time
                        + "\n"
                        + place
                        + "\n"
                        + HexFormat.of().formatHex(sha256(canonical.toString().getBytes(UTF_8)));
        byte[] key = ("AWS4" + keys.secretKey().value()).getBytes(UTF_8);
        for (String part : new String[] {day, scope.region(), scope.service(), "aws4_request"}) {
            key = hmac(key, part);
        }
        signed.remove("host");
        signed.put(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
                        .formatted(
                                keys.accessKey(),
                                place,
                                names,
                                HexFormat.of().formatHex(hmac(key, toSign))));
        return signed;
    }

    /** A key as a path: all but letters, digits and {@code -_.~/} in percent form. */
    public static String path(String key) {
        StringBuilder path = new StringBuilder("/");
        for (byte each : key.getBytes(UTF_8)) {
            char letter = (char) (each & 0xff);
            boolean plain =
                    (letter >= 'a' && letter <= 'z')
                            || (letter >= 'A' && letter <= 'Z')
                            || (letter >= '0' && letter <= '9')
                            || "-_.~/".indexOf(letter) >= 0;
            if (plain) {
                path.append(letter);
            } else {
                path.append('%').append(HexFormat.of().withUpperCase().toHexDigits(each));
            }
        }
        return path.toString();
    }

    /** A text as a value of a query: all but letters, digits and {@code -_.~} in percent form. */
    public static String query(String value) {
        return path(value).substring(1).replace("/", "%2F");
    }

    /** The digest of a body, in hex. */
    public static String digest(byte[] body) {
        return HexFormat.of().formatHex(sha256(body));
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(UTF_8));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java has HMAC-SHA256", e);
        }
    }
}
