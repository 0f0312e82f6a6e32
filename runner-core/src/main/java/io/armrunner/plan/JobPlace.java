package io.armrunner.plan;

import io.armrunner.spec.Secret;

/**
 * Where one job runs, as the lane and the dispatcher decided before its plan is compiled.
 *
 * @param buildsRoot absolute directory of the working copies
 * @param cacheRoot absolute directory of the local caches
 * @param concurrentId lowest number that was free among the running jobs of this runner
 * @param concurrentProjectId the same among those of this project
 * @param disposable whether the environment ends with the job (a container, a CodeBuild build) or
 *     is the host
 * @param sharedLayout whether the builds root outlives the job and serves many: the project
 *     directory is then {@code <root>/<short token>/<concurrentProjectId>/<slug>} instead of {@code
 *     <root>/<slug>} (job-semantics §3.1)
 * @param hostname name to show in {@code Running on …}; a container lane adds {@code via <host>}
 * @param correlationId id of the request that brought the job, empty if there was none
 * @param tls files for the job's own TLS connections to GitLab
 */
public record JobPlace(
        String buildsRoot,
        String cacheRoot,
        int concurrentId,
        int concurrentProjectId,
        boolean disposable,
        boolean sharedLayout,
        String hostname,
        String correlationId,
        TlsFiles tls) {

    /**
     * Contents for {@code CI_SERVER_TLS_CA_FILE}, {@code CI_SERVER_TLS_CERT_FILE} and {@code
     * CI_SERVER_TLS_KEY_FILE}; an empty one makes no variable.
     */
    public record TlsFiles(String caChain, String certificate, Secret key) {
        /** Nothing known: git and the job use the system's certificates. */
        public static final TlsFiles NONE = new TlsFiles("", "", Secret.NONE);
    }
}
