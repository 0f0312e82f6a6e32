package io.armrunner.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Vault on a real socket that is as strict as the real one: namespace, role, token and path all
 * have to be right, each with Vault's own answer if not.
 */
public final class FakeVault implements AutoCloseable {
    private static final String TOKEN = "hvs.token-of-the-job";

    private final HttpServer server;
    private final String namespace;
    private final String jwt;
    private final Map<String, JsonNode> secrets = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final AtomicInteger troubles = new AtomicInteger();

    /** A Vault that takes this ID token for the role {@code ci} at the mount {@code jwt}. */
    public FakeVault(String namespace, String jwt) throws IOException {
        this.namespace = namespace;
        this.jwt = jwt;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Keeps {@code data} as what {@code GET /v1/path} answers. */
    public void put(String path, String data) throws IOException {
        secrets.put(
                "/v1/" + path, Wire.tree(data.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }

    /** Answers 503 to the next {@code count} requests. */
    public void trouble(int count) {
        troubles.set(count);
    }

    /** Method and path of each request. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        requests.add(exchange.getRequestMethod() + " " + path);
        byte[] body = exchange.getRequestBody().readAllBytes();
        String given = exchange.getRequestHeaders().getFirst("X-Vault-Namespace");
        if (troubles.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            refuse(exchange, 503, "Vault is sealed");
        } else if (!namespace.equals(given == null ? "" : given)) {
            refuse(exchange, 404, "no handler for route");
        } else if (path.endsWith("/login")) {
            login(exchange, path, body);
        } else if (!exchange.getRequestMethod().equals("GET")) {
            refuse(exchange, 405, "unsupported operation");
        } else if (!TOKEN.equals(exchange.getRequestHeaders().getFirst("X-Vault-Token"))) {
            refuse(exchange, 403, "permission denied");
        } else if (secrets.containsKey(path)) {
            ObjectNode answer = Wire.mapper().createObjectNode();
            answer.set("data", secrets.get(path));
            reply(exchange, 200, answer);
        } else {
            ObjectNode nothing = Wire.mapper().createObjectNode();
            nothing.putArray("errors");
            reply(exchange, 404, nothing);
        }
    }

    private void login(HttpExchange exchange, String path, byte[] body) throws IOException {
        JsonNode login = Wire.tree(body);
        if (!path.equals("/v1/auth/jwt/login")) {
            refuse(exchange, 403, "permission denied");
        } else if (!exchange.getRequestMethod().equals("POST")) {
            refuse(exchange, 405, "unsupported operation");
        } else if (!login.path("role").asText().equals("ci")) {
            refuse(exchange, 400, "role \"%s\" could not be found".formatted(login.path("role")));
        } else if (!login.path("jwt").asText().equals(jwt)) {
            refuse(exchange, 400, "error validating token");
        } else {
            ObjectNode answer = Wire.mapper().createObjectNode();
            answer.putObject("auth").put("client_token", TOKEN).put("lease_duration", 60);
            reply(exchange, 200, answer);
        }
    }

    private static void refuse(HttpExchange exchange, int status, String why) throws IOException {
        ObjectNode answer = Wire.mapper().createObjectNode();
        answer.putArray("errors").add(why);
        reply(exchange, status, answer);
    }

    private static void reply(HttpExchange exchange, int status, ObjectNode answer)
            throws IOException {
        byte[] bytes = Wire.bytes(answer);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
