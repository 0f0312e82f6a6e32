package io.armrunner.codebuild.fake;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.core.traits.RequiredTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.utils.builder.Buildable;

/**
 * Reads requests into the SDK's own classes, checked against the service model that these carry:
 * unknown members, missing ones, wrong types and unknown words of an enumeration are refused. And
 * writes answers from them.
 */
final class Shapes {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    /** What must be there, for the services whose classes do not carry that. */
    private static final Map<String, List<String>> REQUIRED =
            Map.ofEntries(
                    Map.entry("StartBuildRequest", List.of("projectName")),
                    Map.entry("BatchGetBuildsRequest", List.of("ids")),
                    Map.entry("BatchDeleteBuildsRequest", List.of("ids")),
                    Map.entry("StopBuildRequest", List.of("id")),
                    Map.entry("ListBuildsForProjectRequest", List.of("projectName")),
                    Map.entry(
                            "CreateProjectRequest",
                            List.of("name", "source", "artifacts", "environment", "serviceRole")),
                    Map.entry("UpdateProjectRequest", List.of("name")),
                    Map.entry("DeleteProjectRequest", List.of("name")),
                    Map.entry("BatchGetProjectsRequest", List.of("names")),
                    Map.entry("ProjectSource", List.of("type")),
                    Map.entry("ProjectArtifacts", List.of("type")),
                    Map.entry("ProjectEnvironment", List.of("type", "image", "computeType")),
                    Map.entry("EnvironmentVariable", List.of("name", "value")),
                    Map.entry("CloudWatchLogsConfig", List.of("status")),
                    Map.entry("CreateLogGroupRequest", List.of("logGroupName")),
                    Map.entry("DeleteLogGroupRequest", List.of("logGroupName")),
                    Map.entry(
                            "PutRetentionPolicyRequest",
                            List.of("logGroupName", "retentionInDays")),
                    Map.entry("GetLogEventsRequest", List.of("logStreamName")),
                    Map.entry("GetParameterRequest", List.of("Name")),
                    Map.entry("GetParametersRequest", List.of("Names")),
                    Map.entry("PutParameterRequest", List.of("Name", "Value")),
                    Map.entry("GetServiceQuotaRequest", List.of("ServiceCode", "QuotaCode")),
                    Map.entry("CreateRoleRequest", List.of("RoleName", "AssumeRolePolicyDocument")),
                    Map.entry(
                            "PutRolePolicyRequest",
                            List.of("RoleName", "PolicyName", "PolicyDocument")),
                    Map.entry("DeleteRoleRequest", List.of("RoleName")),
                    Map.entry("GetRoleRequest", List.of("RoleName")),
                    Map.entry("ListRolePoliciesRequest", List.of("RoleName")),
                    Map.entry("ListAttachedRolePoliciesRequest", List.of("RoleName")),
                    Map.entry("GetRolePolicyRequest", List.of("RoleName", "PolicyName")),
                    Map.entry("DeleteRolePolicyRequest", List.of("RoleName", "PolicyName")),
                    Map.entry("AttachRolePolicyRequest", List.of("RoleName", "PolicyArn")),
                    Map.entry("DetachRolePolicyRequest", List.of("RoleName", "PolicyArn")),
                    Map.entry("TagRoleRequest", List.of("RoleName", "Tags")),
                    Map.entry(
                            "UpdateAssumeRolePolicyRequest", List.of("RoleName", "PolicyDocument")),
                    Map.entry(
                            "SimulatePrincipalPolicyRequest",
                            List.of("PolicySourceArn", "ActionNames")),
                    Map.entry(
                            "AssumeRoleWithWebIdentityRequest",
                            List.of("RoleArn", "RoleSessionName", "WebIdentityToken")),
                    Map.entry("GetSecretValueRequest", List.of("SecretId")),
                    Map.entry("CreateSecretRequest", List.of("Name")),
                    Map.entry("TagResourceRequest", List.of("resourceArn", "tags")),
                    Map.entry("ListTagsForResourceRequest", List.of("resourceArn")));

    private Shapes() {}

    /**
     * A request from what was sent.
     *
     * @param loose whether numbers and truth values may come as text, as they do in a form
     */
    static SdkPojo read(JsonNode json, Class<?> type, boolean loose) throws ServiceError {
        return read(json, builder(type), "", loose);
    }

