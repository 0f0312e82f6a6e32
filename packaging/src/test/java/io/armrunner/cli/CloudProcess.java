package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link CloudRunner} in a JVM of its own, which can be killed. Its output goes into a file. */
record CloudProcess(Process process, Path output) implements AutoCloseable {
    static CloudProcess start(CloudRunner.Words words, String... options) throws IOException {
        Files.createDirectories(words.directory());
        Path orders =
                words.write(Files.createTempFile(words.directory(), "orders-", ".properties"));
        Path output = Files.createTempFile(words.directory(), "output-", ".log");
        List<String> argv = new ArrayList<>();
        argv.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
        argv.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED"));
        argv.addAll(List.of(options));
        argv.addAll(
                List.of(
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path",
                                System.getProperty("java.class.path", "")),
                        CloudRunner.class.getName(),
                        orders.toString()));
        Process process =
                new ProcessBuilder(argv)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        return new CloudProcess(process, output);
    }

    String printed() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitPrinted(String text) {
        await("it prints " + text)
                .atMost(CloudUnderTest.LIMIT)
                .until(() -> {
                    assertThat(process.isAlive()).as(printed()).isTrue();
                    return printed().contains(text);
                });
    }

    /** {@code kill -9}. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        assertThat(process.waitFor(CloudUnderTest.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(CloudUnderTest.LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }
}
