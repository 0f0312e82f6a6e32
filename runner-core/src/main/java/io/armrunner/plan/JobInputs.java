package io.armrunner.plan;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.armrunner.spec.Artifacts;
import io.armrunner.spec.Cache;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.Image;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Step;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts a job's inputs where {@code ${{ job.inputs.NAME }}} stands (runner-protocol §10.2). A
 * payload without inputs is left as it is, whatever its texts look like.
 */
final class JobInputs {
    private static final String OPEN = "${{";
    private static final String CLOSE = "}}";
    private static final String ROOT = "job.inputs.";

    /** One value and whether it may be shown. */
    private record Input(JsonNode content, boolean sensitive) {}

    private final Map<String, Input> inputs = new HashMap<>();

    private JobInputs() {}

    /** The payload with its inputs put in. */
    static JobPayload interpolate(JobPayload payload) throws JobFailure {
        if (payload.inputs().isEmpty()) {
            return payload;
        }
        JobInputs inputs = new JobInputs();
        for (JsonNode input : payload.inputs()) {
            inputs.read(input);
        }
        return inputs.in(payload);
    }

    private void read(JsonNode input) throws JobFailure {
        String key = input.path("key").asText("");
        JsonNode value = input.path("value");
        JsonNode content = value.path("content");
        String type = value.path("type").asText("");
        boolean fits =
                switch (type) {
                    case "string" -> content.isTextual();
                    case "number" -> content.isNumber();
                    case "boolean" -> content.isBoolean();
                    case "array" -> content.isArray();
                    case "struct" -> content.isObject();
                    default -> false;
                };
        if (key.isEmpty() || !fits) {
            throw failed("the input \"%s\" has no value of its type \"%s\"".formatted(key, type));
        }
        inputs.put(key, new Input(content, value.path("sensitive").asBoolean(false)));
    }

    private JobPayload in(JobPayload payload) throws JobFailure {
        List<@Nullable Step> steps = new ArrayList<>();
        for (Step step : payload.steps()) {
            steps.add(
                    new Step(
                            step.name(),
                            all(step.script()),
                            step.timeout(),
                            step.when(),
                            step.allowFailure()));
        }
        List<@Nullable Image> services = new ArrayList<>();
        for (Image service : payload.services()) {
            services.add(image(service));
        }
        List<@Nullable Artifacts> artifacts = new ArrayList<>();
        for (Artifacts each : payload.artifacts()) {
            artifacts.add(
                    new Artifacts(
                            one(each.name()),
                            each.untracked(),
                            all(each.paths()),
                            all(each.exclude()),
                            one(each.when()),
                            one(each.expireIn()),
                            each.artifactType(),
                            each.artifactFormat()));
        }
        List<@Nullable Cache> caches = new ArrayList<>();
        for (Cache each : payload.cache()) {
            caches.add(
                    new Cache(
                            one(each.key()),
                            each.untracked(),
                            all(each.paths()),
                            one(each.policy()),
                            one(each.when()),
                            all(each.fallbackKeys())));
        }
        Image image = payload.image();
        return new JobPayload(
                payload.id(),
                payload.token(),
                payload.allowGitFetch(),
                payload.jobInfo(),
                payload.gitInfo(),
                payload.runnerInfo(),
                nullable(payload.inputs()),
                nullable(payload.variables()),
                steps,
                payload.run(),
                nullable(payload.hooks()),
                image == null ? null : image(image),
                services,
                artifacts,
                caches,
                nullable(payload.credentials()),
                nullable(payload.dependencies()),
                payload.features(),
                new LinkedHashMap<String, @Nullable JsonNode>(payload.secrets()),
                payload.policyOptions());
    }

    /** The records take what the wire can say. */
    private static <T> List<@Nullable T> nullable(List<T> list) {
        return new ArrayList<@Nullable T>(list);
    }

    private Image image(Image image) throws JobFailure {
        Map<String, @Nullable JsonNode> options = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> executor : image.executorOpts().entrySet()) {
            JsonNode table = executor.getValue().deepCopy();
            if (table instanceof ObjectNode object) {
                for (Map.Entry<String, JsonNode> option : executor.getValue().properties()) {
                    if (option.getValue().isTextual()) {
                        object.set(
                                option.getKey(), TextNode.valueOf(one(option.getValue().asText())));
                    }
                }
            }
            options.put(executor.getKey(), table);
        }
        return new Image(
                one(image.name()),
                image.alias(),
                all(image.entrypoint()),
                all(image.command()),
                all(image.pullPolicy()),
                nullable(image.variables()),
                options);
    }

    private List<@Nullable String> all(List<String> texts) throws JobFailure {
        List<@Nullable String> done = new ArrayList<>(texts.size());
        for (String text : texts) {
            done.add(one(text));
        }
        return done;
    }

    private String one(String text) throws JobFailure {
        int open = text.indexOf(OPEN);
        if (open < 0) {
            return text;
        }
        StringBuilder done = new StringBuilder();
        int at = 0;
        while (open >= 0) {
            int close = text.indexOf(CLOSE, open);
            if (close < 0) {
                throw failed("an expression that " + OPEN + " opens is not closed");
            }
            done.append(text, at, open);
            done.append(value(text.substring(open + OPEN.length(), close).strip()));
            at = close + CLOSE.length();
            open = text.indexOf(OPEN, at);
        }
        return done.append(text, at, text.length()).toString();
    }

    private String value(String expression) throws JobFailure {
        if (!expression.startsWith(ROOT)) {
            throw failed("\"%s\" is not known; only job.inputs.NAME is".formatted(expression));
        }
        String[] parts =
                expression
                        .substring(ROOT.length())
                        .replace("[", ".")
                        .replace("]", "")
                        .split("\\.", -1);
        Input input = inputs.get(parts[0].strip());
        if (input == null) {
            throw failed("the job has no input \"%s\"".formatted(parts[0].strip()));
        }
        if (input.sensitive()) {
            throw failed(
                    "the input \"%s\" is sensitive and cannot be put into a text"
                            .formatted(parts[0].strip()));
        }
        JsonNode value = input.content();
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].strip();
            value = value.isArray() ? value.path(index(part)) : value.path(part);
        }
        if (value.isMissingNode()) {
            throw failed("there is no \"%s\"".formatted(expression));
        }
        return value.isValueNode() ? value.asText() : value.toString();
    }

    private static int index(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            // No element has it, which is then the error.
            return -1;
        }
    }

    private static JobFailure failed(String why) {
        return new JobFailure(
                FailureReason.RUNNER_CONFIGURATION_ERROR,
                "failed to interpolate job inputs: " + why);
    }
}
