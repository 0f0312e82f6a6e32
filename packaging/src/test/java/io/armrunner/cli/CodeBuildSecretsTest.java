package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.services.codebuild.model.EnvironmentVariable;
import software.amazon.awssdk.services.ssm.model.ParameterType;

/** Values that AWS keeps, on their way into jobs in builds. Each one has the mark of a secret. */
final class CodeBuildSecretsTest {
    private static final String MARK = FakeAws.SECRET_MARK;

    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest();

    private void parameter(String name, String value) {
        cloud.clients()
                .ssm()
                .putParameter(put -> put.name(name).value(value).type(ParameterType.SECURE_STRING));
    }

    private void secret(String name, String value) {
        cloud.clients()
                .secretsManager()
                .createSecret(create -> create.name(name).secretString(value));
    }

    @Test
    @Tag("CB-11")
    @Tag("CB-33")
    void valuesByReferenceReachTheJobMaskedAndNothingThatAwsShows() throws Exception {
        parameter("/ci/npm", "npm-" + MARK);
        parameter("/ci/own", "own-" + MARK);
        secret("ci/db", "{\"password\":\"db-%s\"}".formatted(MARK));
        cloud.start(
                "parameter_store = { NPM_TOKEN = \"/ci/npm\", SHADOWED = \"/ci/npm\" }",
                "allowed_parameters = [\"/ci/*\"]",
                "allowed_secrets = [\"ci/*\"]");
        CoordinatorJob job =
                cloud.run(
                        cloud.job()
                                .variable("ARMRUNNER_PARAMETERS", "OWN=/ci/own")
                                .variable("ARMRUNNER_SECRETS", "DB=ci/db:password")
                                .variable("SHADOWED", "by-the-job")
                                .script(
                                        "echo \"npm ${#NPM_TOKEN} own ${#OWN} db ${#DB} $SHADOWED\"",
                                        "echo shown: $NPM_TOKEN $OWN $DB",
                                        "env | grep -c '^ARMRUNNER_BUCKET\\|^CODEBUILD_\\|^AWS_CONTAINER' || true"));

        String log = CloudUnderTest.log(job);
        assertThat(job.state()).as(log).isEqualTo(JobState.SUCCESS);
        int long3 = ("npm-" + MARK).length();
        assertThat(log)
                .contains("npm %d own %d db %d by-the-job".formatted(long3, long3, long3 - 1))
                .contains("shown: [MASKED] [MASKED] [MASKED]")
                .doesNotContain(MARK);
        assertThat(cloud.aws().codeBuild().builds().getFirst().environment().environmentVariables())
                .extracting(EnvironmentVariable::name)
                .allMatch(name -> name.startsWith("ARMRUNNER_"));
    }

    @Test
    void aValueThatCannotBeReadFailsTheJobBeforeItIsHandedOver() throws Exception {
        cloud.start("parameter_store = { NPM_TOKEN = \"/ci/none\" }");
        CoordinatorJob job = cloud.run(cloud.job().script("true"));

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(CloudUnderTest.log(job))
                .contains(
                        "Could not read the parameter /ci/none for the variable NPM_TOKEN in eu-west-3");
    }

    @Test
    void aSecretOfTheJobsOwnIsFetchedInTheBuildWithTheJobsIdToken() throws Exception {
        String token = "header.payload.signature";
        secret("edge/db", "{\"password\":\"edge-%s\"}".formatted(MARK));
        cloud.clients()
                .iam()
                .createRole(r ->
                        r.roleName("edge")
                                .assumeRolePolicyDocument(
                                        """
                                        {"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                                         "Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/gitlab"},
                                         "Action":"sts:AssumeRoleWithWebIdentity"}]}
                                        """));
        cloud.clients()
                .iam()
                .putRolePolicy(r ->
                        r.roleName("edge")
                                .policyName("read")
                                .policyDocument(
                                        """
                                        {"Version":"2012-10-17","Statement":[{"Effect":"Allow",
                                         "Action":"secretsmanager:GetSecretValue","Resource":"*"}]}
                                        """));
        cloud.aws().trustToken(token);
        cloud.start();
        CoordinatorJob job =
                cloud.run(
                        cloud.job()
                                .maskedVariable("AWS_ID_TOKEN", token)
                                .customize(payload -> {
                                    ObjectNode fields =
                                            payload.putObject("secrets")
                                                    .putObject("DATABASE")
                                                    .put("file", false)
                                                    .putObject("aws_secrets_manager")
                                                    .put("secret_id", "edge/db")
                                                    .put("field", "password");
                                    fields.putObject("server")
                                            .put("region", "eu-west-3")
                                            .put("jwt", "$AWS_ID_TOKEN")
                                            .put("role_arn", "arn:aws:iam::123456789012:role/edge");
                                })
                                .script("echo \"it is $DATABASE, ${#DATABASE} long\""));

        String log = CloudUnderTest.log(job);
        assertThat(job.state()).as(log).isEqualTo(JobState.SUCCESS);
        assertThat(log).contains("it is [MASKED], %d long".formatted(("edge-" + MARK).length()));
        assertThat(cloud.aws().calls())
                .filteredOn(call -> call.name().equals("secretsmanager:GetSecretValue"))
                .extracting(call -> call.caller())
                .allMatch(caller -> caller.contains("assumed-role/edge/"));
    }
}
