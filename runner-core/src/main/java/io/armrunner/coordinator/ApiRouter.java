package io.armrunner.coordinator;

import io.armrunner.http.Exchange;
import io.armrunner.http.HttpHandler;
import io.armrunner.spec.Secret;
import java.io.IOException;
import java.nio.file.Path;

/** Takes each request to the class that answers it. */
final class ApiRouter implements HttpHandler, AutoCloseable {
    ApiRouter(
            Books books,
            Faults faults,
            GitCommand git,
            Storage storage,
            Path directory,
            Secret registrationToken) {}

    @Override
    public void handle(Exchange exchange) throws IOException {
        Reply.refused(404, "no such call").send(exchange, java.util.Map.of());
    }

    @Override
    public void close() {}
}
