package io.armrunner.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import io.armrunner.testing.FakeVault;
import io.armrunner.testing.Plans;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Reading from a Vault on a real socket (runner-protocol §3.8.14). */
class VaultProviderTest {
    private static final String JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final FakeVault vault = started();
    private final VaultProvider provider = new VaultProvider(http);

    private static FakeVault started() {
        try {
            return new FakeVault("iot", JWT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @BeforeEach
    void fill() throws IOException {
        vault.put("kv/data/edge/db", "{\"data\":{\"password\":\"pw-2\",\"port\":5432}}");
        vault.put("kv1/edge/db", "{\"password\":\"pw-1\",\"tls\":{\"on\":true}}");
        vault.put("database/creds/edge%20ro", "{\"username\":\"v-ci\"}");
    }

    @AfterEach
    void close() {
        vault.close();
        http.close();
        loops.close();
    }

    private SecretRequest request(String engine, String mount, String path, String field)
            throws Exception {
        return request(
                """
                {"server": {"url": "%s", "namespace": "$VAULT_NAMESPACE",
                            "auth": {"name": "jwt", "path": "jwt",
                                     "data": {"jwt": "$VAULT_ID_TOKEN", "role": "ci"}}},
                 "engine": {"name": "%s", "path": "%s"}, "path": "%s", "field": "%s"}
                """
                        .formatted(vault.url() + "/", engine, mount, path, field));
    }

    private static SecretRequest request(String fields) throws Exception {
        JobPlan plan =
                Plans.of(
                        """
                        {"id": 1, "variables": [
                          {"key": "VAULT_NAMESPACE", "value": "iot"},
                          {"key": "ENVIRONMENT", "value": "edge"},
                          {"key": "VAULT_ID_TOKEN", "value": "%s", "masked": true}]}
                        """
                                .formatted(JWT));
        JsonNode tree = Wire.tree(fields.getBytes(StandardCharsets.UTF_8));
        return new SecretRequest("DB_PASSWORD", "vault", tree, plan);
    }

    private Optional<String> fetch(SecretRequest request) throws Exception {
        return provider.fetch(request).map(Secret::value);
    }

    @Test
    void eachEngineHasItsOwnPathAndShape() throws Exception {
        assertThat(fetch(request("kv-v2", "kv", "$ENVIRONMENT/db", "password"))).contains("pw-2");
        assertThat(vault.requests())
                .containsExactly("POST /v1/auth/jwt/login", "GET /v1/kv/data/edge/db");
        assertThat(fetch(request("kv-v1", "/kv1/", "/edge/db", "password"))).contains("pw-1");
        assertThat(fetch(request("generic", "database", "creds/edge ro", "username")))
                .contains("v-ci");
    }

    @Test
    void whatIsNoTextComesAsJson() throws Exception {
        assertThat(fetch(request("kv-v2", "kv", "edge/db", "port"))).contains("5432");
        assertThat(fetch(request("kv-v1", "kv1", "edge/db", "tls"))).contains("{\"on\":true}");
    }

    @Test
    void aPathOrFieldThatIsNotThereIsNoError() throws Exception {
        assertThat(fetch(request("kv-v2", "kv", "edge/none", "password"))).isEmpty();
        assertThat(fetch(request("kv-v2", "kv", "edge/db", "none"))).isEmpty();
    }

    @Test
    void whatVaultSaysIsInTheErrorAndTheTokenIsNot() throws Exception {
        SecretRequest wrongRole =
                request(
                        request("kv-v2", "kv", "edge/db", "password")
                                .fields()
                                .toString()
                                .replace("\"ci\"", "\"other\""));
        assertThatThrownBy(() -> provider.fetch(wrongRole))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("secret DB_PASSWORD: vault answered 400")
                .hasMessageContaining("could not be found")
                .hasMessageNotContaining(JWT)
                .extracting(failure -> ((JobFailure) failure).reason())
                .isEqualTo(FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE);
    }

    @Test
    void whatCannotBeAskedIsAnErrorOfTheConfiguration() throws Exception {
        for (String[] change :
                new String[][] {
                    {"\"jwt\",\"path\"", "\"ldap\",\"path\"", "cannot log in by \"ldap\""},
                    {"kv-v2", "kv-v3", "has no engine \"kv-v3\""},
                    {"edge/db", "../../sys/seal", "cannot follow the path"},
                    {"http://", "ftp://", "needs a server.url"},
                    {"\"password\"", "\"\"", "has no field"},
                    {"\"kv\"", "[1]", "engine.path is no text"}
                }) {
            SecretRequest broken =
                    request(
                            request("kv-v2", "kv", "edge/db", "password")
                                    .fields()
                                    .toString()
                                    .replace(change[0], change[1]));
            assertThatThrownBy(() -> provider.fetch(broken))
                    .isInstanceOf(JobFailure.class)
                    .hasMessageContaining(change[2])
                    .extracting(failure -> ((JobFailure) failure).reason())
                    .isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR);
        }
        assertThat(vault.requests()).isEmpty();
    }

    @Test
    void aVaultThatIsNotThereIsAnErrorOfTheOutside() throws Exception {
        SecretRequest request = request("kv-v2", "kv", "edge/db", "password");
        vault.close();

        assertThatThrownBy(() -> provider.fetch(request))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("could not be asked for logging in");
    }
}
