package io.armrunner.secrets;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * HashiCorp Vault, and what speaks like it: logs in with the job's ID token and reads one field.
 * Knows the engines kv-v1, kv-v2 and generic.
 */
public final class VaultProvider implements SecretProvider {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int LARGEST = 4 * 1024 * 1024;

    private final HttpClient http;

    public VaultProvider(HttpClient http) {
        this.http = http;
    }

    @Override
    public String name() {
        return "vault";
    }

    @Override
    public Optional<Secret> fetch(SecretRequest request) throws JobFailure, InterruptedException {
        URI server = server(request);
        String namespace = request.text("server", "namespace");
        URI secret = address(request, server, secretPath(request));
        String field = request.needed("field");
        Secret token = login(request, server, namespace);
        HttpRequest get =
                namespaced(HttpRequest.of("GET", secret), namespace)
                        .with("X-Vault-Token", token.value());
        Optional<JsonNode> answer = call(request, get, "reading " + secret.getPath());
        boolean nested = engine(request).equals("kv-v2");
        return answer.map(body -> nested ? body.path("data").path("data") : body.path("data"))
                .map(data -> data.path(field))
                .filter(value -> !value.isMissingNode() && !value.isNull())
                .map(value -> Secret.of(value.isValueNode() ? value.asText() : value.toString()));
    }

    private Secret login(SecretRequest request, URI server, String namespace)
            throws JobFailure, InterruptedException {
        String method = request.needed("server", "auth", "name");
        if (!method.equals("jwt")) {
            throw request.unusable("cannot log in by \"%s\", only by \"jwt\"".formatted(method));
        }
        String mount = request.text("server", "auth", "path");
        URI address =
                address(
                        request,
                        server,
                        List.of("auth", mount.isBlank() ? method : mount, "login"));
        HttpRequest post =
                namespaced(HttpRequest.of("POST", address), namespace)
                        .with("Content-Type", "application/json")
                        .with(Wire.bytes(request.texts("server", "auth", "data")));
        String token =
                call(request, post, "logging in at " + address.getPath())
                        .map(body -> body.path("auth").path("client_token").asText(""))
                        .orElse("");
        if (token.isEmpty()) {
            throw request.failed("gave no token when logging in at " + address.getPath());
        }
        return Secret.of(token);
    }

    private static String engine(SecretRequest request) throws JobFailure {
        return request.needed("engine", "name").toLowerCase(Locale.ROOT);
    }

    private static List<String> secretPath(SecretRequest request) throws JobFailure {
        String mount = request.needed("engine", "path");
        String path = request.needed("path");
        return switch (engine(request)) {
            case "kv-v1", "generic" -> List.of(mount, path);
            case "kv-v2" -> List.of(mount, "data", path);
            default ->
                    throw request.unusable(
                            "has no engine \"%s\" here, only kv-v1, kv-v2 and generic"
                                    .formatted(engine(request)));
        };
    }

    private static URI server(SecretRequest request) throws JobFailure {
        String url = request.needed("server", "url");
        try {
            URI server = new URI(url);
            String scheme = server.getScheme() == null ? "" : server.getScheme();
            if (server.getHost() != null
                    && List.of("http", "https").contains(scheme.toLowerCase(Locale.ROOT))) {
                return server;
            }
        } catch (URISyntaxException _) {
            // Said below.
        }
        throw request.unusable(
                "needs a server.url that begins with http:// or https:// and a host");
    }

    private static URI address(SecretRequest request, URI server, List<String> parts)
            throws JobFailure {
        List<String> segments = new ArrayList<>();
        for (String part : parts) {
            for (String segment : part.split("/", -1)) {
                if (segment.equals(".") || segment.equals("..")) {
                    throw request.unusable("cannot follow the path " + part);
                }
                if (!segment.isEmpty()) {
                    segments.add(
                            URLEncoder.encode(segment, StandardCharsets.UTF_8).replace("+", "%20"));
                }
            }
        }
        String root = server.getRawPath() == null ? "" : server.getRawPath();
        String base =
                server.getScheme()
                        + "://"
                        + server.getRawAuthority()
                        + (root.endsWith("/") ? root : root + "/");
        return URI.create(base + "v1/" + String.join("/", segments));
    }

    private static HttpRequest namespaced(HttpRequest request, String namespace) {
        HttpRequest plain = request.with("X-Vault-Request", "true");
        return namespace.isEmpty() ? plain : plain.with("X-Vault-Namespace", namespace);
    }

    /** The body of a good answer; empty for 404, which Vault says of what is not there. */
    private Optional<JsonNode> call(SecretRequest request, HttpRequest sent, String what)
            throws JobFailure, InterruptedException {
        try (HttpReply reply = http.send(sent, LIMIT)) {
            byte[] body = reply.body(LARGEST);
            if (reply.status() == 404) {
                return Optional.empty();
            }
            if (reply.status() != 200) {
                throw request.failed(
                        "answered %d to %s%s".formatted(reply.status(), what, errors(body)));
            }
            return Optional.of(Wire.tree(body));
        } catch (JsonProcessingException e) {
            throw request.failed("gave no JSON to " + what);
        } catch (IOException e) {
            throw request.failed("could not be asked for %s: %s".formatted(what, e.getMessage()));
        }
    }

    /** Vault's own words; they hold no secret. */
    private static String errors(byte[] body) {
        try {
            JsonNode errors = Wire.tree(body).path("errors");
            List<String> words = new ArrayList<>();
            errors.forEach(error -> words.add(error.asText().strip()));
            return words.isEmpty() ? "" : ": " + String.join("; ", words);
        } catch (JsonProcessingException e) {
            return "";
        }
    }
}
