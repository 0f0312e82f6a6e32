package io.armrunner.artifacts;

import com.fasterxml.jackson.core.JsonGenerator;
import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.Variable;
import io.armrunner.spec.Wire;
import io.armrunner.variables.GoBool;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * Writes the statement of what went into an artifact and how it was made: in-toto v0.1 with SLSA
 * provenance v1 (job-semantics §6.8).
 */
final class Provenance {
    private static final String VERSION_VARIABLE = "SLSA_PROVENANCE_SCHEMA_VERSION";

    private final JobPlan plan;
    private final HelperEnvironment environment;
    private final InstantSource clock;
    private final HelperLines lines;

    Provenance(
            JobPlan plan, HelperEnvironment environment, InstantSource clock, HelperLines lines) {
        this.plan = plan;
        this.environment = environment;
        this.clock = clock;
        this.lines = lines;
    }

    static boolean isWanted(HelperEnvironment environment) {
        return GoBool.parse(environment.get("RUNNER_GENERATE_ARTIFACTS_METADATA")).orElse(false);
    }

    /** Writes it into the project directory; its path there. */
    Path write(String name, Path project, List<Path> files) throws IOException {
        lines.info("Generating artifacts statement");
        String version = environment.get(VERSION_VARIABLE);
        if (!version.isEmpty() && !version.equals("v1")) {
            lines.warning("%s \"%s\" is not known, using v1".formatted(VERSION_VARIABLE, version));
        }
        Path relative = Path.of(name + "-metadata.json");
        Path file = project.resolve(relative);
        // Never through a link that the job left there.
        Files.deleteIfExists(file);
        try (OutputStream out =
                        Files.newOutputStream(
                                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                JsonGenerator json = Wire.mapper().getFactory().createGenerator(out)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("_type", "https://in-toto.io/Statement/v0.1");
            json.writeStringField("predicateType", "https://slsa.dev/provenance/v1");
            json.writeArrayFieldStart("subject");
            for (Path path : files) {
                if (!path.equals(relative)
                        && Files.isRegularFile(project.resolve(path), LinkOption.NOFOLLOW_LINKS)) {
                    json.writeStartObject();
                    json.writeStringField("name", path.toString());
                    digest(json, sha256(project.resolve(path)));
                    json.writeEndObject();
                }
            }
            json.writeEndArray();
            json.writeObjectFieldStart("predicate");
            buildDefinition(json);
            runDetails(json);
            json.writeEndObject();
            json.writeEndObject();
        }
        return relative;
    }

    private void buildDefinition(JsonGenerator json) throws IOException {
        String projectUrl = environment.get("CI_PROJECT_URL");
        json.writeObjectFieldStart("buildDefinition");
        json.writeStringField(
                "buildType",
                "urn:%s:provenance:%s"
                        .formatted(
                                plan.settings().product().name(),
                                plan.settings().product().version()));
        json.writeObjectFieldStart("externalParameters");
        LinkedHashSet<String> names = new LinkedHashSet<>();
        plan.variables().list().stream().map(Variable::key).forEach(names::add);
        for (String variable : names) {
            // Names only: a statement is public, a value may not be.
            json.writeStringField(variable, "");
        }
        json.writeStringField("entryPoint", plan.payload().jobInfo().name());
        json.writeStringField("source", projectUrl);
        json.writeEndObject();
        json.writeObjectFieldStart("internalParameters");
        json.writeStringField("name", plan.settings().name());
        json.writeStringField("executor", plan.settings().executor());
        json.writeStringField("architecture", architecture());
        json.writeStringField("job", Long.toString(plan.payload().id()));
        json.writeEndObject();
        json.writeArrayFieldStart("resolvedDependencies");
        json.writeStartObject();
        json.writeStringField("uri", projectUrl);
        digest(json, plan.payload().gitInfo().sha());
        json.writeEndObject();
        json.writeEndArray();
        json.writeEndObject();
    }

    private String architecture() {
        String both = plan.settings().product().architecture();
        return both.substring(both.indexOf('/') + 1);
    }

    private void runDetails(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("runDetails");
        json.writeObjectFieldStart("builder");
        json.writeStringField(
                "id",
                environment.get("CI_PROJECT_URL")
                        + "/-/runners/"
                        + environment.get("CI_RUNNER_ID"));
        json.writeObjectFieldStart("version");
        json.writeStringField(
                plan.settings().product().name(), plan.settings().product().revision());
        json.writeEndObject();
        json.writeEndObject();
        json.writeObjectFieldStart("metadata");
        json.writeStringField("invocationId", Long.toString(plan.payload().id()));
        json.writeStringField("startedOn", environment.get("CI_JOB_STARTED_AT"));
        json.writeStringField(
                "finishedOn", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void digest(JsonGenerator json, String sha256) throws IOException {
        json.writeObjectFieldStart("digest");
        json.writeStringField("sha256", sha256);
        json.writeEndObject();
    }

    private static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] piece = new byte[64 * 1024];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                digest.update(piece, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
