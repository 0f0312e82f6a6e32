package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every single field of a full payload, once as null, once absent, once beside an unknown one. */
@Timeout(120)
class PayloadNullsTest {
    private static final String FULL =
            """
            {"id":17,"token":"glcbt-1","allow_git_fetch":true,
             "job_info":{"name":"j","stage":"s","pipeline_id":1,"project_id":2,"project_name":"p",
               "project_full_path":"g/p","namespace_id":3,"root_namespace_id":4,"organization_id":5,
               "instance_id":"i","user_id":6,"time_in_queue_seconds":1.5,
               "project_jobs_running_on_instance_runners_count":"0","queue_size":1,"queue_depth":1},
             "git_info":{"repo_url":"http://h/r.git","repo_object_format":"sha1","ref":"main",
               "sha":"a","before_sha":"b","ref_type":"branch","refspecs":["+a:b"],"depth":20,
               "protected":true},
             "runner_info":{"timeout":3600,"runner_session_url":"x"},
             "inputs":[{"key":"k"}],
             "variables":[{"key":"A","value":"1","public":true,"masked":true,"file":true,"raw":true}],
             "steps":[{"name":"script","script":["true"],"timeout":1,"when":"always",
               "allow_failure":true}],
             "run":"r","hooks":[{"name":"pre_get_sources_script","script":["true"]}],
             "image":{"name":"i","alias":"a","entrypoint":["e"],"command":["c"],
               "pull_policy":["always"],"variables":[{"key":"B","value":"2"}],
               "executor_opts":{"docker":{"user":"1"}}},
             "services":[{"name":"s","alias":"a","entrypoint":["e"],"command":["c"],
               "pull_policy":["always"],"variables":[{"key":"C","value":"3"}],
               "executor_opts":{"docker":{"user":1}}}],
             "artifacts":[{"name":"n","untracked":true,"paths":["p"],"exclude":["e"],
               "when":"always","expire_in":"1d","artifact_type":"archive","artifact_format":"zip"}],
             "cache":[{"key":"k","untracked":true,"paths":["p"],"policy":"pull","when":"always",
               "fallback_keys":["f"]}],
             "credentials":[{"type":"registry","url":"u","username":"n","password":"w"}],
             "dependencies":[{"id":1,"name":"d","token":"t",
               "artifacts_file":{"filename":"a.zip","size":10}}],
             "features":{"trace_sections":true,"failure_reasons":["script_failure"],
               "token_mask_prefixes":["x-"]},
             "secrets":{"S":{"vault":{}}},
             "policy_options":{"execution_policy_job":true,"policy_name":"p",
               "policy_variables_override_allowed":true,
               "policy_variables_override_exceptions":["E"]}}
            """;

    private interface Change {
        void at(ObjectNode parent, String key);
    }

    @Test
    @Tag("RP-10")
    void anyFieldMayBeNull() throws Exception {
        everywhere((parent, key) -> parent.putNull(key));
    }

    @Test
    @Tag("RP-10")
    void anyFieldMayBeAbsent() throws Exception {
        everywhere((parent, key) -> parent.remove(key));
    }

    @Test
    @Tag("RP-10")
    void unknownKeysMayBeAnywhere() throws Exception {
        everywhere((parent, key) -> parent.putObject("unknown_" + key).putArray("x").add(1));
    }

    private static void everywhere(Change change) throws Exception {
        int count = fields(Wire.tree(FULL.getBytes(UTF_8))).size();
        assertThat(count).isGreaterThan(80);
        for (int i = 0; i < count; i++) {
            JsonNode changed = Wire.tree(FULL.getBytes(UTF_8));
            Field field = fields(changed).get(i);
            change.at(field.parent(), field.key());
            JobPayload payload = Wire.payload(Wire.bytes(changed));
            checkWhole(payload, field.key());
        }
    }

    private record Field(ObjectNode parent, String key) {}

    private static List<Field> fields(JsonNode node) {
        List<Field> all = new ArrayList<>();
        if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                all.add(new Field(object, entry.getKey()));
                all.addAll(fields(entry.getValue()));
            }
        } else if (node instanceof ArrayNode array) {
            array.forEach(entry -> all.addAll(fields(entry)));
        }
        return all;
    }

    /** Nothing in the record is null that does not say so. */
    private static void checkWhole(Object value, String changed) throws Exception {
        if (value instanceof Iterable<?> list && !(value instanceof JsonNode)) {
            for (Object entry : list) {
                assertThat(entry).as(changed).isNotNull();
                checkWhole(entry, changed);
            }
        }
        if (!(value instanceof Record) || value instanceof Secret) {
            return;
        }
        for (RecordComponent component : value.getClass().getRecordComponents()) {
            Method accessor = component.getAccessor();
            accessor.setAccessible(true);
            Object read = accessor.invoke(value);
            if (read == null) {
                assertThat(accessor.getAnnotatedReturnType().isAnnotationPresent(Nullable.class))
                        .as("%s is null after a change of %s", component, changed)
                        .isTrue();
            } else {
                checkWhole(read, changed);
            }
        }
    }
}
