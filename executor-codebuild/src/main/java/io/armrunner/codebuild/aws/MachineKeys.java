package io.armrunner.codebuild.aws;

import io.armrunner.codebuild.secrets.AwsSecretsProvider;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.time.Instant;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * The keys of the machine that the runner is on, from where all AWS programs have theirs. Looked
 * for anew each time: few ask. Thread-safe.
 */
public final class MachineKeys implements AwsSecretsProvider.Identity {
    @Override
    public Signature4.Keys current() throws IOException {
        try (DefaultCredentialsProvider usual =
                DefaultCredentialsProvider.builder().asyncCredentialUpdateEnabled(false).build()) {
            AwsCredentials found = usual.resolveCredentials();
            return new Signature4.Keys(
                    found.accessKeyId(),
                    Secret.of(found.secretAccessKey()),
                    found instanceof AwsSessionCredentials session
                            ? Secret.of(session.sessionToken())
                            : Secret.NONE,
                    found.expirationTime().orElse(Instant.MAX));
        } catch (SdkException e) {
            throw new IOException("this machine has no AWS credentials: " + e.getMessage(), e);
        }
    }
}
