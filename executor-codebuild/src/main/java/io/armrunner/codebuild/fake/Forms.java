package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URLDecoder;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;

/**
 * The older protocol of AWS, which IAM, STS and EC2 speak: requests are forms with dotted names,
 * answers are XML.
 */
final class Forms {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private Forms() {}

    /** The parameters of a body. */
    static Map<String, String> parse(String body) {
        Map<String, String> form = new LinkedHashMap<>();
        for (String pair : body.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                form.put(
                        URLDecoder.decode(pair.substring(0, equals), UTF_8),
                        URLDecoder.decode(pair.substring(equals + 1), UTF_8));
            }
        }
        return form;
    }

    /**
     * The request that a form carries, by the names its class expects.
     *
     * @param ec2 whether lists are numbered directly, without a word between
     */
    static SdkPojo read(Map<String, String> form, Class<?> type, boolean ec2) throws ServiceError {
        Set<String> used = new HashSet<>(Set.of("Action", "Version"));
        ObjectNode json = object(form, "", Shapes.builder(type), ec2, used);
        for (String name : form.keySet()) {
            if (!used.contains(name)) {
                throw ServiceError.validation("The parameter " + name + " is not recognized");
            }
        }
        return Shapes.read(json, type, true);
    }

    private static ObjectNode object(
            Map<String, String> form, String prefix, SdkPojo shape, boolean ec2, Set<String> used) {
        ObjectNode json = NODES.objectNode();
        for (SdkField<?> field : shape.sdkFields()) {
            @Nullable JsonNode value = value(form, prefix + field.locationName(), field, ec2, used);
            if (value != null) {
                json.set(field.locationName(), value);
            }
        }
        return json;
    }

    private static @Nullable JsonNode value(
            Map<String, String> form,
            String name,
            SdkField<?> field,
            boolean ec2,
            Set<String> used) {
        if (MarshallingType.LIST.equals(field.marshallingType())) {
            return list(form, name, field.getRequiredTrait(ListTrait.class), ec2, used);
        }
        if (MarshallingType.SDK_POJO.equals(field.marshallingType())) {
            boolean given = form.keySet().stream().anyMatch(key -> key.startsWith(name + "."));
            return given ? object(form, name + ".", field.constructor().get(), ec2, used) : null;
        }
        String text = form.get(name);
        if (text == null) {
            return null;
        }
        used.add(name);
        return NODES.textNode(text);
    }

    private static @Nullable JsonNode list(
            Map<String, String> form, String name, ListTrait trait, boolean ec2, Set<String> used) {
        ArrayNode json = NODES.arrayNode();
        String word = trait.memberLocationName() == null ? "member" : trait.memberLocationName();
        String prefix = ec2 || trait.isFlattened() ? name + "." : name + "." + word + ".";
        for (int i = 1; ; i++) {
            @Nullable JsonNode each = value(form, prefix + i, trait.memberFieldInfo(), ec2, used);
            if (each == null) {
                break;
            }
            json.add(each);
        }
        return json.isEmpty() ? null : json;
    }

    /** The elements of an answer, without the one around them. */
    static String xml(SdkPojo pojo) {
        StringBuilder out = new StringBuilder();
        for (SdkField<?> field : pojo.sdkFields()) {
            Object value = field.getValueOrDefault(pojo);
            if (Shapes.isPresent(value)) {
                element(out, field.unmarshallLocationName(), value, field);
            }
        }
        return out.toString();
    }

    private static void element(
            StringBuilder out, String name, @Nullable Object value, SdkField<?> field) {
        if (value instanceof List<?> list) {
            ListTrait trait = field.getRequiredTrait(ListTrait.class);
            SdkField<?> member = trait.memberFieldInfo();
            String word =
                    trait.memberLocationName() == null ? "member" : trait.memberLocationName();
            StringBuilder inner = new StringBuilder();
            list.forEach(each ->
                    element(
                            trait.isFlattened() ? out : inner,
                            trait.isFlattened() ? name : word,
                            each,
                            member));
            if (!trait.isFlattened()) {
                out.append(wrapped(name, inner.toString()));
            }
        } else if (value instanceof SdkPojo pojo) {
            out.append(wrapped(name, xml(pojo)));
        } else if (value instanceof Instant time) {
            out.append(wrapped(name, time.toString()));
        } else {
            out.append(wrapped(name, escaped(String.valueOf(value))));
        }
    }

    static String wrapped(String name, String content) {
        return "<" + name + ">" + content + "</" + name + ">";
    }

    static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
