package io.armrunner.codebuild.secrets;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.aws.Signature4;
import io.armrunner.http.HttpClient;
import io.armrunner.secrets.SecretProvider;
import io.armrunner.secrets.SecretRequest;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * AWS Secrets Manager, asked without the SDK of AWS, so that jobs in builds can ask it as well: by
 * the role that the job names and assumes with its ID token, or as the machine. Thread-safe.
 */
public final class AwsSecretsProvider implements SecretProvider {
    /** AWS takes no longer session name. */
    private static final int LONGEST_NAME = 64;

    // The shortest time there is: the secret is read at once.
    private static final int SESSION_SECONDS = 900;

    /** What AWS takes in a session's name. */
    private static final Pattern NOT_IN_NAMES = Pattern.compile("[^A-Za-z0-9_=,.@-]");

    /** It becomes part of an address. */
    private static final Pattern REGION = Pattern.compile("[a-z0-9-]{1,40}");

    /** Who the machine is, for jobs that name no role. Thread-safe. */
    @FunctionalInterface
    public interface Identity {
        /**
         * Keys that are good for some minutes.
         *
         * @throws IOException if the machine has none
         */
        Signature4.Keys current() throws IOException, InterruptedException;
    }

    private final Identity machine;
    private final AwsCalls calls;

    /**
     * @param http sends the calls
     * @param machine who reads when a job names no role; asked only then
     * @param endpoint instead of AWS's own addresses
     */
    public AwsSecretsProvider(
            HttpClient http, Identity machine, Optional<URI> endpoint, InstantSource clock) {
        this.machine = machine;
        this.calls = new AwsCalls(http, endpoint, clock);
    }

    @Override
    public String name() {
        return "aws_secrets_manager";
    }

    @Override
    public Optional<Secret> fetch(SecretRequest request) throws JobFailure, InterruptedException {
        String id = request.needed("secret_id");
        String region = own(request, "region");
        if (region.isBlank()) {
            throw request.unusable("has no region");
        }
        if (!REGION.matcher(region).matches()) {
            throw request.unusable("cannot be asked in region " + region);
        }
        ObjectNode wanted = Wire.mapper().createObjectNode().put("SecretId", id);
        String version = request.text("version_id");
        String stage = request.text("version_stage");
        if (!version.isEmpty()) {
            wanted.put("VersionId", version);
        }
        if (!stage.isEmpty()) {
            wanted.put("VersionStage", stage);
        }
        Signature4.Keys identity = identity(request, region);
        try {
            return value(
                    request,
                    Wire.tree(
                            calls.json(
                                    identity,
                                    new Signature4.Scope(region, "secretsmanager"),
                                    "secretsmanager.GetSecretValue",
                                    Wire.bytes(wanted))));
        } catch (AwsCalls.Refusal e) {
            if (e.code().equals("ResourceNotFoundException")) {
                return Optional.empty();
            }
            throw request.failed("did not give %s in %s: %s".formatted(id, region, e.getMessage()));
        } catch (InterruptedIOException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw request.failed("did not give %s in %s: %s".formatted(id, region, e.getMessage()));
        }
    }

    private static InterruptedException interrupted(InterruptedIOException e) {
        InterruptedException interrupted = new InterruptedException(e.getMessage());
        interrupted.initCause(e);
        return interrupted;
    }

    /** The secret's own setting, else the one of its server. */
    private static String own(SecretRequest request, String key) throws JobFailure {
        String text = request.text(key);
        return text.isBlank() ? request.text("server", key) : text;
    }

    private Signature4.Keys identity(SecretRequest request, String region)
            throws JobFailure, InterruptedException {
        String role = own(request, "role_arn");
        if (role.isBlank()) {
            try {
                return machine.current();
            } catch (IOException e) {
                throw request.failed("cannot be asked: " + e.getMessage());
            }
        }
        String token = request.text("server", "jwt");
        if (token.isBlank()) {
            throw request.unusable(
                    "has the role %s, but no ID token to assume it with; add id_tokens with the name AWS_ID_TOKEN to the job"
                            .formatted(role));
        }
        String session =
                sessionName(
                        own(request, "role_session_name"),
                        request.plan().payload(),
                        request.plan().variables().content("CI_SERVER_HOST"));
        try {
            return assumed(region, role, session, token);
        } catch (InterruptedIOException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw request.failed(
                    "did not let the job assume %s: %s".formatted(role, e.getMessage()));
        }
    }

    private Signature4.Keys assumed(String region, String role, String session, String token)
            throws IOException, InterruptedException {
        String answer =
                calls.form(
                        new Signature4.Scope(region, "sts"),
                        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=%s&RoleSessionName=%s&WebIdentityToken=%s&DurationSeconds=%d"
                                .formatted(
                                        encoded(role),
                                        encoded(session),
                                        encoded(token),
                                        SESSION_SECONDS));
        String key = AwsCalls.element(answer, "AccessKeyId");
        if (key.isEmpty()) {
            throw new IOException("the answer has no access key");
        }
        return new Signature4.Keys(
                key,
                Secret.of(AwsCalls.element(answer, "SecretAccessKey")),
                Secret.of(AwsCalls.element(answer, "SessionToken")),
                Instant.MAX);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, UTF_8);
    }

    /** As GitLab Runner calls it when the job does not say. */
    static String sessionName(String given, JobPayload payload, String serverHost) {
        String name =
                given.isBlank()
                        ? payload.id() + "-" + payload.jobInfo().projectId() + "-" + serverHost
                        : given;
        String allowed = NOT_IN_NAMES.matcher(name).replaceAll("-");
        return allowed.length() > LONGEST_NAME ? allowed.substring(0, LONGEST_NAME) : allowed;
    }

    private static Optional<Secret> value(SecretRequest request, JsonNode answer)
            throws JobFailure {
        String text =
                answer.hasNonNull("SecretString")
                        ? answer.path("SecretString").asText()
                        : new String(
                                Base64.getDecoder().decode(answer.path("SecretBinary").asText("")),
                                UTF_8);
        String field = request.text("field");
        if (field.isEmpty()) {
            return text.isEmpty() ? Optional.empty() : Optional.of(Secret.of(text));
        }
        try {
            JsonNode value = Wire.tree(text.getBytes(UTF_8)).path(field);
            if (value.isMissingNode() || value.isNull()) {
                return Optional.empty();
            }
            return Optional.of(Secret.of(value.isValueNode() ? value.asText() : value.toString()));
        } catch (JsonProcessingException e) {
            throw request.unusable("has a value without fields, as it is no JSON object");
        }
    }
}
