package io.armrunner.ci;

import io.armrunner.ci.Yaml.Entry;
import io.armrunner.ci.Yaml.Mapping;
import io.armrunner.ci.Yaml.Scalar;
import io.armrunner.ci.Yaml.Sequence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code needs}. */
final class NeedReader {
    private static final Set<String> KEYS =
            Set.of("job", "artifacts", "optional", "parallel", "pipeline", "project", "ref");

    private NeedReader() {}

    /** The jobs needed; what only GitLab has is told in {@code notes}. */
    static List<NeedSpec> read(Yaml value, Fields fields, List<String> notes) {
        List<NeedSpec> needs = new ArrayList<>();
        if (!(value instanceof Sequence list)) {
            fields.problems().wrongType("needs", value, "a list of job names or mappings with job");
            return needs;
        }
        for (Yaml item : fields.flat("needs", list)) {
            switch (item) {
                case Scalar scalar ->
                        fields.text("needs", scalar)
                                .ifPresent(name ->
                                        needs.add(
                                                new NeedSpec(
                                                        name,
                                                        true,
                                                        false,
                                                        List.of(),
                                                        scalar.at())));
                case Mapping mapping -> mapped(mapping, fields, notes, needs);
                case Sequence _, Yaml.Reference _ ->
                        fields.problems()
                                .wrongType("needs", item, "a job's name, or a mapping with job");
            }
        }
        return needs;
    }

    private static void mapped(
            Mapping need, Fields fields, List<String> notes, List<NeedSpec> needs) {
        fields.known("needs", need, KEYS);
        if (need.has("project") || need.has("pipeline")) {
            notes.add("needs of another project or pipeline: only GitLab has their artifacts");
            return;
        }
        String job = fields.text("needs:job", need.get("job")).orElse("");
        if (job.isEmpty()) {
            fields.problems().add(need.at(), "needs has an entry without job");
            return;
        }
        needs.add(
                new NeedSpec(
                        job,
                        fields.truth("needs:artifacts", need.get("artifacts")).orElse(true),
                        fields.truth("needs:optional", need.get("optional")).orElse(false),
                        matrix(need, fields),
                        need.at()));
    }

    private static List<Map<String, List<String>>> matrix(Mapping need, Fields fields) {
        return fields.mapping("needs:parallel", need.get("parallel"))
                .map(parallel -> variants("needs:parallel:matrix", parallel, fields))
                .orElse(List.of());
    }

    /** The entries of a {@code matrix}: per variable its values. */
    static List<Map<String, List<String>>> variants(
            String keyword, Mapping parallel, Fields fields) {
        fields.known(keyword.substring(0, keyword.lastIndexOf(':')), parallel, Set.of("matrix"));
        List<Map<String, List<String>>> all = new ArrayList<>();
        Yaml matrix = parallel.get("matrix");
        if (!(matrix instanceof Sequence list)) {
            fields.problems()
                    .wrongType(
                            keyword,
                            matrix == null ? parallel : matrix,
                            "a list of mappings from variables to values");
            return all;
        }
        for (Yaml item : list.items()) {
            Map<String, List<String>> variant = new LinkedHashMap<>();
            fields.mapping("an entry of " + keyword, item)
                    .ifPresent(mapping -> {
                        for (Map.Entry<String, Entry> entry : mapping.entries().entrySet()) {
                            variant.put(
                                    entry.getKey(),
                                    fields.textOrTexts(
                                            keyword + ":" + entry.getKey(),
                                            entry.getValue().value()));
                        }
                    });
            all.add(variant);
        }
        return all;
    }
}
