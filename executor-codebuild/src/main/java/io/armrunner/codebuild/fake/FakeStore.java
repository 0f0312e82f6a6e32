package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.http.Exchange;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * S3: decides who may do what with which object, keeps the settings and versions of buckets, and
 * leaves the objects to a server of their own. Thread-safe.
 */
final class FakeStore {
    /** Settings of a bucket that are kept as they came, and the error when there is none. */
    private static final Map<String, String> SETTINGS =
            Map.of(
                    "encryption", "ServerSideEncryptionConfigurationNotFoundError",
                    "publicAccessBlock", "NoSuchPublicAccessBlockConfiguration",
                    "lifecycle", "NoSuchLifecycleConfiguration",
                    "policy", "NoSuchBucketPolicy",
                    "tagging", "NoSuchTagSet",
                    "ownershipControls", "OwnershipControlsNotFoundError",
                    "versioning", "");

    private static final Map<String, String> ACTIONS =
            Map.of(
                    "encryption", "EncryptionConfiguration",
                    "publicAccessBlock", "BucketPublicAccessBlock",
                    "lifecycle", "LifecycleConfiguration",
                    "policy", "BucketPolicy",
                    "tagging", "BucketTagging",
                    "ownershipControls", "BucketOwnershipControls",
                    "versioning", "BucketVersioning");

    private static final String NAMESPACE = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
    private static final int MAX_SETTING = 64 * 1024;

    private static final Set<String> NOT_PASSED_ON =
            Set.of(
                    "authorization",
                    "host",
                    "connection",
                    "transfer-encoding",
                    "x-amz-date",
                    "x-amz-security-token",
                    "x-amz-server-side-encryption",
                    "x-amz-server-side-encryption-aws-kms-key-id",
                    "expect");

    /** A request once it is read: which bucket, which object, what is to be done. */
    record Request(String operation, String bucket, String key, String setting) {
        String resource() {
            return "arn:aws:s3:::" + bucket + (key.isEmpty() ? "" : "/" + key);
        }
    }

    private static final class Bucket {
        private final String region;
        private final Map<String, byte[]> settings = new LinkedHashMap<>();
        private final List<Version> versions = new ArrayList<>();

        Bucket(String region) {
            this.region = region;
        }
    }

    private record Version(String key, String id, boolean marker) {}

    private final HttpClient http;
    private final ObjectServer objects;
    private final Names names;
    private final Map<String, Bucket> buckets = new LinkedHashMap<>();

    FakeStore(HttpClient http, ObjectServer objects, Names names) {
        this.http = http;
        this.objects = objects;
        this.names = names;
    }

    /** Reads what a request is about. */
    static Request request(Exchange exchange) {
        String path = exchange.path().substring(1);
        int slash = path.indexOf('/');
        String bucket = slash < 0 ? path : path.substring(0, slash);
        String key = slash < 0 ? "" : path.substring(slash + 1);
        Map<String, String> query = exchange.query();
        String method = exchange.method();
        if (key.isEmpty()) {
            for (String setting : SETTINGS.keySet()) {
                if (query.containsKey(setting)) {
                    String verb =
                            Map.of("PUT", "Put", "DELETE", "Delete").getOrDefault(method, "Get");
                    return new Request(verb + ACTIONS.get(setting), bucket, "", setting);
                }
            }
            return new Request(bucketOperation(method, query), bucket, "", "");
        }
        return new Request(objectOperation(method, query), bucket, key, "");
    }

    private static String bucketOperation(String method, Map<String, String> query) {
        return switch (method) {
            case "PUT" -> "CreateBucket";
            case "DELETE" -> "DeleteBucket";
            case "HEAD" -> "HeadBucket";
            case "POST" -> query.containsKey("delete") ? "DeleteObjects" : "Unknown";
            default -> {
                if (query.containsKey("versions")) {
                    yield "ListObjectVersions";
                } else if (query.containsKey("location")) {
                    yield "GetBucketLocation";
                }
                yield query.containsKey("uploads") ? "ListMultipartUploads" : "ListObjects";
            }
        };
    }

