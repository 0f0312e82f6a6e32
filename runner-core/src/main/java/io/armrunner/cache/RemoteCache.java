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

    /** A step of an upload in parts. */
    sealed interface PartStep {
        /** A {@code POST} whose answer has the upload's id. */
        record Begin() implements PartStep {}

        /**
         * A {@code PUT} of one part.
         *
         * @param number from 1 on
         */
        record Part(String upload, int number) implements PartStep {}

        /** A {@code POST} of the list of all parts. */
        record Complete(String upload) implements PartStep {}

        /** A {@code DELETE} of what was sent. */
        record GiveUp(String upload) implements PartStep {}
    }

    /**
     * What the store takes.
     *
     * @param largestPut bytes in one request; what is larger goes in parts
     * @param part bytes of a part
     */
    record Limits(long largestPut, long part) {
        /** A store that takes everything at once. */
        public static final Limits NONE = new Limits(Long.MAX_VALUE, Long.MAX_VALUE);
    }

    /** What the store takes. */
    default Limits limits() {
        return Limits.NONE;
    }

    /**
     * Signs a step of an upload in parts; only for a store with {@link #limits}. Otherwise like the
     * other one.
     */
    default Request sign(PartStep step, String object, String cacheKey, Duration validity)
            throws IOException, InterruptedException {
        throw new UnsupportedOperationException("this store takes everything at once");
    }

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
