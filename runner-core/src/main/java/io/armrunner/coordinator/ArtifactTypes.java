package io.armrunner.coordinator;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The artifact types that GitLab takes, with format and default file name (runner-protocol §7.3).
 */
final class ArtifactTypes {
    record Kind(String format, String filename) {}

    static final Set<String> FORMATS = Set.of("zip", "gzip", "raw");

    private static final Map<String, Kind> KINDS = kinds();

    private ArtifactTypes() {}

    static Optional<Kind> kind(String type) {
        return Optional.ofNullable(KINDS.get(type));
    }

    private static Map<String, Kind> kinds() {
        Map<String, Kind> kinds = new HashMap<>();
        kinds.put("archive", new Kind("zip", "artifacts"));
        kinds.put("junit", new Kind("gzip", "junit.xml"));
        kinds.put("dotenv", new Kind("gzip", ".env"));
        kinds.put("cobertura", new Kind("gzip", "cobertura-coverage.xml"));
        kinds.put("jacoco", new Kind("gzip", "jacoco-coverage.xml"));
        kinds.put("metrics", new Kind("gzip", "metrics.txt"));
        kinds.put("metrics_referee", new Kind("gzip", "metrics_referee.json"));
        kinds.put("network_referee", new Kind("gzip", "network_referee.json"));
        kinds.put("cluster_applications", new Kind("gzip", "gl-cluster-applications.json"));
        kinds.put("cyclonedx", new Kind("gzip", "gl-sbom.cdx.json"));
        kinds.put("annotations", new Kind("gzip", "gl-annotations.json"));
        kinds.put("repository_xray", new Kind("gzip", "gl-repository-xray.json"));
        kinds.put("lsif", new Kind("zip", "lsif.json"));
        kinds.put("scip", new Kind("zip", "index.scip"));
        kinds.put("metadata", new Kind("gzip", "metadata.gz"));
        kinds.put("trace", new Kind("raw", "job.log"));
        kinds.put("environment_key", new Kind("raw", "environment_key.txt"));
        kinds.put("dependency_scanning", new Kind("raw", "gl-dependency-scanning-report.json"));
        kinds.put("container_scanning", new Kind("raw", "gl-container-scanning-report.json"));
        kinds.put(
                "cluster_image_scanning", new Kind("raw", "gl-cluster-image-scanning-report.json"));
        kinds.put("dast", new Kind("raw", "gl-dast-report.json"));
        kinds.put("license_scanning", new Kind("raw", "gl-license-scanning-report.json"));
        kinds.put("secret_detection", new Kind("raw", "gl-secret-detection-report.json"));
        kinds.put("sast", new Kind("raw", "gl-sast-report.json"));
        kinds.put("coverage_fuzzing", new Kind("raw", "gl-coverage-fuzzing.json"));
        kinds.put("api_fuzzing", new Kind("raw", "gl-api-fuzzing-report.json"));
        kinds.put("sarif", new Kind("raw", "gl-sarif-report.sarif"));
        kinds.put("accessibility", new Kind("raw", "gl-accessibility.json"));
        kinds.put("codequality", new Kind("raw", "gl-code-quality-report.json"));
        kinds.put("performance", new Kind("raw", "performance.json"));
        kinds.put("browser_performance", new Kind("raw", "browser-performance.json"));
        kinds.put("load_performance", new Kind("raw", "load-performance.json"));
        kinds.put("terraform", new Kind("raw", "tfplan.json"));
        kinds.put("requirements", new Kind("raw", "requirements.json"));
        kinds.put("requirements_v2", new Kind("raw", "requirements_v2.json"));
        return Map.copyOf(kinds);
    }
}
