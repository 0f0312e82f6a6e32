package io.armrunner.coordinator;

import io.armrunner.http.HttpHandler;
import java.io.IOException;
import java.net.InetSocketAddress;

/**
 * Opens the ports of a coordinator: in the product {@code HttpServer.start} on the process's event
 * loops.
 */
@FunctionalInterface
public interface PortOpener {
    /** Serves {@code handler} at {@code address}; port 0 means any free port. */
    OpenPort open(InetSocketAddress address, HttpHandler handler) throws IOException;

    /** A port that is served. Closing it breaks all of its connections off. */
    interface OpenPort extends AutoCloseable {
        /** The port's number. */
        int port();

        @Override
        void close();
    }
}