    static SdkPojo builder(Class<?> type) {
        try {
            return (SdkPojo) type.getMethod("builder").invoke(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("no builder of " + type, e);
        }
    }

    private static SdkPojo read(JsonNode json, SdkPojo builder, String path, boolean loose)
            throws ServiceError {
        if (!json.isObject()) {
            throw new ServiceError(
                    400, "SerializationException", "Start of structure expected at '" + path + "'");
        }
        Map<String, SdkField<?>> fields = new LinkedHashMap<>();
        for (SdkField<?> field : builder.sdkFields()) {
            fields.put(field.locationName(), field);
        }
        for (Map.Entry<String, JsonNode> member : json.properties()) {
            SdkField<?> field = fields.get(member.getKey());
            if (field == null) {
                throw new ServiceError(
                        400,
                        "SerializationException",
                        "Unknown member '%s%s'".formatted(path, member.getKey()));
            }
            field.set(builder, value(member.getValue(), field, path + member.getKey(), loose));
        }
        for (SdkField<?> field : fields.values()) {
            if (field.containsTrait(RequiredTrait.class) && !json.has(field.locationName())) {
                throw violated("null", path + field.locationName(), "Member must not be null");
            }
        }
        SdkPojo built = (SdkPojo) ((Buildable) builder).build();
        for (String name : REQUIRED.getOrDefault(built.getClass().getSimpleName(), List.of())) {
            if (!json.has(name)) {
                throw violated("null", path + name, "Member must not be null");
            }
        }
        checkWords(built, fields.values(), path);
        return built;
    }

    private static ServiceError violated(String value, String member, String constraint) {
        return ServiceError.validation(
                "1 validation error detected: Value %s at '%s' failed to satisfy constraint: %s"
                        .formatted(value, member, constraint));
    }

    private static Object value(JsonNode json, SdkField<?> field, String path, boolean loose)
            throws ServiceError {
        MarshallingType<?> type = field.marshallingType();
        if (MarshallingType.LIST.equals(type)) {
            return list(json, field.getRequiredTrait(ListTrait.class), path, loose);
        } else if (MarshallingType.MAP.equals(type)) {
            return map(json, field.getRequiredTrait(MapTrait.class), path, loose);
        } else if (MarshallingType.SDK_POJO.equals(type)) {
            return read(json, field.constructor().get(), path + ".", loose);
        }
        return scalar(json, type, path, loose);
    }

    private static List<Object> list(JsonNode json, ListTrait trait, String path, boolean loose)
            throws ServiceError {
        if (!json.isArray()) {
            throw new ServiceError(400, "SerializationException", "List expected at " + path);
        }
        List<Object> values = new ArrayList<>();
        for (JsonNode each : json) {
            values.add(value(each, trait.memberFieldInfo(), path + "." + values.size(), loose));
        }
        return values;
    }

    private static Map<String, Object> map(
            JsonNode json, MapTrait trait, String path, boolean loose) throws ServiceError {
        Map<String, Object> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> each : json.properties()) {
            values.put(
                    each.getKey(),
                    value(each.getValue(), trait.valueFieldInfo(), path + each.getKey(), loose));
        }
        return values;
    }

    private static Object scalar(JsonNode json, MarshallingType<?> type, String path, boolean loose)
            throws ServiceError {
        boolean text = loose && json.isTextual();
        try {
            if (MarshallingType.STRING.equals(type) && json.isTextual()) {
                return json.asText();
            } else if (MarshallingType.BOOLEAN.equals(type) && (json.isBoolean() || text)) {
                return json.isBoolean() ? json.booleanValue() : word(json.asText());
            } else if (MarshallingType.INTEGER.equals(type) && (json.isInt() || text)) {
                return text ? Integer.valueOf(json.asText()) : (Object) json.intValue();
            } else if (MarshallingType.LONG.equals(type) && (json.isIntegralNumber() || text)) {
                return text ? Long.valueOf(json.asText()) : (Object) json.longValue();
            } else if (MarshallingType.DOUBLE.equals(type) && (json.isNumber() || text)) {
                return text ? Double.valueOf(json.asText()) : (Object) json.doubleValue();
            } else if (MarshallingType.INSTANT.equals(type) && (json.isNumber() || text)) {
                return text ? Instant.parse(json.asText()) : instant(json.decimalValue());
            } else if (MarshallingType.SDK_BYTES.equals(type) && json.isTextual()) {
                return SdkBytes.fromByteArray(json.binaryValue());
            }
        } catch (java.io.IOException | IllegalArgumentException | java.time.DateTimeException _) {
            // falls through to the one refusal of a wrong type
        }
        throw new ServiceError(
                400,
                "SerializationException",
                "%s expected at '%s', not %s"
                        .formatted(type.getTargetClass().getSimpleName(), path, json));
    }

