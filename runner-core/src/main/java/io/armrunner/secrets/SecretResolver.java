package io.armrunner.secrets;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.engine.JobSecrets;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Variable;
import io.armrunner.trace.JobLog;
import io.armrunner.variables.FeatureFlag;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** Goes through a job's secrets and has each fetched. Stateless but for its providers. */
public final class SecretResolver implements JobSecrets {
    /** What GitLab can ask for and nobody here can give. */
    private static final List<String> KNOWN =
            List.of(
                    "vault",
                    "gcp_secret_manager",
                    "azure_key_vault",
                    "aws_secrets_manager",
                    "akeyless",
                    "gitlab_secrets_manager");

    /** Between two tries: a server that restarts needs a moment. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    private final Map<String, SecretProvider> providers = new LinkedHashMap<>();
    private final Pause pause;

    /** Waits; a test's does not. */
    @FunctionalInterface
    public interface Pause {
        void pause(Duration time) throws InterruptedException;
    }

    public SecretResolver(List<SecretProvider> providers, Pause pause) {
        providers.forEach(provider -> this.providers.put(provider.name(), provider));
        this.pause = pause;
    }

    @Override
    public List<Variable> resolve(JobPlan plan, JobLog log, BooleanSupplier stopped)
            throws JobFailure, InterruptedException {
        log.plain("Resolving secrets");
        List<Variable> variables = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : plan.payload().secrets().entrySet()) {
            if (stopped.getAsBoolean()) {
                return variables;
            }
            resolve(entry.getKey(), entry.getValue(), plan, log, stopped).ifPresent(variables::add);
        }
        return variables;
    }

    private Optional<Variable> resolve(
            String variable, JsonNode secret, JobPlan plan, JobLog log, BooleanSupplier stopped)
            throws JobFailure, InterruptedException {
        log.plain("Resolving secret \"" + variable + "\"...");
        Optional<SecretProvider> provider =
                providers.values().stream()
                        .filter(each -> secret.path(each.name()).isObject())
                        .findFirst();
        if (provider.isEmpty()) {
            for (String known : KNOWN) {
                if (secret.path(known).isObject()) {
                    throw new JobFailure(
                            FailureReason.RUNNER_CONFIGURATION_ERROR,
                            "secret %s: this runner cannot read from %s; it has: %s"
                                    .formatted(
                                            variable,
                                            known,
                                            String.join(", ", providers.keySet())));
                }
            }
            log.warning("Not resolved: no resolver that can handle the secret");
            return Optional.empty();
        }
        String name = provider.get().name();
        log.plain("Using \"" + name + "\" secret resolver...");
        SecretRequest request = new SecretRequest(variable, name, secret.path(name), plan);
        Optional<Secret> value = fetch(provider.get(), request, log, stopped);
        if (value.isEmpty()) {
            if (plan.flags().isOn(FeatureFlag.FF_SECRET_RESOLVING_FAILS_IF_MISSING)) {
                throw request.unusable("has no such secret");
            }
            log.warning("secret %s: %s has no such secret".formatted(variable, name));
            return Optional.empty();
        }
        JsonNode file = secret.path("file");
        boolean asFile = !file.isBoolean() || file.asBoolean();
        return Optional.of(new Variable(variable, value.get().value(), false, true, asFile, true));
    }

    private Optional<Secret> fetch(
            SecretProvider provider, SecretRequest request, JobLog log, BooleanSupplier stopped)
            throws JobFailure, InterruptedException {
        int attempts = request.plan().job().attempts().secretsRetrieval();
        for (int attempt = 1; ; attempt++) {
            try {
                return provider.fetch(request);
            } catch (JobFailure failure) {
                boolean lasting = failure.reason() == FailureReason.RUNNER_CONFIGURATION_ERROR;
                if (lasting || attempt >= attempts || stopped.getAsBoolean()) {
                    throw failure;
                }
                log.warning(failure.getMessage() + ". Retrying...");
                pause.pause(PAUSE);
            }
        }
    }
}
