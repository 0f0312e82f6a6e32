package io.armrunner.plan;

import io.armrunner.spec.Image;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Variable;
import io.armrunner.variables.FeatureFlags;
import java.util.ArrayList;
import java.util.List;

/** The order of a job's variables (job-semantics §2.1): what stands later wins. */
final class VariableRules {
    private VariableRules() {}

    /**
     * Entries of the configuration's {@code environment}; those without an equals sign are passed
     * over.
     */
    static List<Variable> environment(RunnerSettings settings) {
        List<Variable> variables = new ArrayList<>();
        for (String entry : settings.environment()) {
            int equals = entry.indexOf('=');
            if (equals > 0) {
                variables.add(Variable.of(entry.substring(0, equals), entry.substring(equals + 1)));
            }
        }
        return variables;
    }

    /** The whole list, not expanded. */
    static List<Variable> all(
            JobPayload payload,
            List<Variable> secrets,
            RunnerSettings settings,
            JobPlace place,
            JobPlan.Directories directories,
            FeatureFlags flags) {
        List<Variable> list = new ArrayList<>(flags.variables());
        Image image = payload.image();
        if (image != null && !image.name().isEmpty()) {
            list.add(Variable.of("CI_JOB_IMAGE", image.name()));
        }
        list.add(Variable.of("CI_RUNNER_SHORT_TOKEN", settings.shortToken()));
        addUnlessFlag(environment(settings), list);
        list.add(literal("CI_BUILDS_DIR", directories.builds()));
        list.add(literal("CI_PROJECT_DIR", directories.project()));
        list.add(Variable.of("CI_CONCURRENT_ID", Integer.toString(place.concurrentId())));
        list.add(
                Variable.of(
                        "CI_CONCURRENT_PROJECT_ID", Integer.toString(place.concurrentProjectId())));
        list.add(Variable.of("CI_SERVER", "yes"));
        list.add(Variable.of("CI_JOB_STATUS", "running"));
        list.add(
                Variable.of(
                        "CI_JOB_TIMEOUT",
                        Long.toString(
                                TimeoutRules.job(payload.runnerInfo().timeout()).toSeconds())));
        addTlsFiles(place.tls(), list);
        addUnlessFlag(payload.variables(), list);
        list.add(
                Variable.of(
                        place.disposable() ? "CI_DISPOSABLE_ENVIRONMENT" : "CI_SHARED_ENVIRONMENT",
                        "true"));
        list.add(Variable.of("CI_RUNNER_VERSION", settings.product().version()));
        list.add(Variable.of("CI_RUNNER_REVISION", settings.product().revision()));
        list.add(Variable.of("CI_RUNNER_EXECUTABLE_ARCH", settings.product().architecture()));
        addUnlessFlag(secrets, list);
        list.add(literal("RUNNER_TEMP_PROJECT_DIR", directories.temp()));
        return list;
    }

    private static void addTlsFiles(JobPlace.TlsFiles tls, List<Variable> list) {
        addFile("CI_SERVER_TLS_CA_FILE", tls.caChain(), true, list);
        addFile("CI_SERVER_TLS_CERT_FILE", tls.certificate(), true, list);
        addFile("CI_SERVER_TLS_KEY_FILE", tls.key().value(), false, list);
    }

    private static void addFile(String key, String content, boolean isPublic, List<Variable> list) {
        if (!content.isEmpty()) {
            list.add(new Variable(key, content, isPublic, false, true, true));
        }
    }

    /** A directory is no text to expand, whatever characters it has. */
    private static Variable literal(String key, String value) {
        return new Variable(key, value, true, false, false, true);
    }

    /** A flag has been decided; another value in the list would contradict what the runner does. */
    private static void addUnlessFlag(List<Variable> variables, List<Variable> list) {
        for (Variable variable : variables) {
            if (!FeatureFlags.isKnown(variable.key())) {
                list.add(variable);
            }
        }
    }
}
