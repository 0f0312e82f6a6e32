package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.http.Exchange;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Git LFS of a project: says where the files that a client names are, and gives them. They are
 * where git-lfs itself keeps them, in the project's own repository. Nothing can be sent here.
 */
final class LargeFiles {
    private static final String TYPE = "application/vnd.git-lfs+json";
    private static final int MOST_BYTES = 4 << 20;
    private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");

    private LargeFiles() {}

    /** The answer; {@code null} when it has been sent already. */
    static @Nullable Reply answer(Call call, Project project) throws IOException {
        Exchange exchange = call.exchange();
        return exchange.method().equals("POST")
                ? batch(call, project)
                : file(exchange, project, lastPart(exchange.path()));
    }

    private static Reply batch(Call call, Project project) throws IOException {
        Optional<Reply> unreadable = call.readJson(MOST_BYTES);
        if (unreadable.isPresent()) {
            return unreadable.get();
        }
        if (!call.field("operation").equals("download")) {
            return Reply.refused(403, "large files can be fetched here, and not sent");
        }
        Exchange exchange = call.exchange();
        ObjectNode answer = Wire.mapper().createObjectNode().put("transfer", "basic");
        ArrayNode objects = answer.putArray("objects");
        for (JsonNode wanted : call.json().path("objects")) {
            String name = wanted.path("oid").asText();
            ObjectNode each = objects.addObject().put("oid", name);
            Optional<Path> file = stored(project, name);
            if (file.isEmpty()) {
                each.put("size", wanted.path("size").asLong())
                        .putObject("error")
                        .put("code", 404)
                        .put("message", "Object does not exist");
                continue;
            }
            each.put("size", Files.size(file.get())).put("authenticated", true);
            ObjectNode download = each.putObject("actions").putObject("download");
            download.put(
                    "href",
                    "http://%s/%s.git/gitlab-lfs/objects/%s"
                            .formatted(
                                    exchange.header("host").orElse("localhost"),
                                    project.path(),
                                    name));
            download.putObject("header")
                    .put("Authorization", exchange.header("authorization").orElse(""));
        }
        return new Reply(
                200,
                Map.of("Content-Type", TYPE),
                new String(Wire.bytes(answer), StandardCharsets.UTF_8));
    }

    private static @Nullable Reply file(Exchange exchange, Project project, String name)
            throws IOException {
        Optional<Path> file = stored(project, name);
        if (file.isEmpty()) {
            return Reply.refused(404, "there is no large file " + name);
        }
        try (OutputStream out =
                exchange.replyStream(200, Map.of("Content-Type", "application/octet-stream"))) {
            Files.copy(file.get(), out);
        }
        return null;
    }

    private static Optional<Path> stored(Project project, String name) {
        if (!NAME.matcher(name).matches()) {
            return Optional.empty();
        }
        Path inside = project.repository().resolve(".git");
        Path git = Files.isDirectory(inside) ? inside : project.repository();
        return Optional.of(
                        git.resolve("lfs/objects")
                                .resolve(name.substring(0, 2))
                                .resolve(name.substring(2, 4))
                                .resolve(name))
                .filter(Files::isRegularFile);
    }

    private static String lastPart(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
