package io.armrunner.cache;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.files.HelperLines;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.http.HttpStatus;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Map;

/**
 * Signed calls about one object of the store, each signed anew and tried three times. Used by the
 * job's thread. What is tried again is in the log; the signature never is.
 */
final class ObjectCalls {
    private static final int TRIES = 3;
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int MESSAGE = 4096;
    // No signature of AWS may be valid for longer.
    private static final Duration LONGEST_VALIDITY = Duration.ofDays(7);

    private final CacheTools tools;
    private final CacheTools.Remote remote;
    private final HelperLines lines;
    private final String object;
    private final String cacheKey;
    private final Duration validity;
    private final Duration limit;

    ObjectCalls(
            CacheTools tools,
            CacheTools.Remote remote,
            JobPlan plan,
            CacheKey key,
            HelperLines lines) {
        this.tools = tools;
        this.remote = remote;
        this.lines = lines;
        object = ObjectName.of(remote.path(), remote.shared(), plan, key);
        cacheKey = key.human();
        Duration job = plan.timeouts().job();
        validity = job.compareTo(LONGEST_VALIDITY) < 0 ? job : LONGEST_VALIDITY;
        int minutes = plan.job().cacheRequestTimeoutMinutes();
        // 0 is "no limit" in GitLab Runner; the job has one.
        limit = minutes > 0 ? Duration.ofMinutes(minutes) : job;
    }

    /** What the store said, as far as another try changes nothing. */
    sealed interface Answer {}

    record Done() implements Answer {}

    record Missing() implements Answer {}

    record Refused(String why) implements Answer {}

    /** No try got an answer that means anything. */
    record Unanswered(String why) implements Answer {}

    /** Something that another try may cure. */
    @FunctionalInterface
    interface Attempt {
        Answer run() throws IOException, InterruptedException;
    }

    Answer tries(Attempt attempt) throws IOException, InterruptedException {
        for (int tried = 1; ; tried++) {
            try {
                return attempt.run();
            } catch (IOException e) {
                CacheStages.passOnInterrupt(e);
                String why = String.valueOf(e.getMessage());
                if (tried == TRIES) {
                    return new Unanswered(why);
                }
                lines.warning("Retrying...", Map.of("error", why));
                tools.sleeper().sleep(PAUSE);
            }
        }
    }

    RemoteCache.Request sign(Operation operation) throws IOException, InterruptedException {
        return remote.store().sign(operation, object, cacheKey, validity);
    }

    RemoteCache.Request sign(RemoteCache.PartStep step) throws IOException, InterruptedException {
        return remote.store().sign(step, object, cacheKey, validity);
    }

    static HttpRequest request(String method, RemoteCache.Request signed) {
        return withHeaders(HttpRequest.of(method, signed.uri()), signed);
    }

    static HttpRequest withHeaders(HttpRequest plain, RemoteCache.Request signed) {
        HttpRequest request = plain;
        for (Map.Entry<String, String> header : signed.headers().entrySet()) {
            request = request.with(header.getKey(), header.getValue());
        }
        return request;
    }

    HttpReply call(HttpRequest request, RemoteCache.Request signed)
            throws IOException, InterruptedException {
        try {
            return remote.http().send(request, limit);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            String query = signed.uri().getRawQuery();
            throw new IOException(query == null ? why : why.replace(query, "[MASKED]"), e);
        }
    }

    static Answer refused(HttpReply reply) throws IOException {
        int status = reply.status();
        String text = "received: " + HttpStatus.of(status) + reason(text(reply));
        if (status / 100 == 5) {
            throw new IOException(text);
        }
        return status == 404 ? new Missing() : new Refused(text);
    }

    /** The beginning of a short answer. */
    static String text(HttpReply reply) throws IOException {
        return new String(reply.body().readNBytes(MESSAGE), UTF_8);
    }

    /**
     * What an error says of itself: {@code
     * <Error><Code>AccessDenied</Code><Message>…</Message></Error>}.
     */
    static String reason(String xml) {
        String code = element(xml, "Code");
        String message = element(xml, "Message");
        return code.isEmpty() && message.isEmpty()
                ? ""
                : ". Request failed with code: %s, message: %s".formatted(code, message);
    }

    /** The text of the first element of that name, as it stands there; empty if there is none. */
    static String element(String xml, String name) {
        int from = xml.indexOf("<" + name + ">");
        int to = xml.indexOf("</" + name + ">");
        return from < 0 || to < from ? "" : xml.substring(from + name.length() + 2, to);
    }
}
