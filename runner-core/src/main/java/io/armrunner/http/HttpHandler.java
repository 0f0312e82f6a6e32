package io.armrunner.http;

import java.io.IOException;

/**
 * Answers one request of an {@code HttpServer}, in blocking style, on a virtual thread of its own.
 */
@FunctionalInterface
public interface HttpHandler {
    /**
     * Called once a request. Must answer through {@code exchange} exactly once, or close its
     * connection; a request left unanswered when this returns, or an exception, is answered with
     * 500.
     */
    void handle(Exchange exchange) throws IOException, InterruptedException;
}
