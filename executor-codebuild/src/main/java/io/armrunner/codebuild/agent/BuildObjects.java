package io.armrunner.codebuild.agent;

import io.armrunner.codebuild.aws.Signature4;
import io.armrunner.codebuild.handover.PartSizes;
import io.armrunner.files.ChannelPart;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/** The objects of one build in S3, as its own role may use them. Thread-safe. */
final class BuildObjects {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Duration LONG_LIMIT = Duration.ofHours(1);
    private static final byte[] NOTHING = {};
    private static final int TRIES = 5;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final int MOST_BYTES = 256 << 20;
    private static final int MOST_ANSWER = 64 * 1024;

    private final HttpClient http;
    private final ContainerKeys keys;
    private final Place place;
    private final InstantSource clock;
    private final PartSizes sizes;
    private volatile Duration skew = Duration.ZERO;

    /**
     * Where the objects are.
     *
     * @param endpoint instead of S3's own address
     * @param kmsKey what new objects are encrypted with
     */
    record Place(String bucket, String region, Optional<URI> endpoint, Optional<String> kmsKey) {
        URI address(String key) {
            if (endpoint.isPresent()) {
                String base = endpoint.get().toString();
                return URI.create(
                        (base.endsWith("/") ? base.substring(0, base.length() - 1) : base)
                                + "/"
                                + bucket
                                + Signature4.path(key));
            }
            String domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
            // A certificate's star stands for one name without dots.
            return URI.create(
                    bucket.indexOf('.') >= 0
                            ? "https://s3.%s.%s/%s%s"
                                    .formatted(region, domain, bucket, Signature4.path(key))
                            : "https://%s.s3.%s.%s%s"
                                    .formatted(bucket, region, domain, Signature4.path(key)));
        }
    }

    BuildObjects(HttpClient http, ContainerKeys keys, Place place, InstantSource clock) {
        this(http, keys, place, clock, PartSizes.S3);
    }

    /** The same with other sizes. */
    BuildObjects(
            HttpClient http,
            ContainerKeys keys,
            Place place,
            InstantSource clock,
            PartSizes sizes) {
        this.http = http;
        this.keys = keys;
        this.place = place;
        this.clock = clock;
        this.sizes = sizes;
    }

    /** An object; what is not there and what may not be seen are the same to a build. */
    Optional<byte[]> get(String key) throws IOException, InterruptedException {
        try (HttpReply reply = call("GET", key, Map.of(), new byte[0])) {
            return switch (reply.status()) {
                case 200 -> Optional.of(reply.body(MOST_BYTES));
                case 403, 404 -> Optional.empty();
                default -> throw failed("read", key, reply);
            };
        }
    }

    /** Writes an object, over an older one. */
    void put(String key, byte[] bytes) throws IOException, InterruptedException {
        try (HttpReply reply = call("PUT", key, encryption(), bytes)) {
            if (reply.status() != 200) {
                throw failed("write", key, reply);
            }
        }
    }

    /** Writes a file as an object, in parts if it is large. */
    void put(String key, Path file) throws IOException, InterruptedException {
        long size = Files.size(file);
        if (sizes.isInParts(size)) {
            putParts(key, file, size);
            return;
        }
        try (HttpReply reply = call("PUT", key, encryption(), Content.of(file))) {
            if (reply.status() != 200) {
                throw failed("write", key, reply);
            }
        }
    }

