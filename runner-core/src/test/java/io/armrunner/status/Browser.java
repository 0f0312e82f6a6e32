package io.armrunner.status;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A real browser with one page, driven over the DevTools protocol. It keeps what the page
 * complained about and what it loaded. A browser that is not there fails the test.
 */
final class Browser implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Process process;
    private final Path directory;
    private final HttpClient http = HttpClient.newHttpClient();
    private final WebSocket socket;
    private final Map<Integer, CompletableFuture<JsonNode>> calls = new ConcurrentHashMap<>();
    private final List<String> complaints = new CopyOnWriteArrayList<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private int number;

    private Browser(Process process, Path directory, int port) throws Exception {
        this.process = process;
        this.directory = directory;
        URI list = URI.create("http://127.0.0.1:" + port + "/json/list");
        String page =
                await("the browser has a page")
                        .atMost(LIMIT)
                        .until(() -> page(list), found -> !found.isEmpty());
        socket =
                http.newWebSocketBuilder()
                        .buildAsync(URI.create(page), new Messages())
                        .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        for (String domain : List.of("Page", "Runtime", "Log", "Network")) {
            call(domain + ".enable", Map.of());
        }
    }

    /** Where its page is talked to; empty as long as it has none. */
    private String page(URI list) throws IOException, InterruptedException {
        byte[] pages =
                http.send(
                                java.net.http.HttpRequest.newBuilder(list).build(),
                                java.net.http.HttpResponse.BodyHandlers.ofByteArray())
                        .body();
        for (JsonNode page : Wire.tree(pages)) {
            if (page.path("type").asText().equals("page")) {
                return page.path("webSocketDebuggerUrl").asText();
            }
        }
        return "";
    }

    /** Starts the browser with a fresh profile in {@code directory}. */
    static Browser start(Path directory) throws Exception {
        Path profile = Files.createDirectories(directory.resolve("profile"));
        Path program =
                Stream.of(
                                "/usr/bin/chromium",
                                "/usr/bin/chromium-browser",
                                "/usr/bin/google-chrome")
                        .map(Path::of)
                        .filter(Files::isExecutable)
                        .findFirst()
                        .orElseThrow(() ->
                                new AssertionError(
                                        "there is no Chromium; .ci/tools installs the package chromium"));
        ProcessBuilder builder =
                new ProcessBuilder(
                                program.toString(),
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-quic",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--disable-dev-shm-usage",
                                "--hide-scrollbars",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + profile,
                                "about:blank")
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("browser.log").toFile());
        // It keeps a socket there, which must not stay.
        builder.environment().put("TMPDIR", directory.toString());
        Process process = builder.start();
        try {
            return new Browser(
                    process, directory, port(process, profile, directory.resolve("browser.log")));
        } catch (Exception | AssertionError failure) {
            process.destroyForcibly();
            throw failure;
        }
    }

    private static int port(Process process, Path profile, Path log) throws Exception {
        Path file = profile.resolve("DevToolsActivePort");
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end && process.isAlive()) {
            if (Files.exists(file)) {
                Optional<String> first = Files.readAllLines(file).stream().findFirst();
                if (first.isPresent()) {
                    return Integer.parseInt(first.get());
                }
            }
            process.waitFor(50, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("the browser did not start: " + Files.readString(log));
    }

    /** What the page said on its console, and what its policy forbade. */
    List<String> complaints() {
        return complaints;
    }

    /** The addresses that were asked for. */
    List<String> requests() {
        return requests;
    }

    void open(String url) throws Exception {
        call("Page.navigate", Map.of("url", url));
    }

    /** A window of this size; narrow ones are phones. */
    void size(int width, int height, boolean phone) throws Exception {
        call(
                "Emulation.setDeviceMetricsOverride",
                Map.of(
                        "width", width,
                        "height", height,
                        "deviceScaleFactor", phone ? 2 : 1,
                        "mobile", phone));
    }

    void dark(boolean dark) throws Exception {
        call(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of(
                                        "name",
                                        "prefers-color-scheme",
                                        "value",
                                        dark ? "dark" : "light"))));
    }

    /** The value of an expression in the page. */
    JsonNode evaluate(String expression) throws Exception {
        JsonNode reply =
                call(
                        "Runtime.evaluate",
                        Map.of(
                                "expression",
                                expression,
                                "returnByValue",
                                true,
                                "awaitPromise",
                                true));
        if (reply.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + reply.path("exceptionDetails"));
        }
        return reply.path("result").path("value");
    }

    /** What a person reads in an element. */
    String text(String selector) throws Exception {
        return evaluate("document.querySelector('" + selector + "').innerText").asText();
    }

    void screenshot(Path file) throws Exception {
        JsonNode shot = call("Page.captureScreenshot", Map.of("format", "png"));
        Files.write(file, Base64.getDecoder().decode(shot.path("data").asText()));
    }

    private JsonNode call(String method, Map<String, Object> parameters) throws Exception {
        int id = ++number;
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        calls.put(id, reply);
        ObjectNode message = Wire.mapper().createObjectNode();
        message.put("id", id).put("method", method);
        message.set("params", Wire.mapper().valueToTree(parameters));
        socket.sendText(new String(Wire.bytes(message), StandardCharsets.UTF_8), true)
                .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        return reply.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private void heard(JsonNode message) {
        JsonNode parameters = message.path("params");
        switch (message.path("method").asText()) {
            case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded" ->
                    complaints.add(parameters.toString());
            case "Network.requestWillBeSent" ->
                    requests.add(parameters.path("request").path("url").asText());
            case "" -> {
                CompletableFuture<JsonNode> call = calls.remove(message.path("id").asInt());
                if (call != null) {
                    if (message.has("error")) {
                        call.completeExceptionally(
                                new IOException(message.path("error").toString()));
                    } else {
                        call.complete(message.path("result"));
                    }
                }
            }
            default -> {
                // Of no interest here.
            }
        }
    }

    /** Gathers the pieces of messages. */
    private final class Messages implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence piece, boolean last) {
            text.append(piece);
            if (last) {
                byte[] whole = text.toString().getBytes(StandardCharsets.UTF_8);
                text.setLength(0);
                try {
                    heard(Wire.tree(whole));
                } catch (IOException broken) {
                    complaints.add(broken.toString());
                }
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }
    }

    @Override
    public void close() throws IOException {
        socket.abort();
        http.shutdownNow();
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            for (ProcessHandle child : children) {
                child.destroyForcibly();
                child.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            await("nothing of it writes to its directory any more")
                    .atMost(LIMIT)
                    .until(this::isGone);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException failure) {
            throw new IOException("the browser does not end", failure);
        }
    }

    /** Whether no process is left that was started with its directory. */
    private boolean isGone() throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path each : all) {
                if (commandLine(each).contains(directory.toString())) {
                    return false;
                }
            }
        }
        return true;
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
        } catch (IOException _) {
            return ""; // It has ended.
        }
    }
}
