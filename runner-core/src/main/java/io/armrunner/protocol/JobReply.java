package io.armrunner.protocol;

import io.armrunner.spec.JobPayload;
import java.security.cert.X509Certificate;
import java.util.List;

/** GitLab's answer to a request for a job (runner-protocol §3.4). */
public sealed interface JobReply {
    /**
     * How many replies of this call had a retriable status: more than 0 halves adaptive
     * concurrency.
     */
    int retriable();

    /** 201: a job, which is running for GitLab from now on. */
    final class Job implements JobReply {
        private final JobPayload payload;
        private final byte[] raw;
        private final String correlationId;
        private final List<X509Certificate> tlsChain;
        private final int retriable;

        Job(
                JobPayload payload,
                byte[] raw,
                String correlationId,
                List<X509Certificate> tlsChain,
                int retriable) {
            this.payload = payload;
            this.raw = raw;
            this.correlationId = correlationId;
            this.tlsChain = List.copyOf(tlsChain);
            this.retriable = retriable;
        }

        public JobPayload payload() {
            return payload;
        }

        /** The payload as it came; holds tokens. */
        public byte[] raw() {
            return raw.clone();
        }

        /** What GitLab's own log knows this call as. */
        public String correlationId() {
            return correlationId;
        }

        /** The server's verified chain, for {@code CI_SERVER_TLS_CA_FILE}; empty for plain http. */
        public List<X509Certificate> tlsChain() {
            return tlsChain;
        }

        @Override
        public int retriable() {
            return retriable;
        }
    }

    /** 204: nothing to do. */
    record NoJob(int retriable) implements JobReply {}

    /**
     * 403: the token is not valid; the only unhealthy answer.
     *
     * @param correlationId what GitLab's own log knows this call as
     */
    record Forbidden(int retriable, String correlationId) implements JobReply {
        public Forbidden(int retriable) {
            this(retriable, "");
        }
    }

    /** 409: somebody else was faster; asked again at the next tick. */
    record Conflict(int retriable) implements JobReply {}

    /**
     * Any other status after all retries, or -1 for a 201 whose body is no usable JSON.
     *
     * @param correlationId what GitLab's own log knows this call as
     */
    record Failed(int httpStatus, String message, int retriable, String correlationId)
            implements JobReply {
        public Failed(int httpStatus, String message, int retriable) {
            this(httpStatus, message, retriable, "");
        }
    }
}