    private void putParts(String key, Path file, long size)
            throws IOException, InterruptedException {
        String begun = text(call("POST", key, "uploads=", encryption(), Content.of(NOTHING)), key);
        String upload = "uploadId=" + Signature4.query(element(begun, "UploadId", key));
        try {
            long length = sizes.partOf(size);
            StringBuilder parts = new StringBuilder("<CompleteMultipartUpload>");
            int number = 1;
            for (long at = 0; at < size; at += length) {
                Content part = new Content(file, at, Math.min(length, size - at));
                String query = "partNumber=" + number + "&" + upload;
                try (HttpReply reply = call("PUT", key, query, Map.of(), part)) {
                    if (reply.status() != 200) {
                        throw failed("write", key, reply);
                    }
                    parts.append("<Part><PartNumber>")
                            .append(number)
                            .append("</PartNumber><ETag>")
                            .append(reply.header("ETag").orElse("").replace("\"", "&quot;"))
                            .append("</ETag></Part>");
                }
                number++;
            }
            parts.append("</CompleteMultipartUpload>");
            byte[] list = parts.toString().getBytes(StandardCharsets.UTF_8);
            String answer = text(call("POST", key, upload, Map.of(), Content.of(list)), key);
            // S3 answers 200 before it has begun to put the parts together.
            if (answer.contains("<Error>")) {
                throw new IOException(
                        "Could not write s3://%s/%s: %s".formatted(place.bucket(), key, answer));
            }
        } catch (IOException e) {
            // What is left after that, the bucket's own rule removes.
            try {
                call("DELETE", key, upload, Map.of(), Content.of(NOTHING)).close();
            } catch (IOException later) {
                e.addSuppressed(later);
            }
            throw e;
        }
    }

    private String text(HttpReply from, String key) throws IOException {
        try (HttpReply reply = from) {
            if (reply.status() != 200) {
                throw failed("write", key, reply);
            }
            return new String(reply.body(MOST_ANSWER), StandardCharsets.UTF_8);
        }
    }

    private String element(String xml, String name, String key) throws IOException {
        int from = xml.indexOf("<" + name + ">");
        int to = xml.indexOf("</" + name + ">");
        if (from < 0 || to < from) {
            throw new IOException(
                    "Could not write s3://%s/%s: S3's answer has no %s"
                            .formatted(place.bucket(), key, name));
        }
        return xml.substring(from + name.length() + 2, to);
    }

    /** The reply with an object; empty if it is not there, or may not be seen. */
    Optional<HttpReply> open(String key) throws IOException, InterruptedException {
        HttpReply reply = call("GET", key, Map.of(), Content.of(NOTHING));
        switch (reply.status()) {
            case 200 -> {
                return Optional.of(reply);
            }
            case 403, 404 -> {
                reply.close();
                return Optional.empty();
            }
            default -> {
                try (reply) {
                    throw failed("read", key, reply);
                }
            }
        }
    }

    /** What is sent: some bytes, or a part of a file. */
    private static final class Content {
        private final byte[] bytes;
        private final Optional<Path> file;
        private final long from;
        private final long length;

        private Content(byte[] bytes) {
            this.bytes = bytes;
            this.file = Optional.empty();
            this.from = 0;
            this.length = bytes.length;
        }

        Content(Path file, long from, long length) {
            this.bytes = NOTHING;
            this.file = Optional.of(file);
            this.from = from;
            this.length = length;
        }

        static Content of(Path file) throws IOException {
            return new Content(file, 0, Files.size(file));
        }

        static Content of(byte[] bytes) {
            return new Content(bytes);
        }

        String digest() throws IOException {
            return file.isPresent() ? digest(file.get()) : Signature4.digest(bytes);
        }

        private String digest(Path file) throws IOException {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                copy(file, new DigestOutputStream(OutputStream.nullOutputStream(), digest));
                return HexFormat.of().formatHex(digest.digest());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }

        HttpRequest in(HttpRequest request) throws IOException {
            if (file.isEmpty()) {
                return request.with(bytes);
            }
            Path whole = file.get();
            return request.with("Content-Length", Long.toString(length))
                    .with(out -> copy(whole, out));
        }

        private void copy(Path whole, OutputStream out) throws IOException {
            try (FileChannel channel = FileChannel.open(whole)) {
                if (new ChannelPart(channel, from, length).transferTo(out) < length) {
                    throw new IOException("the file has become shorter: " + whole);
                }
            }
        }

        Duration limit() {
            return file.isPresent() ? LONG_LIMIT : LIMIT;
        }
    }

