package io.armrunner.codebuild.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.http.EventLoops;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.ssm.model.ParameterType;

class ParameterTokensTest {
    private static final String NAME = "/armrunner/rack-1";
    private static final String TOKEN = "glrt-" + FakeAws.SECRET_MARK;

    @TempDir Path directory;
    private final EventLoops loops = EventLoops.open(1);
    private FakeAws aws;

    @BeforeEach
    void start() throws Exception {
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(
                                directory, Map.of("PATH", "/usr/bin:/bin"), new Random(1)));
        try (AwsClients clients = AwsClients.open(aws.place())) {
            clients.ssm()
                    .putParameter(r -> r.name(NAME).value(TOKEN).type(ParameterType.SECURE_STRING));
        }
    }

    @AfterEach
    void stop() {
        aws.close();
        loops.close();
    }

    private Map<String, String> environment(AwsPlace.Keys keys) {
        Map<String, String> environment = new HashMap<>();
        environment.put("AWS_ENDPOINT_URL", aws.endpoint().toString());
        environment.put("AWS_ACCESS_KEY_ID", keys.accessKey());
        environment.put("AWS_SECRET_ACCESS_KEY", keys.secretKey().value());
        environment.put("AWS_REGION", "eu-west-3");
        return environment;
    }

    private AwsPlace.Keys administrator() {
        return aws.place().keys().orElseThrow();
    }

    @Test
    void aTokenComesDecryptedFromTheUsualRegion() throws Exception {
        assertThat(new ParameterTokens(environment(administrator())).parameter(NAME).value())
                .isEqualTo(TOKEN);
    }

    @Test
    void anArnBringsItsRegionAlong() throws Exception {
        Map<String, String> elsewhere = environment(administrator());
        elsewhere.put("AWS_REGION", "eu-north-1");

        assertThat(
                        new ParameterTokens(elsewhere)
                                .parameter(
                                        "arn:aws:ssm:eu-west-3:123456789012:parameter/armrunner/rack-1")
                                .value())
                .isEqualTo(TOKEN);
    }

    @Test
    void whatCannotBeReadSaysWhatToDo() {
        AwsPlace.Keys stranger =
                aws.user(
                        "stranger",
                        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}");

        assertThatThrownBy(() ->
                        new ParameterTokens(environment(administrator())).parameter("/armrunner/x"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(
                        "There is no parameter /armrunner/x in eu-west-3. Create it: aws ssm put-parameter");
        assertThatThrownBy(() -> new ParameterTokens(environment(stranger)).parameter(NAME))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(
                        "user/stranger may not do ssm:GetParameter on arn:aws:ssm:eu-west-3:123456789012:parameter/armrunner/rack-1");
        assertThatThrownBy(() ->
                        new ParameterTokens(environment(administrator()))
                                .parameter(
                                        "arn:aws:ssm:eu-north-1:123456789012:parameter/armrunner/rack-1"))
                .hasMessageContaining("in eu-north-1");
    }
}
