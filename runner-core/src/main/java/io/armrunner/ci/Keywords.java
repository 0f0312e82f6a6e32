package io.armrunner.ci;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Every keyword of the file: which are run, which are passed over, which are refused. One place for
 * all of it.
 */
final class Keywords {
    /** Keywords at the top of the file; anything else there is a job. */
    static final Set<String> TOP =
            Set.of(
                    "default",
                    "include",
                    "stages",
                    "variables",
                    "workflow",
                    "image",
                    "services",
                    "cache",
                    "before_script",
                    "after_script",
                    "spec",
                    "types");

    /** Keywords that {@code default} may set for every job. */
    static final Set<String> DEFAULT =
            Set.of(
                    "after_script",
                    "artifacts",
                    "before_script",
                    "cache",
                    "hooks",
                    "id_tokens",
                    "identity",
                    "image",
                    "interruptible",
                    "retry",
                    "services",
                    "tags",
                    "timeout");

    /**
     * Keywords that also stand at the top of the file as a default, an older form of {@code
     * default}.
     */
    static final Set<String> TOP_DEFAULTS =
            Set.of("image", "services", "cache", "before_script", "after_script");

    /** Keywords of a job that are acted on. */
    static final Set<String> JOB =
            Set.of(
                    "after_script",
                    "allow_failure",
                    "artifacts",
                    "before_script",
                    "cache",
                    "dependencies",
                    "environment",
                    "except",
                    "extends",
                    "hooks",
                    "image",
                    "inherit",
                    "interruptible",
                    "needs",
                    "only",
                    "parallel",
                    "retry",
                    "rules",
                    "script",
                    "services",
                    "stage",
                    "start_in",
                    "tags",
                    "timeout",
                    "trigger",
                    "variables",
                    "when");

    /** Keywords of a job that only GitLab can act on, with what is then missing: one note each. */
    static final Map<String, String> PASSED_OVER = passedOver();

    /** Keywords of a job that change what is run in a way that cannot be done here. */
    static final Map<String, String> REFUSED =
            Map.of(
                    "run",
                    "steps are not run here; use script",
                    "inputs",
                    "job inputs are filled in by GitLab only; use variables");

    private Keywords() {}

    private static Map<String, String> passedOver() {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("coverage", "GitLab reads the coverage out of the log");
        notes.put("dast_configuration", "scanner profiles are kept in GitLab");
        notes.put("id_tokens", "GitLab signs the tokens; their variables are not set");
        notes.put("identity", "GitLab signs in with the provider");
        notes.put("manual_confirmation", "GitLab asks for it before a manual job");
        notes.put("pages", "GitLab publishes the site; the job's artifacts are made all the same");
        notes.put(
                "publish", "GitLab publishes the site; the job's artifacts are made all the same");
        notes.put("release", "GitLab keeps the releases; the release is not made");
        notes.put("resource_group", "GitLab keeps jobs of one group apart across pipelines");
        notes.put("secrets", "GitLab signs in with the provider; their variables are not set");
        return notes;
    }

    /** What a key means that is none of a job's. */
    static String unknown(String key, Set<String> known) {
        String near = Nearest.of(key, known);
        return "unknown keyword " + key + (near.isEmpty() ? "" : "; did you mean " + near + "?");
    }

    /** All that may stand in a job, for the nearest one of a typo. */
    static Set<String> job() {
        Set<String> all = new java.util.TreeSet<>(JOB);
        all.addAll(PASSED_OVER.keySet());
        all.addAll(REFUSED.keySet());
        return all;
    }

    /** A report type with its format and file name (runner-protocol §7.3). */
    record Report(String type, String format, String name) {}

    private static final Map<String, Report> REPORTS = reports();

    /** Report types under {@code artifacts:reports}. */
    static Map<String, Report> reportTypes() {
        return REPORTS;
    }

    private static Map<String, Report> reports() {
        Map<String, Report> all = new LinkedHashMap<>();
        for (Report report :
                List.of(
                        new Report("junit", "gzip", "junit.xml"),
                        new Report("dotenv", "gzip", ".env"),
                        new Report("cobertura", "gzip", "cobertura-coverage.xml"),
                        new Report("jacoco", "gzip", "jacoco-coverage.xml"),
                        new Report("metrics", "gzip", "metrics.txt"),
                        new Report("cluster_applications", "gzip", "gl-cluster-applications.json"),
                        new Report("cyclonedx", "gzip", "gl-sbom.cdx.json"),
                        new Report("annotations", "gzip", "gl-annotations.json"),
                        new Report("repository_xray", "gzip", "gl-repository-xray.json"),
                        new Report("lsif", "zip", "lsif.json"),
                        new Report("scip", "zip", "index.scip"),
                        new Report(
                                "dependency_scanning", "raw", "gl-dependency-scanning-report.json"),
                        new Report(
                                "container_scanning", "raw", "gl-container-scanning-report.json"),
                        new Report(
                                "cluster_image_scanning",
                                "raw",
                                "gl-cluster-image-scanning-report.json"),
                        new Report("dast", "raw", "gl-dast-report.json"),
                        new Report("license_scanning", "raw", "gl-license-scanning-report.json"),
                        new Report("secret_detection", "raw", "gl-secret-detection-report.json"),
                        new Report("sast", "raw", "gl-sast-report.json"),
                        new Report("coverage_fuzzing", "raw", "gl-coverage-fuzzing.json"),
                        new Report("api_fuzzing", "raw", "gl-api-fuzzing-report.json"),
                        new Report("sarif", "raw", "gl-sarif-report.sarif"),
                        new Report("accessibility", "raw", "gl-accessibility.json"),
                        new Report("codequality", "raw", "gl-code-quality-report.json"),
                        new Report("performance", "raw", "performance.json"),
                        new Report("browser_performance", "raw", "browser-performance.json"),
                        new Report("load_performance", "raw", "load-performance.json"),
                        new Report("terraform", "raw", "tfplan.json"),
                        new Report("requirements", "raw", "requirements.json"),
                        new Report("requirements_v2", "raw", "requirements_v2.json"))) {
            all.put(report.type(), report);
        }
        return all;
    }
}
