package io.armrunner.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.protocol.ScriptedGitLab.Seen;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class RunnersApiTest {
    private static final SystemId SYSTEM_ID = new SystemId("s_0a1b2c3d4e5f");
    private static final Secret CREATED = Secret.of("glrt-t1_secret");
    private static final Registration PLAIN =
            new Registration("", "", List.of(), false, true, "", OptionalInt.empty(), false);

    private final ScriptedGitLab gitLab = new ScriptedGitLab();
    private final RunnersApi api =
            new RunnersApi(gitLab.caller(), gitLab.url(), ScriptedGitLab.INFO);

    RunnersApiTest() throws IOException {}

    @AfterEach
    void close() {
        gitLab.close();
    }

    @Test
    @Tag("RP-20")
    void verifySendsTokenSystemIdAndFullInfo() throws Exception {
        gitLab.will(
                200, "{\"id\":42,\"token\":\"glrt-t1_secret\",\"token_expires_at\":null,\"x\":1}");
        assertThat(api.verify(CREATED, SYSTEM_ID))
                .isEqualTo(new VerifyReply.Valid(42, Optional.empty()));
        assertThat(gitLab.seen()).hasSize(1);
        Seen call = gitLab.seen().getFirst();
        assertThat(call.line()).isEqualTo("POST /api/v4/runners/verify");
        assertThat(call.json().at("/token").asText()).isEqualTo(CREATED.value());
        assertThat(call.json().at("/system_id").asText()).isEqualTo(SYSTEM_ID.value());
        assertThat(call.json().at("/info/features")).hasSize(31).allMatch(JsonNode::isBoolean);
        assertThat(call.json().at("/info/config/gpus").isTextual()).isTrue();
        assertThat(call.headers())
                .containsEntry("runner-token", CREATED.value())
                .containsEntry("accept", "application/json")
                .containsEntry("content-type", "application/json");
    }

    @Test
    @Tag("RP-21")
    void idZeroAnd403AreNoValidRunner() throws Exception {
        gitLab.will(200, "{\"id\":0}").will(200, "{\"id\":null}").will(403, "{\"message\":\"no\"}");
        assertThat(api.verify(CREATED, SYSTEM_ID)).isEqualTo(new VerifyReply.Alive());
        assertThat(api.verify(CREATED, SYSTEM_ID)).isEqualTo(new VerifyReply.Alive());
        assertThat(api.verify(CREATED, SYSTEM_ID)).isEqualTo(new VerifyReply.Forbidden("no"));
    }

    @Test
    @Tag("RP-22")
    void aPlainText200IsAskedAgainOnceWithoutAcceptAndMeansAlive() throws Exception {
        gitLab.willSay(200, "200").willSay(200, "200");
        assertThat(api.verify(CREATED, SYSTEM_ID)).isEqualTo(new VerifyReply.Alive());
        assertThat(gitLab.seen()).hasSize(2);
        assertThat(gitLab.seen().get(1).line()).isEqualTo("POST /api/v4/runners/verify");
        assertThat(gitLab.seen().get(1).body()).isEqualTo(gitLab.seen().get(0).body());
        assertThat(gitLab.seen().get(1).headers().getOrDefault("accept", "*/*"))
                .isNotEqualTo("application/json");
        gitLab.willSay(200, "200").will(403);
        assertThat(api.verify(CREATED, SYSTEM_ID)).isInstanceOf(VerifyReply.Forbidden.class);
    }

    @Test
    void otherAnswersSayNothingAboutTheToken() throws Exception {
        gitLab.will(422, "{\"message\":{\"runner\":[\"is orphaned\",\"old\"]}}");
        assertThat(api.verify(CREATED, SYSTEM_ID))
                .isEqualTo(new VerifyReply.Failed(422, "runner: is orphaned, old"));
    }

    @Test
    @Tag("RP-23")
    void registrationSendsTagsAsOneStringAndAlwaysTheBooleans() throws Exception {
        gitLab.will(
                201,
                "{\"id\":41,\"token\":\"glrtr-new\",\"token_expires_at\":\"2026-11-03T10:00:00.000+02:00\"}");
        RegisterReply reply =
                api.register(
                        Secret.of("GR1348941secret"),
                        new Registration(
                                "box",
                                "note",
                                List.of("arm64", "linux"),
                                false,
                                true,
                                "ref_protected",
                                OptionalInt.of(3600),
                                false));
        assertThat(reply)
                .isEqualTo(
                        new RegisterReply.Registered(
                                41,
                                Secret.of("glrtr-new"),
                                Optional.of(Instant.parse("2026-11-03T08:00:00Z"))));
        JsonNode body = gitLab.seen().getFirst().json();
        assertThat(gitLab.seen().getFirst().line()).isEqualTo("POST /api/v4/runners");
        assertThat(body.at("/token").asText()).isEqualTo("GR1348941secret");
        assertThat(body.at("/tag_list").textValue()).isEqualTo("arm64,linux");
        assertThat(body.at("/description").asText()).isEqualTo("box");
        assertThat(body.at("/maintenance_note").asText()).isEqualTo("note");
        assertThat(body.at("/access_level").asText()).isEqualTo("ref_protected");
        assertThat(body.at("/maximum_timeout").asInt()).isEqualTo(3600);
        assertThat(body.at("/run_untagged").booleanValue()).isFalse();
        assertThat(body.at("/locked").booleanValue()).isTrue();
        assertThat(body.at("/paused").isBoolean()).isTrue();
    }

    @Test
    @Tag("RP-23")
    @Tag("RP-24")
    void aRunnerWithoutTagsTakesUntaggedJobs() throws Exception {
        gitLab.will(400, "{\"message\":{\"description\":[\"is too long\"]}}");
        assertThat(api.register(Secret.of("r"), PLAIN))
                .isEqualTo(new RegisterReply.Failed(400, "description: is too long"));
        JsonNode body = gitLab.seen().getFirst().json();
        assertThat(body.at("/run_untagged").booleanValue()).isTrue();
        assertThat(body.at("/locked").isBoolean()).isTrue();
        assertThat(body.at("/paused").isBoolean()).isTrue();
        assertThat(body.properties())
                .extracting(java.util.Map.Entry::getKey)
                .doesNotContain("tag_list", "description", "maximum_timeout", "access_level");
    }

    @Test
    void refusedRegistrationsAreToldApart() throws Exception {
        gitLab.will(403, "{\"message\":\"403 Forbidden\"}")
                .will(410, "{\"message\":\"410 Gone\"}")
                .will(201, "{\"id\":41}")
                .willSay(201, "201");
        assertThat(api.register(Secret.of("r"), PLAIN))
                .isEqualTo(new RegisterReply.Forbidden("403 Forbidden"));
        assertThat(api.register(Secret.of("r"), PLAIN))
                .isEqualTo(new RegisterReply.TokensDisabled("410 Gone"));
        for (int i = 0; i < 2; i++) {
            assertThat(api.register(Secret.of("r"), PLAIN))
                    .isInstanceOfSatisfying(
                            RegisterReply.Failed.class,
                            failed -> assertThat(failed.httpStatus()).isEqualTo(-1));
        }
    }

    @Test
    @Tag("RP-26")
    void aCreatedRunnerLosesItsManagerAndIsNeverDeleted() throws Exception {
        gitLab.will(204).will(404, "{\"message\":\"404 Not Found\"}");
        assertThat(api.unregister(CREATED, SYSTEM_ID)).isEqualTo(new LeaveReply.Left());
        assertThat(api.unregister(CREATED, SYSTEM_ID))
                .isEqualTo(new LeaveReply.Refused(404, "404 Not Found"));
        assertThatThrownBy(() -> api.deleteRunner(CREATED))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(gitLab.seen())
                .extracting(Seen::line)
                .containsOnly("DELETE /api/v4/runners/managers");
        JsonNode body = gitLab.seen().getFirst().json();
        assertThat(body.at("/token").asText()).isEqualTo(CREATED.value());
        assertThat(body.at("/system_id").asText()).isEqualTo(SYSTEM_ID.value());
        assertThat(gitLab.seen().getFirst().headers())
                .containsEntry("runner-token", CREATED.value());
    }

    @ParameterizedTest
    @ValueSource(strings = {"glrtr-legacy", "abcdefghij0123456789"})
    @Tag("RP-27")
    void aRegisteredRunnerIsDeleted(String token) throws Exception {
        gitLab.will(204);
        assertThat(api.unregister(Secret.of(token), SYSTEM_ID)).isEqualTo(new LeaveReply.Left());
        assertThat(gitLab.seen()).extracting(Seen::line).containsExactly("DELETE /api/v4/runners");
        assertThat(gitLab.seen().getFirst().json().at("/token").asText()).isEqualTo(token);
    }

    @Test
    void aTokenIsReplaced() throws Exception {
        gitLab.will(
                        201,
                        "{\"token\":\"glrt-new\",\"token_expires_at\":\"2026-12-01T00:00:00.000Z\"}")
                .will(201, "{\"token\":\"glrt-new\"}")
                .will(201, "{\"token\":\"glrt-new\",\"token_expires_at\":\"soon\"}")
                .will(403)
                .will(422)
                .will(201, "{}");
        assertThat(api.resetToken(CREATED))
                .isEqualTo(
                        new ResetReply.Replaced(
                                Secret.of("glrt-new"),
                                Optional.of(Instant.parse("2026-12-01T00:00:00Z"))));
        var forEver = new ResetReply.Replaced(Secret.of("glrt-new"), Optional.empty());
        assertThat(api.resetToken(CREATED)).isEqualTo(forEver);
        // The old token is dead already: an unreadable time must not cost the new one.
        assertThat(api.resetToken(CREATED)).isEqualTo(forEver);
        assertThat(api.resetToken(CREATED)).isInstanceOf(ResetReply.Forbidden.class);
        assertThat(api.resetToken(CREATED)).isEqualTo(new ResetReply.Failed(422, "status 422"));
        assertThat(api.resetToken(CREATED))
                .isInstanceOfSatisfying(
                        ResetReply.Failed.class,
                        failed -> assertThat(failed.httpStatus()).isEqualTo(-1));
        Seen call = gitLab.seen().getFirst();
        assertThat(call.line()).isEqualTo("POST /api/v4/runners/reset_authentication_token");
        assertThat(call.json()).hasSize(1);
        assertThat(call.headers()).doesNotContainKey("runner-token");
    }
}
