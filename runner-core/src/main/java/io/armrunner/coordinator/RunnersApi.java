package io.armrunner.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The calls of a runner's life: register, verify, reset, leave (runner-protocol §2.3). */
final class RunnersApi {
    private static final int BODY_LIMIT = 64 * 1024;
    private static final int NOTE_LIMIT = 1024;
    private static final int SHORTEST_TIMEOUT = 600;

    private final Books books;
    private final Secret registrationToken;

    RunnersApi(Books books, Secret registrationToken) {
        this.books = books;
        this.registrationToken = registrationToken;
    }

    Reply answer(Call call) throws IOException {
        Endpoint endpoint = call.route().endpoint();
        if (endpoint == Endpoint.DISCOVERY) {
            return Reply.refused(501, "there is no job router");
        }
        Optional<Reply> unreadable = call.readJson(BODY_LIMIT);
        if (unreadable.isPresent()) {
            return unreadable.get();
        }
        String token = call.field("token");
        if (token.isEmpty()) {
            return Reply.invalid("token is missing");
        }
        if (!call.isJson()) {
            books.violation(call.what() + " with Content-Type " + call.contentType());
        }
        if (endpoint == Endpoint.REGISTER) {
            return register(call, token);
        }
        return books.changing(() -> {
            Optional<CoordinatorRunner> found = books.runner(token);
            if (found.isEmpty()) {
                return Reply.refused(403, "the runner's token is not known");
            }
            CoordinatorRunner runner = found.get();
            return switch (endpoint) {
                case VERIFY -> verify(call, runner);
                case RESET_TOKEN -> described(201, runner, books.rotate(runner), false);
                case DELETE_RUNNER -> deleteRunner(call, runner, token);
                case DELETE_MANAGER -> deleteManager(call, runner);
                default -> throw new IllegalStateException("no call on a runner: " + endpoint);
            };
        });
    }

    private Reply verify(Call call, CoordinatorRunner runner) {
        if (!Features.isSystemId(call.field("system_id"))) {
            books.violation(
                    call.what() + " with the system_id \"" + call.field("system_id") + "\"");
        }
        // Without them the server believes for the manager's whole first hour that it cannot cancel
        // well (§2.1).
        Features.fault(call.json()).ifPresent(fault -> books.violation(call.what() + ": " + fault));
        contacted(call, runner);
        return described(200, runner, runner.currentToken(), true);
    }

    private Reply deleteRunner(Call call, CoordinatorRunner runner, String token) {
        if (token.startsWith("glrt-")) {
            books.violation(call.what() + " with a glrt- token deletes the runner of all managers");
        }
        books.forget(runner);
        return Reply.empty(204);
    }

    private static Reply deleteManager(Call call, CoordinatorRunner runner) {
        String systemId = call.field("system_id");
        if (systemId.isEmpty()) {
            return Reply.invalid("system_id is missing");
        }
        return runner.removeManager(systemId)
                ? Reply.empty(204)
                : Reply.refused(404, "the runner has no manager " + systemId);
    }

    private Reply register(Call call, String token) {
        if (!books.settings().registration()) {
            return Reply.refused(410, "registration tokens are not allowed");
        }
        if (!token.equals(registrationToken.value())) {
            return Reply.refused(403, "invalid token supplied");
        }
        JsonNode body = call.json();
        Optional<Reply> wrong = validate(body);
        if (wrong.isPresent()) {
            return wrong.get();
        }
        if (body.has("tag_list") && !body.path("tag_list").isTextual()) {
            books.violation(call.what() + " with a tag_list that is no comma separated string");
        }
        for (String flag : List.of("run_untagged", "locked", "paused")) {
            if (!body.path(flag).isBoolean()) {
                books.violation(call.what() + " without " + flag);
            }
        }
        List<String> tags = tags(body.path("tag_list"));
        boolean untagged = body.path("run_untagged").asBoolean(tags.isEmpty());
        if (tags.isEmpty() && !untagged) {
            return invalid(
                    "tags_list",
                    "can not be empty when runner is not allowed to pick untagged jobs");
        }
        boolean paused = body.path("paused").asBoolean(!body.path("active").asBoolean(true));
        RunnerSpec spec = new RunnerSpec(body.path("description").asText(""), tags, untagged);
        return books.changing(() -> {
            CoordinatorRunner runner =
                    new CoordinatorRunner(
                            books, books.nextId(), spec, books.token("glrtr-"), paused);
            books.add(runner);
            contacted(call, runner);
            return described(201, runner, runner.currentToken(), true);
        });
    }

    private static Optional<Reply> validate(JsonNode body) {
        if (body.has("paused") && body.has("active")) {
            return Optional.of(Reply.invalid("paused, active are mutually exclusive"));
        }
        if (body.has("maintenance_note") && body.has("maintainer_note")) {
            return Optional.of(
                    Reply.invalid("maintainer_note, maintenance_note are mutually exclusive"));
        }
        if (body.path("maintenance_note").asText("").length() > NOTE_LIMIT) {
            return Optional.of(
                    invalid("maintenance_note", "is too long (maximum is 1024 characters)"));
        }
        JsonNode limit = body.path("maximum_timeout");
        if (limit.isNumber() && limit.asLong() < SHORTEST_TIMEOUT) {
            return Optional.of(invalid("maximum_timeout", "needs to be at least 10 minutes"));
        }
        String access = body.path("access_level").asText("");
        if (!access.isEmpty()
                && !access.equals("not_protected")
                && !access.equals("ref_protected")) {
            return Optional.of(Reply.invalid("access_level does not have a valid value"));
        }
        return Optional.empty();
    }

    private static List<String> tags(JsonNode list) {
        List<String> tags = new ArrayList<>();
        if (list.isArray()) {
            list.forEach(entry -> tags.add(entry.asText().strip()));
        } else {
            for (String tag : list.asText("").split(",", -1)) {
                tags.add(tag.strip());
            }
        }
        tags.removeIf(String::isEmpty);
        return tags;
    }

    private void contacted(Call call, CoordinatorRunner runner) {
        String systemId = call.field("system_id").isEmpty() ? "<legacy>" : call.field("system_id");
        runner.contacted(
                systemId,
                Features.offered(call.json()),
                books.now(),
                books.settings().managerFreeze());
    }

    private static Reply described(
            int status, CoordinatorRunner runner, Secret token, boolean withId) {
        ObjectNode body = Wire.mapper().createObjectNode();
        if (withId) {
            body.put("id", runner.id());
        }
        body.put("token", token.value()).putNull("token_expires_at");
        return Reply.json(status, body);
    }

    private static Reply invalid(String field, String why) {
        return Reply.json(400, Map.of("message", Map.of(field, List.of(why))));
    }
}
