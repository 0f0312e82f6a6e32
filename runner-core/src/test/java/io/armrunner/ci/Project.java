package io.armrunner.ci;

import io.armrunner.spec.Variable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A project in memory, with a push to its branch main unless told otherwise. */
final class Project implements ProjectFiles {
    private final Map<String, String> files = new LinkedHashMap<>();
    private final Map<String, List<String>> comparisons = new HashMap<>();
    private Optional<List<String>> changed = Optional.of(List.of("src/main.c"));
    private Optional<String> tag = Optional.empty();
    private String branch = "main";
    private PipelineOptions options = PipelineOptions.PUSH;

    static Project of(String yaml) {
        return new Project().with(".gitlab-ci.yml", yaml);
    }

    Project with(String path, String text) {
        files.put(path, text);
        return this;
    }

    Project changed(String... paths) {
        changed = Optional.of(List.of(paths));
        return this;
    }

    Project changesUnknown() {
        changed = Optional.empty();
        return this;
    }

    Project differs(String ref, String... paths) {
        comparisons.put(ref, List.of(paths));
        return this;
    }

    Project tag(String name) {
        tag = Optional.of(name);
        return this;
    }

    Project branch(String name) {
        branch = name;
        return this;
    }

    Project mergeRequest() {
        options =
                new PipelineOptions(
                        options.variables(),
                        "push",
                        Optional.of(
                                new PipelineOptions.MergeRequest(
                                        7, "Faster", "main", "b".repeat(40), "ci")));
        return this;
    }

    Project variable(String key, String value) {
        List<Variable> all = new ArrayList<>(options.variables());
        all.add(Variable.of(key, value));
        options = new PipelineOptions(all, options.source(), options.mergeRequest());
        return this;
    }

    Pipeline pipeline() throws CiFileException, IOException {
        return PipelineReader.read(this, ".gitlab-ci.yml", git(), options);
    }

    /** The job of a pipeline that has it. */
    PipelineJob job(String name) throws CiFileException, IOException {
        Pipeline pipeline = pipeline();
        return pipeline.job(name)
                .orElseThrow(() ->
                        new AssertionError("no job " + name + ", absent: " + pipeline.absent()));
    }

    /** The names of the pipeline's jobs. */
    List<String> names() throws CiFileException, IOException {
        return pipeline().jobs().stream().map(PipelineJob::name).toList();
    }

    /** What is wrong with the file, line by line. */
    List<String> errors() throws IOException {
        try {
            Pipeline pipeline = pipeline();
            throw new AssertionError("no error in it: " + pipeline.jobs());
        } catch (CiFileException e) {
            return e.errors().stream().map(CiError::toString).toList();
        }
    }

    GitContext git() {
        return new GitContext(
                branch,
                tag,
                "5ea44fb6ebe8e87edaff859aa509ece4cd1ac8ac",
                GitContext.NO_COMMIT,
                "main",
                "iot/edge/gateway",
                true,
                "Add CAN bus\n\nWith tests.",
                "Dev <dev@example.com>",
                "2026-11-23T09:00:00Z",
                changed);
    }

    @Override
    public Optional<String> read(String path) {
        return Optional.ofNullable(files.get(path));
    }

    @Override
    public List<String> list() {
        return List.copyOf(files.keySet());
    }

    @Override
    public Optional<List<String>> changedSince(String ref) {
        return Optional.ofNullable(comparisons.get(ref));
    }
}
