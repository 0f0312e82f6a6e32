package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * A Signature Version 4 as it came with a request, in the Authorization header or in the query of a
 * presigned address.
 *
 * @param accessKey who claims to have signed
 * @param region and {@code service}: what it is for
 * @param token the session's token, if it is a session
 */
record Signature(
        String accessKey,
        String date,
        String region,
        String service,
        List<String> signedHeaders,
        String signature,
        Instant time,
        Optional<Duration> validity,
        Optional<String> token,
        boolean presigned) {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    /** AWS's own: how far a client's clock may be off. */
    private static final Duration SKEW = Duration.ofMinutes(15);

    /** Reads it; empty when the request has none. */
    static Optional<Signature> of(Map<String, String> headers, Map<String, String> query)
            throws ServiceError {
        try {
            @Nullable String authorization = headers.get("authorization");
            if (authorization != null) {
                return Optional.of(ofHeader(authorization, headers));
            }
            return query.containsKey("X-Amz-Signature")
                    ? Optional.of(ofQuery(query))
                    : Optional.empty();
        } catch (DateTimeException | IndexOutOfBoundsException | NumberFormatException e) {
            throw new ServiceError(
                    400,
                    "IncompleteSignatureException",
                    "the signature cannot be read: " + e.getMessage());
        }
    }

    private static Signature ofHeader(String text, Map<String, String> headers)
            throws ServiceError {
        Map<String, String> parts = new TreeMap<>();
        for (String part : text.substring(text.indexOf(' ') + 1).split(",", -1)) {
            String[] pair = part.strip().split("=", 2);
            parts.put(pair[0], pair[1]);
        }
        return of(
                parts.getOrDefault("Credential", ""),
                parts.getOrDefault("SignedHeaders", ""),
                parts.getOrDefault("Signature", ""),
                headers.getOrDefault("x-amz-date", ""),
                Optional.empty(),
                Optional.ofNullable(headers.get("x-amz-security-token")),
                false);
    }

    private static Signature ofQuery(Map<String, String> query) throws ServiceError {
        return of(
                query.getOrDefault("X-Amz-Credential", ""),
                query.getOrDefault("X-Amz-SignedHeaders", ""),
                query.getOrDefault("X-Amz-Signature", ""),
                query.getOrDefault("X-Amz-Date", ""),
                Optional.of(
                        Duration.ofSeconds(
                                Long.parseLong(query.getOrDefault("X-Amz-Expires", "")))),
                Optional.ofNullable(query.get("X-Amz-Security-Token")),
                true);
    }

    private static Signature of(
            String credential,
            String signedHeaders,
            String signature,
            String date,
            Optional<Duration> validity,
            Optional<String> token,
            boolean presigned) {
        String[] scope = credential.split("/", -1);
        return new Signature(
                scope[0],
                scope[1],
                scope[2],
                scope[3],
                List.of(signedHeaders.split(";", -1)),
                signature,
                Instant.from(TIME.parse(date)),
                validity,
                token,
                presigned);
    }

    /**
     * Holds it against the request.
     *
     * @param path as it was decoded
     * @param rawQuery as it was sent
     * @param bodyHash of the body that arrived; empty when only the header's word is to be had
     */
    void verify(
            String secretKey,
            String method,
            String path,
            String rawQuery,
            Map<String, String> headers,
            Optional<String> bodyHash,
            Instant now)
            throws ServiceError {
        if (validity.isPresent() && now.isAfter(time.plus(validity.get()))) {
            throw new ServiceError(403, "AccessDenied", "Request has expired");
        }
        if (validity.isEmpty() && Duration.between(time, now).abs().compareTo(SKEW) > 0) {
            throw new ServiceError(
                    403,
                    "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.");
        }
        String claimed =
                presigned
                        ? "UNSIGNED-PAYLOAD"
                        : headers.getOrDefault("x-amz-content-sha256", bodyHash.orElse(""));
        boolean wrongBody =
                bodyHash.isPresent() && claimed.length() == 64 && !bodyHash.get().equals(claimed);
        String canonical =
                String.join(
                        "\n",
                        method,
                        encoded(path, true),
                        query(rawQuery),
                        headers(headers),
                        String.join(";", signedHeaders),
                        claimed);
        if (wrongBody || !signature.equals(sign(secretKey, canonical))) {
            throw new ServiceError(
                    403,
                    "SignatureDoesNotMatch",
                    "The request signature we calculated does not match the signature you provided.");
        }
    }

    private String sign(String secretKey, String canonical) {
        String scope = String.join("/", date, region, service, "aws4_request");
        String text =
                String.join(
                        "\n",
                        "AWS4-HMAC-SHA256",
                        TIME.format(time),
                        scope,
                        sha256(canonical.getBytes(UTF_8)));
        byte[] key = hmac(("AWS4" + secretKey).getBytes(UTF_8), date);
        for (String part : List.of(region, service, "aws4_request")) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(hmac(key, text));
    }

    private String headers(Map<String, String> headers) {
        StringBuilder out = new StringBuilder();
        for (String name : signedHeaders) {
            out.append(name)
                    .append(':')
                    .append(headers.getOrDefault(name, "").strip().replaceAll(" +", " "))
                    .append('\n');
        }
        return out.toString();
    }

    private static String query(String raw) {
        List<String> pairs = new ArrayList<>();
        for (String pair : raw.isEmpty() ? new String[0] : raw.split("&", -1)) {
            int equals = pair.indexOf('=');
            String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
            String value = equals < 0 ? "" : decoded(pair.substring(equals + 1));
            if (!name.equals("X-Amz-Signature")) {
                pairs.add(encoded(name, false) + "=" + encoded(value, false));
            }
        }
        Collections.sort(pairs);
        return String.join("&", pairs);
    }

    // A plus is a plus: nobody sends a space that way here.
    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), UTF_8);
    }

    private static String encoded(String text, boolean path) {
        String out =
                URLEncoder.encode(text, UTF_8)
                        .replace("+", "%20")
                        .replace("*", "%2A")
                        .replace("%7E", "~");
        return path ? out.replace("%2F", "/") : out;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return mac.doFinal(text.getBytes(UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JVM has HmacSHA256", e);
        }
    }
}
