package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.secrets.SecretResolver;
import io.armrunner.secrets.VaultProvider;
import io.armrunner.spec.Wire;
import io.armrunner.testing.FakeVault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Jobs with {@code secrets} (runner-protocol §3.8.14, job-semantics §2.6). */
final class SecretsTest {
    private static final String JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

    private final FakeVault vault = started();

    @RegisterExtension
    final RunnerUnderTest runner =
            new RunnerUnderTest()
                    .withSecrets(
                            http -> new SecretResolver(List.of(new VaultProvider(http)), _ -> {}));

    private static FakeVault started() {
        try {
            return new FakeVault("", JWT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterEach
    void stop() {
        vault.close();
    }

    private JobBuilder job(String secrets) {
        return runner.job()
                .maskedVariable("VAULT_ID_TOKEN", JWT)
                .customize(payload -> payload.set("secrets", tree(secrets)));
    }

    private static JsonNode tree(String json) {
        try {
            return Wire.tree(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private String vault(String path, String field) {
        return """
        "vault": {"server": {"url": "%s", "auth": {"name": "jwt", "path": "jwt",
                  "data": {"jwt": "$VAULT_ID_TOKEN", "role": "ci"}}},
                  "engine": {"name": "kv-v2", "path": "kv"}, "path": "%s", "field": "%s"}
        """
                .formatted(vault.url(), path, field);
    }

    @Test
    void secretsAreFilesOrVariablesAndNeverInTheLog() throws Exception {
        vault.put(
                "kv/data/db",
                "{\"data\":{\"password\":\"s3cret $HOME value\",\"key\":\"line one\\nline two\"}}");

        Ended ended =
                runner.run(
                        job("{\"PASSWORD\": {%s, \"file\": false}, \"KEY\": {%s}}"
                                        .formatted(vault("db", "password"), vault("db", "key")))
                                .variable("COPY", "of $PASSWORD")
                                .script(
                                        "test \"$PASSWORD\" = 's3cret $HOME value'",
                                        "echo \"password is $PASSWORD\"",
                                        "cat \"$KEY\"",
                                        "test -f \"$KEY\""));

        ended.succeeded();
        assertThat(ended.log())
                .contains(
                        "Resolving secrets\nResolving secret \"PASSWORD\"...\nUsing \"vault\" secret resolver...\n",
                        "password is [MASKED]")
                .doesNotContain("s3cret", "line one");
        assertThat(ended.log().indexOf("Resolving secrets"))
                .isGreaterThan(ended.log().indexOf("system ID"))
                .isLessThan(
                        ended.log().indexOf("section_start") < 0
                                ? Integer.MAX_VALUE
                                : ended.log().indexOf("section_start"));
    }

    @Test
    void aSecretThatIsNotThereFailsTheJobUnlessTheFlagIsOff() throws Exception {
        String secrets = "{\"PASSWORD\": {%s}}".formatted(vault("none", "password"));

        runner.run(job(secrets).script("echo never"))
                .failed(
                        "runner_configuration_error",
                        ": secret PASSWORD: vault has no such secret");
        Ended without =
                runner.run(
                        job(secrets)
                                .variable("FF_SECRET_RESOLVING_FAILS_IF_MISSING", "false")
                                .script("echo ${PASSWORD-unset}"));

        without.succeeded();
        assertThat(without.output()).contains("unset");
    }

    @Test
    void aProviderThatIsNotThereIsNamedWithTheVariable() throws Exception {
        Ended ended =
                runner.run(
                        job("{\"PW\": {\"azure_key_vault\": {\"name\": \"x\"}}}")
                                .script("echo never"));

        assertThat(ended.log())
                .contains("secret PW: this runner cannot read from azure_key_vault; it has: vault")
                .doesNotContain("never");
        assertThat(ended.report().body().path("failure_reason").asText())
                .isEqualTo("runner_configuration_error");
    }

    @Test
    void whatIsNoProviderAtAllIsAWarning() throws Exception {
        Ended ended = runner.run(job("{\"PW\": {\"abacus\": {}}, \"B\": null}").script("echo on"));

        ended.succeeded();
        assertThat(ended.log()).contains("Not resolved: no resolver that can handle the secret");
    }

    @Test
    void aVaultInTroubleIsAskedAsOftenAsTheJobSays() throws Exception {
        vault.put("kv/data/db", "{\"data\":{\"password\":\"hunter2222\"}}");
        String secrets = "{\"PASSWORD\": {%s}}".formatted(vault("db", "password"));
        vault.trouble(2);

        runner.run(
                        job(secrets)
                                .variable("SECRETS_RETRIEVAL_ATTEMPTS", "3")
                                .script("test -s $PASSWORD"))
                .succeeded();
        vault.trouble(1);
        Ended once = runner.run(job(secrets).script("echo never"));

        assertThat(once.log()).contains("vault answered 503", "Vault is sealed");
        assertThat(once.report().body().path("failure_reason").asText())
                .isEqualTo("runner_external_dependency_failure");
    }
}
