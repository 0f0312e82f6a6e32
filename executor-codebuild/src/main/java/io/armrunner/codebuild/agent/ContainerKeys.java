package io.armrunner.codebuild.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.codebuild.aws.Signature4;
import io.armrunner.codebuild.secrets.AwsSecretsProvider;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The keys of the build's role, which its container serves and renews. Thread-safe. */
final class ContainerKeys implements AwsSecretsProvider.Identity {
    private static final String ADDRESS = "http://169.254.170.2";
    private static final Duration EARLIER = Duration.ofMinutes(5);
    // Answers come at once; an emulated machine takes long to ask for the first time.
    private static final Duration LIMIT = Duration.ofSeconds(45);

    private final HttpClient http;
    private final Map<String, String> environment;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Signature4.@Nullable Keys keys;

    ContainerKeys(HttpClient http, Map<String, String> environment, InstantSource clock) {
        this.http = http;
        this.environment = environment;
        this.clock = clock;
    }

    /** Keys that are good for some minutes. */
    @Override
    public Signature4.Keys current() throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            Signature4.Keys known = keys;
            if (known == null || known.expires().minus(EARLIER).isBefore(clock.instant())) {
                known = fetch();
                keys = known;
            }
            return known;
        } finally {
            lock.unlock();
        }
    }

    private Signature4.Keys fetch() throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.of("GET", address());
        String authorization = environment.getOrDefault("AWS_CONTAINER_AUTHORIZATION_TOKEN", "");
        if (!authorization.isEmpty()) {
            request = request.with("Authorization", authorization);
        }
        try (HttpReply reply = http.send(request, LIMIT)) {
            if (reply.status() != 200) {
                throw new IOException(
                        "the container gave no keys of the build's role: status " + reply.status());
            }
            JsonNode json = Wire.tree(reply.body(1 << 16));
            return new Signature4.Keys(
                    json.path("AccessKeyId").asText(),
                    Secret.of(json.path("SecretAccessKey").asText()),
                    Secret.of(json.path("Token").asText()),
                    expires(json.path("Expiration").asText()));
        }
    }

    private Instant expires(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            // Asked for again with the next call.
            return clock.instant();
        }
    }

    private URI address() throws IOException {
        String full = environment.getOrDefault("AWS_CONTAINER_CREDENTIALS_FULL_URI", "");
        if (!full.isEmpty()) {
            return URI.create(full);
        }
        String relative = environment.getOrDefault("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "");
        if (relative.isEmpty()) {
            throw new IOException(
                    "this container has no address for the keys of its role: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor _FULL_URI is set");
        }
        return URI.create(ADDRESS + relative);
    }
}
