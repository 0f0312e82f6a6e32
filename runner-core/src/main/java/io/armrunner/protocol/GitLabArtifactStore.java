package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.http.BodyWriter;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.util.HexFormat;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/** Artifacts over GitLab's REST API (runner-protocol §7.1, §7.4, §7.7). Holds no buffer. */
public final class GitLabArtifactStore implements ArtifactStore {
    private static final String JOB_TOKEN = "JOB-TOKEN";
    private static final int MAX_HOPS = 10;
    private static final int STORAGE_MESSAGE = 4096;

    private final RetryingCaller caller;
    private final GitLabUrl url;
    private final RandomGenerator random;

    /**
     * @param random for the boundaries of bodies; must be safe for many threads
     */
    public GitLabArtifactStore(RetryingCaller caller, GitLabUrl url, RandomGenerator random) {
        this.caller = caller;
        this.url = url;
        this.random = random;
    }

    @Override
    public URI server() {
        return url.api().resolve("/");
    }

    @Override
    public UploadReply upload(Upload upload, URI server) throws IOException, InterruptedException {
        byte[] number = new byte[16];
        random.nextBytes(number);
        String boundary = "armrunner" + HexFormat.of().formatHex(number);
        URI own = url.call("jobs/" + upload.jobId() + "/artifacts" + query(upload));
        URI target = sameOrigin(own, server) ? own : server.resolve(pathAndQuery(own));
        HttpRequest request =
                withToken(HttpRequest.of("POST", target), upload.jobToken())
                        .with("Content-Type", "multipart/form-data; boundary=" + boundary)
                        .with(multipart(upload, boundary))
                        // Followed by the caller, who tells the user.
                        .withoutFollowing();
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            HttpReply reply = outcome.reply();
            int status = reply.status();
            Optional<String> location = reply.header("Location");
            if (status == 201) {
                return new Stored(status, outcome.correlationId());
            }
            if ((status == 307 || status == 308) && location.isPresent()) {
                return new Moved(status, outcome.correlationId(), target.resolve(location.get()));
            }
            return new Refused(status, outcome.correlationId(), ErrorBody.read(reply));
        }
    }

    private static String query(Upload upload) {
        StringBuilder query = new StringBuilder();
        add(query, "artifact_format", upload.format());
        add(query, "artifact_type", upload.type());
        add(query, "expire_in", upload.expireIn());
        return query.toString();
    }

    private static void add(StringBuilder query, String name, String value) {
        if (!value.isEmpty()) {
            query.append(query.isEmpty() ? '?' : '&')
                    .append(name)
                    .append('=')
                    .append(URLEncoder.encode(value, UTF_8));
        }
    }

    private static String pathAndQuery(URI uri) {
        return uri.getRawQuery() == null
                ? uri.getRawPath()
                : uri.getRawPath() + "?" + uri.getRawQuery();
    }

    private static BodyWriter multipart(Upload upload, String boundary) {
        String name =
                upload.filename()
                        .replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\r", "%0D")
                        .replace("\n", "%0A");
        byte[] head =
                ("--"
                                + boundary
                                + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
                                + name
                                + "\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                        .getBytes(UTF_8);
        byte[] tail = ("\r\n--" + boundary + "--\r\n").getBytes(US_ASCII);
        return (OutputStream out) -> {
            out.write(head);
            upload.content().writeTo(out);
            out.write(tail);
        };
    }

    @Override
    public DownloadReply download(Download download) throws IOException, InterruptedException {
        URI target =
                url.call(
                        "jobs/"
                                + download.jobId()
                                + "/artifacts"
                                + (download.direct() ? "?direct_download=true" : ""));
        for (int hop = 0; hop <= MAX_HOPS; hop++) {
            HttpRequest request =
                    withToken(HttpRequest.of("GET", target), download.jobToken())
                            .withoutFollowing();
            if (download.from() > 0) {
                request = request.with("Range", "bytes=" + download.from() + "-");
            }
            RetryingCaller.Outcome outcome = caller.call(request);
            Optional<String> location = outcome.reply().header("Location");
            if (isRedirect(outcome.reply().status()) && location.isPresent()) {
                outcome.close();
                target = target.resolve(location.get());
                continue;
            }
            return reply(download, target, outcome);
        }
        throw new IOException(
                "the download of job %d was redirected more than %d times"
                        .formatted(download.jobId(), MAX_HOPS));
    }

    private DownloadReply reply(Download download, URI target, RetryingCaller.Outcome outcome)
            throws IOException {
        HttpReply reply = outcome.reply();
        int status = reply.status();
        String host = sameOrigin(target, url.api()) ? "" : target.getHost();
        if (status == 200) {
            return archive(outcome, 0, length(reply.header("Content-Length")), host);
        }
        if (status == 206) {
            // bytes 1000-1999/2000
            String range = reply.header("Content-Range").orElse("");
            int slash = range.indexOf('/');
            if (range.startsWith("bytes " + download.from() + "-") && slash > 0) {
                OptionalLong total = length(Optional.of(range.substring(slash + 1)));
                return archive(outcome, download.from(), total, host);
            }
        }
        try (outcome) {
            String message = host.isEmpty() ? ErrorBody.read(reply) : storageMessage(reply);
            return new NotGiven(status, outcome.correlationId(), message);
        }
    }

    private static Archive archive(
            RetryingCaller.Outcome outcome, long from, OptionalLong total, String host) {
        return new Archive(
                outcome.reply().status(),
                outcome.correlationId(),
                from,
                total,
                host,
                outcome.reply().body(),
                outcome);
    }

    private static OptionalLong length(Optional<String> text) {
        try {
            return text.isEmpty()
                    ? OptionalLong.empty()
                    : OptionalLong.of(Long.parseLong(text.get()));
        } catch (NumberFormatException e) {
            // "*": the server does not know either.
            return OptionalLong.empty();
        }
    }

    @Override
    public boolean isReachable() throws InterruptedException {
        // Any answer will do, and to this one it has a short one without a token.
        try (RetryingCaller.Outcome outcome =
                caller.call(HttpRequest.of("GET", url.call("version")))) {
            return switch (outcome.reply().status()) {
                case 502, 503, 504 -> false;
                default -> true;
            };
        } catch (IOException _) {
            return false;
        }
    }

    // Object storage answers with XML: <Error><Code>…</Code><Message>…</Message></Error>
    private static String storageMessage(HttpReply reply) {
        String status = "status " + reply.status();
        try {
            String xml = new String(reply.body().readNBytes(STORAGE_MESSAGE), UTF_8);
            String code = element(xml, "Code");
            String message = element(xml, "Message");
            return code.isEmpty() && message.isEmpty() ? status : code + ": " + message;
        } catch (IOException e) {
            return status + ", unreadable: " + e.getMessage();
        }
    }

    private static String element(String xml, String name) {
        int from = xml.indexOf("<" + name + ">");
        int to = xml.indexOf("</" + name + ">");
        return from < 0 || to < from ? "" : xml.substring(from + name.length() + 2, to);
    }

    private static boolean isRedirect(int status) {
        return switch (status) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    // The token is GitLab's alone (runner-protocol §7.7).
    private HttpRequest withToken(HttpRequest request, Secret token) {
        return sameOrigin(request.uri(), url.api())
                ? request.with(JOB_TOKEN, token.value())
                : request;
    }

    private static boolean sameOrigin(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI uri) {
        if (uri.getPort() >= 0) {
            return uri.getPort();
        }
        return "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
    }
}
