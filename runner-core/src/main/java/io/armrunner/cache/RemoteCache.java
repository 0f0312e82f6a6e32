package io.armrunner.cache;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;

/**
 * An object store that lets itself be used by signed requests (job-semantics §7.5): whoever has
 * such a request needs no key of the store. Implementations are thread-safe and may block while
 * they fetch credentials.
 */
public interface RemoteCache {
    /** What is to be done with an object. */
    enum Operation {
        GET,
        HEAD,
        PUT
    }

    /**
     * Signs one request.
     *
     * @param object the object's name in the store, without a slash at its beginning
     * @param cacheKey the cache's key as people know it; stored with the object on a {@link
     *     Operation#PUT}
     * @param validity how long the request can be sent, from now on
     * @throws IOException when no credentials could be had, with what to do
     */
    Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException, InterruptedException;

    /**
     * A signed request.
     *
     * @param uri its query is the signature, which nobody must see
     * @param headers to be sent exactly so: they are signed too
     */
    record Request(URI uri, Map<String, String> headers) {
        public Request {
            headers = Map.copyOf(headers);
        }

        /** The address without what makes it valid. */
        public String address() {
            return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
        }

        @Override
        public String toString() {
            return address();
        }
    }
}
