package io.armrunner.codebuild.lane;

import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * An environment variable of a job whose value AWS keeps.
 *
 * @param variable what the job calls it
 * @param id as AWS calls the value: a parameter, or a secret with what CodeBuild's own notation
 *     adds: {@code id:json-key:version-stage:version-id}
 */
record Reference(String variable, Store store, String id) {
    /** Which of AWS's two services has the value. */
    enum Store {
        PARAMETERS("ARMRUNNER_PARAMETERS", "allowed_parameters"),
        SECRETS("ARMRUNNER_SECRETS", "allowed_secrets");

        /** The job's variable that names references. */
        final String asked;

        /** The lane's key that allows them. */
        final String allowed;

        Store(String asked, String allowed) {
            this.asked = asked;
            this.allowed = allowed;
        }
    }

    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern SPACE = Pattern.compile("[\\s,]+");

    /**
     * What the lane gives every job, and what the job asks for by {@code NAME=id NAME=id}.
     *
     * @throws JobFailure if the lane does not allow one of them
     */
    static List<Reference> of(
            Store store, Map<String, String> lanes, String asked, List<String> allowed)
            throws JobFailure {
        Map<String, String> all = new LinkedHashMap<>();
        lanes.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        for (String word : SPACE.split(asked.strip(), -1)) {
            if (word.isEmpty()) {
                continue;
            }
            int equals = word.indexOf('=');
            if (equals < 1
                    || equals == word.length() - 1
                    || !NAME.matcher(word.substring(0, equals)).matches()) {
                throw refused(
                        "%s has \"%s\", which is not of the form NAME=name-in-AWS"
                                .formatted(store.asked, word));
            }
            String id = word.substring(equals + 1);
            if (allowed.stream().noneMatch(pattern -> BuildChoice.isLike(pattern, id))) {
                throw refused(
                        "%s %s is not among the lane's %s%s"
                                .formatted(
                                        store.asked,
                                        id,
                                        store.allowed,
                                        allowed.isEmpty()
                                                ? ", which are none"
                                                : ": " + String.join(", ", allowed)));
            }
            all.put(word.substring(0, equals), id);
        }
        List<Reference> references = new ArrayList<>();
        all.forEach((name, id) -> references.add(new Reference(name, store, id)));
        return references;
    }

    private static JobFailure refused(String why) {
        return new JobFailure(FailureReason.RUNNER_CONFIGURATION_ERROR, why);
    }
}
