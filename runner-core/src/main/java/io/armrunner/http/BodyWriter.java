package io.armrunner.http;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Produces the body of a request, anew for each attempt: after a redirect or a retry it is called
 * again.
 */
@FunctionalInterface
public interface BodyWriter {
    /**
     * Writes the whole body; blocks while the server does not read. Runs on a virtual thread of its
     * own.
     */
    void writeTo(OutputStream out) throws IOException;
}