    private static String objectOperation(String method, Map<String, String> query) {
        return switch (method) {
            case "PUT" -> query.containsKey("partNumber") ? "UploadPart" : "PutObject";
            case "POST" ->
                    query.containsKey("uploads")
                            ? "CreateMultipartUpload"
                            : "CompleteMultipartUpload";
            case "DELETE" ->
                    query.containsKey("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
            case "HEAD" -> "HeadObject";
            default -> "GetObject";
        };
    }

    /** The right that an operation needs. */
    private static String action(Request request, Map<String, String> query) {
        String version = query.containsKey("versionId") ? "Version" : "";
        return "s3:"
                + switch (request.operation()) {
                    case "HeadBucket", "ListObjects" -> "ListBucket";
                    case "ListObjectVersions" -> "ListBucketVersions";
                    case "ListMultipartUploads" -> "ListBucketMultipartUploads";
                    case "HeadObject", "GetObject" -> "GetObject" + version;
                    case "DeleteObject" -> "DeleteObject" + version;
                    case "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload" ->
                            "PutObject";
                    case "DeleteLifecycleConfiguration" -> "PutLifecycleConfiguration";
                    case "DeleteEncryptionConfiguration" -> "PutEncryptionConfiguration";
                    case "DeleteBucketTagging" -> "PutBucketTagging";
                    default -> request.operation();
                };
    }

    /** Answers a request of a known caller. */
    void answer(Exchange exchange, Request request, Caller caller, String region)
            throws ServiceError, IOException, InterruptedException {
        allow(request, exchange.query(), exchange.headers(), caller);
        if (request.key().isEmpty()) {
            answerBucket(exchange, request, region);
            return;
        }
        Bucket bucket = bucket(request.bucket());
        if (!bucket.region.equals(region)) {
            throw new ServiceError(
                    301,
                    "PermanentRedirect",
                    "The bucket you are attempting to access must be addressed using the specified endpoint.");
        }
        answerObject(exchange, request, bucket);
    }

    private void allow(
            Request request, Map<String, String> query, Map<String, String> headers, Caller caller)
            throws ServiceError {
        Map<String, List<String>> context = new LinkedHashMap<>(caller.context());
        context.put("aws:PrincipalArn", List.of(caller.principal()));
        // Loopback without TLS stands for the real thing, which has it.
        context.put("aws:SecureTransport", List.of("true"));
        Optional.ofNullable(query.get("prefix"))
                .ifPresent(prefix -> context.put("s3:prefix", List.of(prefix)));
        for (String name : List.of("x-amz-server-side-encryption")) {
            Optional.ofNullable(headers.get(name))
                    .ifPresent(value -> context.put("s3:" + name, List.of(value)));
        }
        String action = action(request, query);
        Policy.Verdict own =
                Policy.evaluate(caller.policies(), action, request.resource(), context);
        Policy.Verdict bucket =
                Policy.evaluate(policyOf(request.bucket()), action, request.resource(), context);
        if (own != Policy.Verdict.ALLOWED || bucket == Policy.Verdict.DENIED) {
            throw new ServiceError(
                    403,
                    "AccessDenied",
                    "User: %s is not authorized to perform: %s on resource: \"%s\" %s"
                            .formatted(
                                    caller.arn(),
                                    action,
                                    request.resource(),
                                    bucket == Policy.Verdict.DENIED
                                            ? "with an explicit deny in a resource-based policy"
                                            : own == Policy.Verdict.DENIED
                                                    ? "with an explicit deny in an identity-based policy"
                                                    : "because no identity-based policy allows the "
                                                            + action
                                                            + " action"));
        }
    }

    private synchronized List<Policy> policyOf(String name) throws ServiceError {
        Bucket bucket = buckets.get(name);
        byte @Nullable [] document = bucket == null ? null : bucket.settings.get("policy");
        return document == null ? List.of() : List.of(Policy.of(new String(document, UTF_8)));
    }

    private void answerBucket(Exchange exchange, Request request, String region)
            throws ServiceError, IOException, InterruptedException {
        switch (request.operation()) {
            case "CreateBucket" -> create(exchange, request.bucket(), region);
            case "DeleteBucket" -> {
                delete(request.bucket());
                exchange.reply(204, Map.of(), new byte[0]);
            }
            case "HeadBucket" ->
                    exchange.reply(
                            200,
                            Map.of("x-amz-bucket-region", bucket(request.bucket()).region),
                            new byte[0]);
            case "GetBucketLocation" ->
                    xml(
                            exchange,
                            "<LocationConstraint%s>%s</LocationConstraint>"
                                    .formatted(NAMESPACE, bucket(request.bucket()).region));
            case "ListObjectVersions" -> versions(exchange, request.bucket());
            case "ListObjects", "ListMultipartUploads" -> {
                bucket(request.bucket());
                pass(exchange, exchange.path(), exchange.rawQuery(), Map.of());
            }
            default -> setting(exchange, request);
        }
    }

    private synchronized Bucket bucket(String name) throws ServiceError {
        Bucket bucket = buckets.get(name);
        if (bucket == null) {
            throw new ServiceError(404, "NoSuchBucket", "The specified bucket does not exist");
        }
        return bucket;
    }

    private void create(Exchange exchange, String name, String region)
            throws ServiceError, IOException {
        String wanted =
                between(new String(exchange.body(MAX_SETTING), UTF_8), "LocationConstraint");
        if (!wanted.equals(region.equals("us-east-1") ? "" : region)) {
            throw new ServiceError(
                    400,
                    "IllegalLocationConstraintException",
                    "The %s location constraint is incompatible for the region specific endpoint this request was sent to."
                            .formatted(wanted.isEmpty() ? "unspecified" : wanted));
        }
        if (name.length() < 3 || name.length() > 63) {
            throw new ServiceError(400, "InvalidBucketName", "The specified bucket is not valid.");
        }
        synchronized (this) {
            if (buckets.containsKey(name)) {
                throw new ServiceError(
                        409,
                        "BucketAlreadyOwnedByYou",
                        "Your previous request to create the named bucket succeeded and you already own it.");
            }
            objects.createBucket(name);
            buckets.put(name, new Bucket(region));
        }
        exchange.reply(200, Map.of("Location", "/" + name), new byte[0]);
    }

    private synchronized void delete(String name) throws ServiceError {
        if (!bucket(name).versions.isEmpty() || !objects.isEmpty(name)) {
            throw new ServiceError(
                    409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
        }
        objects.deleteBucket(name);
        buckets.remove(name);
    }

    private void setting(Exchange exchange, Request request) throws ServiceError, IOException {
        Bucket bucket = bucket(request.bucket());
        String name = request.setting();
        if (name.isEmpty()) {
            throw new ServiceError(501, "NotImplemented", "the fake has no " + request.operation());
        }
        byte @Nullable [] kept;
        switch (exchange.method()) {
            case "PUT" -> {
                byte[] body = exchange.body(MAX_SETTING);
                if (name.equals("policy")) {
                    Policy.of(new String(body, UTF_8));
                }
                synchronized (this) {
                    bucket.settings.put(name, body);
                }
                exchange.reply(name.equals("policy") ? 204 : 200, Map.of(), new byte[0]);
            }
            case "DELETE" -> {
                synchronized (this) {
                    bucket.settings.remove(name);
                }
                exchange.reply(204, Map.of(), new byte[0]);
            }
            default -> {
                synchronized (this) {
                    kept = bucket.settings.get(name);
                }
                if (kept == null && name.equals("versioning")) {
                    kept = ("<VersioningConfiguration" + NAMESPACE + "/>").getBytes(UTF_8);
                }
                if (kept == null) {
                    throw new ServiceError(
                            404, String.valueOf(SETTINGS.get(name)), "There is no such setting.");
                }
                exchange.reply(
                        200,
                        Map.of(
                                "Content-Type",
                                name.equals("policy") ? "application/json" : "application/xml"),
                        kept);
            }
        }
    }

    private void answerObject(Exchange exchange, Request request, Bucket bucket)
            throws ServiceError, IOException, InterruptedException {
        String version = exchange.query().getOrDefault("versionId", "");
        switch (request.operation()) {
            case "PutObject", "CompleteMultipartUpload" -> write(exchange, request, bucket);
            case "GetObject", "HeadObject" -> read(exchange, request, bucket, version);
            case "DeleteObject" -> remove(exchange, request, bucket, version);
            default -> pass(exchange, exchange.path(), exchange.rawQuery(), Map.of());
        }
    }

    private void write(Exchange exchange, Request request, Bucket bucket)
            throws IOException, InterruptedException {
        Map<String, String> headers = new LinkedHashMap<>();
        Optional.ofNullable(exchange.headers().get("x-amz-server-side-encryption"))
                .ifPresent(kind -> headers.put("x-amz-server-side-encryption", kind));
        String id = isVersioned(bucket) ? names.word(32) : "";
        if (!id.isEmpty()) {
            headers.put("x-amz-version-id", id);
        }
        pass(
                exchange,
                exchange.path(),
                exchange.rawQuery(),
                headers,
                () -> {
                    if (!id.isEmpty()) {
                        objects.keepVersion(request.bucket(), request.key(), id);
                        synchronized (this) {
                            bucket.versions.addFirst(new Version(request.key(), id, false));
                        }
                    }
                });
    }

    private synchronized boolean isVersioned(Bucket bucket) {
        byte @Nullable [] setting = bucket.settings.get("versioning");
        return setting != null && new String(setting, UTF_8).contains("<Status>Enabled<");
    }

    private void read(Exchange exchange, Request request, Bucket bucket, String version)
            throws ServiceError, IOException, InterruptedException {
        Optional<Version> current = version(bucket, request.key(), version);
        if (!version.isEmpty() && current.isEmpty()) {
            throw new ServiceError(404, "NoSuchVersion", "The specified version does not exist.");
        }
        Map<String, String> headers = new LinkedHashMap<>();
        current.ifPresent(found -> headers.put("x-amz-version-id", found.id()));
        String path =
                version.isEmpty()
                        ? exchange.path()
                        : ObjectServer.versionPath(request.bucket(), request.key(), version);
        pass(exchange, path, "", headers);
    }

    private synchronized Optional<Version> version(Bucket bucket, String key, String id) {
        return bucket.versions.stream()
                .filter(version -> version.key().equals(key))
                .filter(version -> id.isEmpty() || version.id().equals(id))
                .findFirst();
    }

    private void remove(Exchange exchange, Request request, Bucket bucket, String version)
            throws IOException, InterruptedException {
        Map<String, String> headers = new LinkedHashMap<>();
        boolean all = true;
        synchronized (this) {
            if (!version.isEmpty()) {
                boolean newest =
                        version(bucket, request.key(), "")
                                .filter(first -> first.id().equals(version))
                                .isPresent();
                bucket.versions.removeIf(
                        each -> each.key().equals(request.key()) && each.id().equals(version));
                objects.dropVersion(request.bucket(), request.key(), version);
                // The one before would come to light again; nobody here relies on that.
                all = newest;
                headers.put("x-amz-version-id", version);
            } else if (isVersioned(bucket)) {
                String id = names.word(32);
                bucket.versions.addFirst(new Version(request.key(), id, true));
                headers.put("x-amz-delete-marker", "true");
                headers.put("x-amz-version-id", id);
            }
        }
        if (all) {
            objects.delete(request.bucket(), request.key());
        }
        exchange.reply(204, headers, new byte[0]);
    }

    private void versions(Exchange exchange, String name) throws ServiceError, IOException {
        String prefix = exchange.query().getOrDefault("prefix", "");
        List<Version> all;
        synchronized (this) {
            all = List.copyOf(bucket(name).versions);
        }
        StringBuilder out = new StringBuilder();
        for (Version version : all) {
            if (version.key().startsWith(prefix)) {
                out.append(
                        Forms.wrapped(
                                version.marker() ? "DeleteMarker" : "Version",
                                Forms.wrapped("Key", Forms.escaped(version.key()))
                                        + Forms.wrapped("VersionId", version.id())
                                        + Forms.wrapped("IsLatest", "false")));
            }
        }
        xml(
                exchange,
                "<ListVersionsResult%s><Name>%s</Name><Prefix>%s</Prefix><IsTruncated>false</IsTruncated>%s</ListVersionsResult>"
                        .formatted(NAMESPACE, name, Forms.escaped(prefix), out));
    }

    private static void xml(Exchange exchange, String document) throws IOException {
        exchange.reply(200, Map.of("Content-Type", "application/xml"), document.getBytes(UTF_8));
    }

    private void pass(Exchange exchange, String path, String query, Map<String, String> more)
            throws IOException, InterruptedException {
        pass(exchange, path, query, more, () -> {});
    }

    /** Hands a request on to the server that has the objects, and its answer back. */
    private void pass(
            Exchange exchange,
            String path,
            String query,
            Map<String, String> more,
            Runnable afterwards)
            throws IOException, InterruptedException {
        Map<String, String> headers = new LinkedHashMap<>(exchange.headers());
        headers.keySet().removeAll(NOT_PASSED_ON);
        URI address =
                URI.create(objects.url() + encoded(path) + (query.isEmpty() ? "" : "?" + query));
        HttpRequest request =
                new HttpRequest(
                        exchange.method(), address, headers, new HttpRequest.Empty(), false);
        if (exchange.method().equals("PUT") || exchange.method().equals("POST")) {
            InputStream body = exchange.body();
            request = request.with(out -> body.transferTo(out));
        }
        try (HttpReply reply = http.send(request)) {
            if (reply.status() < 300) {
                afterwards.run();
            }
            Map<String, String> answer = new LinkedHashMap<>(reply.headers());
            answer.keySet().removeAll(Set.of("connection", "transfer-encoding", "date", "server"));
            if (reply.status() < 300) {
                answer.putAll(more);
            }
            if (exchange.method().equals("HEAD") || reply.status() == 204) {
                exchange.reply(reply.status(), answer, new byte[0]);
                return;
            }
            try (OutputStream out = exchange.replyStream(reply.status(), answer)) {
                reply.body().transferTo(out);
            }
        }
    }

    private static String encoded(String path) {
        return URLEncoder.encode(path, UTF_8).replace("+", "%20").replace("%2F", "/");
    }

    /** An object for the machinery of a build itself, with the rights of that build. */
    InputStream open(Caller caller, String name, String key, String version) throws ServiceError {
        Request request = new Request("GetObject", name, key, "");
        Map<String, String> query = version.isEmpty() ? Map.of() : Map.of("versionId", version);
        allow(request, query, Map.of(), caller);
        Bucket bucket = bucket(name);
        if (!version.isEmpty() && version(bucket, key, version).isEmpty()) {
            throw new ServiceError(404, "NoSuchVersion", "The specified version does not exist.");
        }
        return objects.open(name, key, version);
    }

    private static String between(String text, String element) {
        int start = text.indexOf("<" + element + ">");
        int end = text.indexOf("</" + element + ">");
        return start < 0 || end < 0 ? "" : text.substring(start + element.length() + 2, end);
    }
}