    private static Boolean word(String text) {
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static Instant instant(BigDecimal seconds) {
        return Instant.ofEpochMilli(seconds.movePointRight(3).longValue());
    }

    /** The classes have the words of an enumeration in the return type of their getters. */
    private static void checkWords(SdkPojo built, Collection<SdkField<?>> fields, String path)
            throws ServiceError {
        for (SdkField<?> field : fields) {
            @Nullable Object value = field.getValueOrDefault(built);
            Optional<Class<?>> words = value == null ? Optional.empty() : words(built, field);
            if (words.isEmpty()) {
                continue;
            }
            List<?> given = value instanceof List<?> list ? list : List.of(String.valueOf(value));
            for (Object each : given) {
                if (!isWord(words.get(), each.toString())) {
                    throw violated(
                            "'" + each + "'",
                            path + field.locationName(),
                            "Member must satisfy enum value set: "
                                    + List.of(words.get().getEnumConstants()));
                }
            }
        }
    }

    private static Optional<Class<?>> words(SdkPojo built, SdkField<?> field) {
        String name = field.memberName().toLowerCase(Locale.ROOT);
        for (Method method : built.getClass().getMethods()) {
            if (method.getParameterCount() == 0
                    && !method.isBridge()
                    && method.getName().toLowerCase(Locale.ROOT).equals(name)) {
                return enumeration(method.getGenericReturnType());
            }
        }
        // A list of words: the plain getter may be named in the singular's plural; both end alike.
        return Optional.empty();
    }

    private static Optional<Class<?>> enumeration(Type type) {
        if (type instanceof Class<?> simple && simple.isEnum()) {
            return Optional.of(simple);
        }
        if (type instanceof ParameterizedType generic
                && generic.getRawType() == List.class
                && generic.getActualTypeArguments()[0] instanceof Class<?> element
                && element.isEnum()) {
            return Optional.of(element);
        }
        return Optional.empty();
    }

    private static boolean isWord(Class<?> words, String value) {
        for (Object word : words.getEnumConstants()) {
            if (word.toString().equals(value)) {
                return true;
            }
        }
        return false;
    }

    /** An answer as AWS JSON 1.1 has it: what is absent is left out, times are numbers. */
    static ObjectNode json(SdkPojo pojo) {
        ObjectNode node = NODES.objectNode();
        for (SdkField<?> field : pojo.sdkFields()) {
            Object value = field.getValueOrDefault(pojo);
            if (isPresent(value)) {
                node.set(field.locationName(), json(value));
            }
        }
        return node;
    }

    static boolean isPresent(@Nullable Object value) {
        return value != null
                && !(value instanceof SdkAutoConstructList)
                && !(value instanceof SdkAutoConstructMap);
    }

    private static JsonNode json(@Nullable Object value) {
        return switch (value) {
            case null -> NODES.nullNode();
            case SdkPojo pojo -> json(pojo);
            case Collection<?> list -> {
                ArrayNode array = NODES.arrayNode();
                list.forEach(each -> array.add(json(each)));
                yield array;
            }
            case Map<?, ?> map -> {
                ObjectNode object = NODES.objectNode();
                map.forEach((key, each) -> object.set(String.valueOf(key), json(each)));
                yield object;
            }
            case Boolean truth -> NODES.booleanNode(truth);
            case Integer number -> NODES.numberNode(number);
            case Long number -> NODES.numberNode(number);
            case Double number -> NODES.numberNode(number);
            // Seconds with three digits after the point, never an ISO text.
            case Instant time ->
                    NODES.numberNode(BigDecimal.valueOf(time.toEpochMilli()).movePointLeft(3));
            case SdkBytes bytes -> NODES.binaryNode(bytes.asByteArray());
            default -> NODES.textNode(value.toString());
        };
    }
}