    /** Writes an object that is not there yet; says whether it was this call that did. */
    boolean putOnce(String key, byte[] bytes) throws IOException, InterruptedException {
        Map<String, String> headers = new HashMap<>(encryption());
        headers.put("if-none-match", "*");
        try (HttpReply reply = call("PUT", key, headers, bytes)) {
            return switch (reply.status()) {
                case 200 -> true;
                // Or an earlier try of this call, whose answer was lost.
                case 409, 412 -> get(key).filter(there -> Arrays.equals(there, bytes)).isPresent();
                default -> throw failed("write", key, reply);
            };
        }
    }

    void delete(String key) throws IOException, InterruptedException {
        try (HttpReply reply = call("DELETE", key, Map.of(), new byte[0])) {
            if (reply.status() != 204 && reply.status() != 200 && reply.status() != 404) {
                throw failed("delete", key, reply);
            }
        }
    }

    private Map<String, String> encryption() {
        return place.kmsKey()
                .map(key ->
                        Map.of(
                                "x-amz-server-side-encryption",
                                "aws:kms",
                                "x-amz-server-side-encryption-aws-kms-key-id",
                                key))
                .orElse(Map.of());
    }

    /** One call, again where S3 is in trouble or out of reach, or our clock is wrong. */
    private HttpReply call(String method, String key, Map<String, String> headers, byte[] body)
            throws IOException, InterruptedException {
        return call(method, key, headers, Content.of(body));
    }

    private HttpReply call(String method, String key, Map<String, String> headers, Content body)
            throws IOException, InterruptedException {
        return call(method, key, "", headers, body);
    }

    private HttpReply call(
            String method, String key, String query, Map<String, String> headers, Content body)
            throws IOException, InterruptedException {
        URI uri =
                query.isEmpty() ? place.address(key) : URI.create(place.address(key) + "?" + query);
        Duration pause = FIRST_PAUSE;
        String digest = body.digest();
        for (int attempt = 1; ; attempt++) {
            HttpReply reply;
            try {
                reply = once(method, uri, headers, body, digest);
            } catch (IOException e) {
                if (attempt == TRIES) {
                    throw e;
                }
                Thread.sleep(pause);
                pause = pause.multipliedBy(2);
                continue;
            }
            boolean skewed = reply.status() == 403 && adjusted(reply);
            if (attempt == TRIES || (!skewed && reply.status() < 500)) {
                return reply;
            }
            reply.close();
            Thread.sleep(pause);
            pause = pause.multipliedBy(2);
        }
    }

    private HttpReply once(
            String method, URI uri, Map<String, String> headers, Content body, String digest)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.of(method, uri).withoutFollowing();
        Map<String, String> signed =
                Signature4.headers(
                        keys.current(),
                        new Signature4.Scope(place.region(), "s3"),
                        method,
                        uri,
                        headers,
                        digest,
                        clock.instant().plus(skew));
        for (Map.Entry<String, String> header : signed.entrySet()) {
            request = request.with(header.getKey(), header.getValue());
        }
        boolean sends = method.equals("PUT") || method.equals("POST");
        return http.send(sends ? body.in(request) : request, body.limit());
    }

    /** Takes S3's time for ours if they are far apart; says whether that has changed anything. */
    private boolean adjusted(HttpReply reply) {
        try {
            Optional<Duration> off =
                    reply.header("Date")
                            .map(text ->
                                    Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text)))
                            .map(theirs -> Duration.between(clock.instant(), theirs));
            if (off.isEmpty() || off.get().minus(skew).abs().compareTo(Duration.ofMinutes(4)) < 0) {
                return false;
            }
            skew = off.get();
            return true;
        } catch (DateTimeException e) {
            return false;
        }
    }

    private IOException failed(String what, String key, HttpReply reply) {
        return new IOException(
                "Could not %s s3://%s/%s: status %d"
                        .formatted(what, place.bucket(), key, reply.status()));
    }
}
