package io.armrunner.coordinator;

/** What a request is for: the unit by which requests are recorded and faults are placed. */
public enum Endpoint {
    /** {@code POST /runners} */
    REGISTER,
    /** {@code POST /runners/verify} */
    VERIFY,
    /** {@code POST /runners/reset_authentication_token} */
    RESET_TOKEN,
    /** {@code DELETE /runners} */
    DELETE_RUNNER,
    /** {@code DELETE /runners/managers} */
    DELETE_MANAGER,
    /** {@code GET /runners/router/discovery} */
    DISCOVERY,
    /** {@code POST /jobs/request} */
    JOB_REQUEST,
    /** {@code PUT /jobs/:id} that does not end the job */
    UPDATE,
    /** {@code PUT /jobs/:id} with {@code success} or {@code failed} */
    FINAL_UPDATE,
    /** {@code PATCH /jobs/:id/trace} */
    TRACE,
    /** {@code POST /jobs/:id/artifacts} */
    UPLOAD,
    /** {@code GET /jobs/:id/artifacts} */
    DOWNLOAD,
    /** The second host, where a redirected download ends. */
    STORAGE,
    /** {@code GET …/info/refs} */
    GIT_REFS,
    /** {@code POST …/git-upload-pack} */
    GIT_FETCH,
    /** {@code POST …/git-receive-pack} */
    GIT_PUSH,
    /** {@code POST …/info/lfs/objects/batch}, and {@code GET} of a large file */
    GIT_LFS,
    /** Anything else: answered with 404. */
    OTHER
}
