package io.armrunner.ci;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import io.armrunner.spec.Image;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code image} and {@code services} (runner-protocol §3.8.8). */
final class ContainerReader {
    private static final Set<String> IMAGE =
            Set.of("name", "entrypoint", "ports", "pull_policy", "docker", "kubernetes");
    private static final Set<String> SERVICE =
            Set.of(
                    "name",
                    "entrypoint",
                    "ports",
                    "pull_policy",
                    "docker",
                    "kubernetes",
                    "alias",
                    "command",
                    "variables");
    private static final List<String> PULL = List.of("always", "if-not-present", "never");

    private ContainerReader() {}

    static Optional<Image> image(@Nullable Yaml value, Fields fields) {
        return value == null ? Optional.empty() : one("image", value, IMAGE, fields);
    }

    static List<Image> services(@Nullable Yaml value, Fields fields) {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof Sequence list)) {
            fields.problems()
                    .wrongType("services", value, "a list of image names or mappings with name");
            return List.of();
        }
        List<Image> services = new ArrayList<>();
        for (Yaml item : fields.flat("services", list)) {
            one("services", item, SERVICE, fields).ifPresent(services::add);
        }
        return services;
    }

    private static Optional<Image> one(
            String keyword, Yaml value, Set<String> keys, Fields fields) {
        if (value instanceof Scalar) {
            return fields.text(keyword, value)
                    .map(name -> new Image(name, null, null, null, null, null, null));
        }
        if (!(value instanceof Mapping image)) {
            fields.problems().wrongType(keyword, value, "an image name, or a mapping with name");
            return Optional.empty();
        }
        fields.known(keyword, image, keys);
        Optional<String> name = fields.text(keyword + ":name", image.get("name"));
        if (name.isEmpty()) {
            if (!image.has("name")) {
                fields.problems().add(image.at(), keyword + " has no name");
            }
            return Optional.empty();
        }
        List<String> pull = new ArrayList<>();
        for (Yaml item : fields.items(image.get("pull_policy"))) {
            fields.word(keyword + ":pull_policy", item, PULL).ifPresent(pull::add);
        }
        return Optional.of(
                new Image(
                        name.get(),
                        fields.text(keyword + ":alias", image.get("alias")).orElse(null),
                        new ArrayList<>(
                                fields.textOrTexts(
                                        keyword + ":entrypoint", image.get("entrypoint"))),
                        new ArrayList<>(
                                fields.textOrTexts(keyword + ":command", image.get("command"))),
                        new ArrayList<>(pull),
                        VariableReader.read(keyword + ":variables", image.get("variables"), fields)
                                .stream()
                                .<io.armrunner.spec.@Nullable Variable>map(variable -> variable)
                                .toList(),
                        options(keyword, image, fields)));
    }

    private static Map<String, @Nullable JsonNode> options(
            String keyword, Mapping image, Fields fields) {
        Map<String, @Nullable JsonNode> options = new LinkedHashMap<>();
        option(keyword, "docker", List.of("platform", "user"), image, fields, options);
        option(keyword, "kubernetes", List.of("user"), image, fields, options);
        return options;
    }

    private static void option(
            String keyword,
            String engine,
            List<String> keys,
            Mapping image,
            Fields fields,
            Map<String, @Nullable JsonNode> into) {
        Optional<Mapping> given = fields.mapping(keyword + ":" + engine, image.get(engine));
        if (given.isEmpty()) {
            return;
        }
        fields.known(keyword + ":" + engine, given.get(), keys);
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        for (String key : keys) {
            fields.text(keyword + ":" + engine + ":" + key, given.get().get(key))
                    .ifPresent(text -> node.put(key, text));
        }
        into.put(engine, node);
    }
}
