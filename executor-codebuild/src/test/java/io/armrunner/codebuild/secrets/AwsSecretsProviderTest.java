package io.armrunner.codebuild.secrets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.Signature4;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.plan.JobPlan;
import io.armrunner.secrets.SecretRequest;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import io.armrunner.testing.Plans;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Reading from AWS Secrets Manager on a real socket (runner-protocol §3.8.14). */
class AwsSecretsProviderTest {
    private static final String JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
    private static final String ROLE = "arn:aws:iam::123456789012:role/ci";

    private final FakeAws aws = started();
    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final AwsSecretsProvider provider =
            new AwsSecretsProvider(
                    http,
                    () ->
                            new Signature4.Keys(
                                    "AKIAMACHINE",
                                    Secret.of("machine-secret"),
                                    Secret.NONE,
                                    Instant.MAX),
                    Optional.of(aws.url()),
                    InstantSource.system());

    private static FakeAws started() {
        try {
            return new FakeAws(JWT);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @AfterEach
    void stop() {
        http.close();
        loops.close();
        aws.close();
    }

    private static SecretRequest request(String fields) throws Exception {
        JobPlan plan =
                Plans.of(
                        """
                        {"id": 17, "job_info": {"project_id": 3}, "variables": [
                          {"key": "CI_SERVER_HOST", "value": "gitlab.example"},
                          {"key": "AWS_ID_TOKEN", "value": "%s", "masked": true}]}
                        """
                                .formatted(JWT));
        return new SecretRequest(
                "PW",
                "aws_secrets_manager",
                Wire.tree(fields.getBytes(StandardCharsets.UTF_8)),
                plan);
    }

    private Optional<String> fetch(String fields) throws Exception {
        return provider.fetch(request(fields)).map(Secret::value);
    }

    private static String withRole(String id, String more) {
        return """
        {"secret_id": "%s", %s "server": {"region": "eu-west-1", "jwt": "$AWS_ID_TOKEN", "role_arn": "%s"}}
        """
                .formatted(id, more, ROLE);
    }

    @Test
    void theJobsIdTokenBuysARoleAndTheRoleReads() throws Exception {
        aws.put("edge/db", "{\"password\":\"pw\",\"port\":5432}");

        assertThat(
                        fetch(
                                withRole(
                                        "edge/db",
                                        "\"field\": \"password\", \"version_stage\": \"AWSPREVIOUS\",")))
                .contains("pw");
        assertThat(aws.calls)
                .containsExactly(
                        "AssumeRoleWithWebIdentity " + ROLE + " 17-3-gitlab.example",
                        "GetSecretValue ASIASESSION eu-west-1 secretsmanager {\"SecretId\":\"edge/db\",\"VersionStage\":\"AWSPREVIOUS\"}");
        assertThat(fetch(withRole("edge/db", "\"field\": \"port\","))).contains("5432");
        assertThat(fetch(withRole("edge/db", ""))).contains("{\"password\":\"pw\",\"port\":5432}");
    }

    @Test
    void withoutARoleTheMachineReads() throws Exception {
        aws.put("plain", "text");

        assertThat(
                        fetch(
                                "{\"secret_id\": \"plain\", \"region\": \"us-east-1\", \"server\": {\"region\": \"eu-west-1\"}}"))
                .contains("text");
        assertThat(aws.calls.getFirst()).startsWith("GetSecretValue AKIAMACHINE us-east-1");
    }

    @Test
    void aSecretOrFieldThatIsNotThereIsNoError() throws Exception {
        aws.put("edge/db", "{\"password\":\"pw\"}");

        assertThat(fetch(withRole("none", ""))).isEmpty();
        assertThat(fetch(withRole("edge/db", "\"field\": \"none\","))).isEmpty();
    }

    @Test
    void whatAwsSaysIsInTheErrorAndTheTokenIsNot() throws Exception {
        SecretRequest request = request(withRole("x", "").replace("$AWS_ID_TOKEN", "forged"));

        assertThatThrownBy(() -> provider.fetch(request))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining(
                        "secret PW: aws_secrets_manager did not let the job assume " + ROLE)
                .hasMessageContaining("InvalidIdentityToken")
                .hasMessageNotContaining("forged")
                .extracting(failure -> ((JobFailure) failure).reason())
                .isEqualTo(FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE);
    }

    @Test
    void whatCannotBeAskedIsAnErrorOfTheConfiguration() throws Exception {
        for (String fields :
                new String[] {
                    "{\"secret_id\": \"x\"}",
                    "{\"region\": \"eu-west-1\"}",
                    "{\"secret_id\": \"x\", \"region\": \"eu-west-1\", \"role_arn\": \"arn\"}"
                }) {
            SecretRequest request = request(fields);
            assertThatThrownBy(() -> provider.fetch(request))
                    .isInstanceOf(JobFailure.class)
                    .extracting(failure -> ((JobFailure) failure).reason())
                    .isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR);
        }
        assertThat(aws.calls).isEmpty();
    }

    @Test
    void aSessionsNameHasOnlyWhatAwsTakes() throws Exception {
        assertThat(
                        AwsSecretsProvider.sessionName(
                                "a b/" + "c".repeat(80), request("{}").plan().payload(), "h"))
                .isEqualTo("a-b-" + "c".repeat(60));
    }
}
