package io.armrunner.codebuild.aws;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.ssm.model.Parameter;
import software.amazon.awssdk.services.ssm.model.ParameterNotFoundException;

/**
 * Reads runner tokens from AWS Systems Manager's Parameter Store, for {@code token =
 * "ssm:/armrunner/token"}. Needs no other part of the CodeBuild lane. Thread-safe.
 *
 * <p>The AWS classes are loaded when the first such token is read, and the clients are closed again
 * after it: a token is read once in a service's life.
 */
public final class ParameterTokens {
    private static final String ARN = "arn:";

    private final Map<String, String> environment;

    /**
     * @param environment says who we are and in which region; see {@link AwsSurroundings}
     */
    public ParameterTokens(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /**
     * The value of a parameter, decrypted. Blocks for one call, at most half a minute an attempt.
     *
     * @param name as in AWS, or its ARN, which also gives the region
     * @throws IOException when it cannot be read, with what to do
     */
    public Secret parameter(String name) throws IOException {
        AwsPlace place = AwsSurroundings.place(environment, region(name), Optional.empty());
        try (AwsClients clients = AwsClients.open(place)) {
            Parameter parameter =
                    clients.ssm().getParameter(r -> r.name(name).withDecryption(true)).parameter();
            return Secret.of(parameter.value());
        } catch (ParameterNotFoundException e) {
            throw new IOException(
                    "There is no parameter %s in %s. Create it: aws ssm put-parameter --region %s --type SecureString --name %s --value TOKEN"
                            .formatted(name, place.region(), place.region(), name),
                    e);
        } catch (SdkException e) {
            throw new IOException(AwsFailure.describe("read the parameter " + name, place, e), e);
        }
    }

    private String region(String name) throws IOException {
        String[] parts = name.split(":", 6);
        if (name.startsWith(ARN) && parts.length == 6) {
            return parts[3];
        }
        return AwsSurroundings.region(environment, Optional.empty())
                .orElseThrow(() ->
                        new IOException(
                                "No AWS region is known. Set AWS_REGION, or give the parameter's ARN."));
    }
}
