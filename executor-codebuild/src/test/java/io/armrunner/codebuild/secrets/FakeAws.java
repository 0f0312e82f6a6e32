package io.armrunner.codebuild.secrets;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The two calls of AWS that reading a secret takes, on a real socket. Strict: who asks for a secret
 * must have signed for this region and service with the keys of the session, and who wants a
 * session must have the right token.
 */
final class FakeAws implements AutoCloseable {
    private static final Pattern SIGNATURE =
            Pattern.compile(
                    "AWS4-HMAC-SHA256 Credential=([^/]+)/\\d{8}/([a-z0-9-]+)/([a-z]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}");

    private final HttpServer server;
    private final String jwt;
    private final Map<String, ObjectNode> secrets = new ConcurrentHashMap<>();
    final List<String> calls = new CopyOnWriteArrayList<>();

    FakeAws(String jwt) throws IOException {
        this.jwt = jwt;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    void put(String id, String value) {
        secrets.put(
                id, Wire.mapper().createObjectNode().put("Name", id).put("SecretString", value));
    }

    private void answer(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
        if ("secretsmanager.GetSecretValue".equals(target)) {
            secret(exchange, Wire.tree(body));
        } else if (target == null) {
            session(exchange, form(new String(body, StandardCharsets.UTF_8)));
        } else {
            json(exchange, 400, error("UnknownOperationException", target));
        }
    }

    private void secret(HttpExchange exchange, JsonNode wanted) throws IOException {
        Matcher signature =
                SIGNATURE.matcher(
                        String.valueOf(exchange.getRequestHeaders().getFirst("Authorization")));
        if (!signature.matches()) {
            json(exchange, 400, error("IncompleteSignatureException", "no signature"));
            return;
        }
        boolean session = signature.group(1).equals("ASIASESSION");
        String token = exchange.getRequestHeaders().getFirst("X-Amz-Security-Token");
        List<String> signed = List.of(signature.group(4).split(";", -1));
        calls.add(
                "GetSecretValue %s %s %s %s"
                        .formatted(
                                signature.group(1),
                                signature.group(2),
                                signature.group(3),
                                wanted));
        if (session && !"session-token".equals(token)) {
            json(exchange, 400, error("UnrecognizedClientException", "wrong session"));
        } else if (!signed.contains("host")
                || !signed.contains("x-amz-date")
                || (session && !signed.contains("x-amz-security-token"))) {
            json(exchange, 400, error("InvalidSignatureException", "headers are not signed"));
        } else if (!session && !signature.group(1).equals("AKIAMACHINE")) {
            json(exchange, 400, error("UnrecognizedClientException", "wrong key"));
        } else if (!secrets.containsKey(wanted.path("SecretId").asText())) {
            json(exchange, 400, error("ResourceNotFoundException", "no such secret"));
        } else {
            json(exchange, 200, secrets.get(wanted.path("SecretId").asText()));
        }
    }

    private void session(HttpExchange exchange, Map<String, String> form) throws IOException {
        calls.add(
                "%s %s %s"
                        .formatted(
                                form.get("Action"),
                                form.get("RoleArn"),
                                form.get("RoleSessionName")));
        if (exchange.getRequestHeaders().containsKey("Authorization")) {
            xml(exchange, 400, fault("InvalidClientTokenId", "this call is not signed"));
        } else if (!jwt.equals(form.get("WebIdentityToken"))) {
            xml(exchange, 400, fault("InvalidIdentityToken", "the token is not from GitLab"));
        } else {
            xml(
                    exchange,
                    200,
                    """
                    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                      <AssumeRoleWithWebIdentityResult><Credentials>
                        <AccessKeyId>ASIASESSION</AccessKeyId>
                        <SecretAccessKey>session-secret</SecretAccessKey>
                        <SessionToken>session-token</SessionToken>
                        <Expiration>2099-01-01T00:00:00Z</Expiration>
                      </Credentials></AssumeRoleWithWebIdentityResult>
                    </AssumeRoleWithWebIdentityResponse>
                    """);
        }
    }

    private static Map<String, String> form(String body) {
        Map<String, String> form = new HashMap<>();
        for (String pair : body.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                form.put(
                        pair.substring(0, equals),
                        URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
            }
        }
        return form;
    }

    private static ObjectNode error(String type, String message) {
        return Wire.mapper().createObjectNode().put("__type", type).put("message", message);
    }

    private static String fault(String code, String message) {
        return "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>"
                .formatted(code, message);
    }

    private static void json(HttpExchange exchange, int status, ObjectNode body)
            throws IOException {
        send(exchange, status, "application/x-amz-json-1.1", Wire.bytes(body));
    }

    private static void xml(HttpExchange exchange, int status, String body) throws IOException {
        send(exchange, status, "text/xml", body.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, String type, byte[] body)
            throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
