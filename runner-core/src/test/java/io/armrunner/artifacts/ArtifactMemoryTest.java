package io.armrunner.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.files.ArchiveExtractor;
import io.armrunner.files.ArchiveListener;
import io.armrunner.files.CompressionLevel;
import io.armrunner.files.PackingThreads;
import io.armrunner.files.ZipPacker;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpServer;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.protocol.GitLabArtifactStore;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.spec.Secret;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ArtifactMemoryTest {
    private static final long LARGE = 2L << 30;
    private static final int NOISE = 100 << 20;

    @TempDir Path directory;

    @Test
    @Timeout(value = 15, unit = TimeUnit.MINUTES)
    void twoGigabytesGoUpAndComeDownInAHeapOf64Megabytes()
            throws IOException, InterruptedException {
        Path source = Files.createDirectories(directory.resolve("source"));
        byte[] noise = new byte[NOISE];
        new Random(3).nextBytes(noise);
        try (RandomAccessFile file = new RandomAccessFile(source.resolve("large").toFile(), "rw")) {
            file.setLength(LARGE);
            file.seek(LARGE / 2);
            file.write(noise);
        }
        Path store = directory.resolve("store");
        try (EventLoops loops = EventLoops.open(1);
                HttpServer server =
                        HttpServer.start(
                                loops,
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                                exchange -> {
                                    if (exchange.method().equals("POST")) {
                                        Files.copy(exchange.body(), store);
                                        exchange.reply(201, Map.of(), new byte[0]);
                                        return;
                                    }
                                    Part part = Part.of(store);
                                    try (OutputStream out =
                                            exchange.replyStream(
                                                    200,
                                                    Map.of(
                                                            "Content-Length",
                                                            Long.toString(part.length())))) {
                                        part.writeTo(out, store);
                                    }
                                })) {
            Process moving =
                    new ProcessBuilder(
                                    ProcessHandle.current().info().command().orElseThrow(),
                                    "-Xmx64m",
                                    "-XX:+UseSerialGC",
                                    "--enable-native-access=ALL-UNNAMED",
                                    "-cp",
                                    System.getProperty(
                                            "surefire.test.class.path",
                                            System.getProperty("java.class.path")),
                                    Move.class.getName(),
                                    "http://127.0.0.1:" + server.port(),
                                    directory.toString())
                            .redirectErrorStream(true)
                            .start();
            moving.getOutputStream().close();
            String out = new String(moving.getInputStream().readAllBytes(), UTF_8);
            assertThat(moving.waitFor()).as(out).isZero();
        }
        assertThat(Files.mismatch(source.resolve("large"), directory.resolve("target/large")))
                .isEqualTo(-1);
    }

    /** Where the only file of a multipart body is. */
    private record Part(long from, long length) {
        static Part of(Path body) throws IOException {
            try (InputStream in = new BufferedInputStream(Files.newInputStream(body))) {
                long head = 0;
                int boundary = 0;
                for (int newlines = 0; newlines < 4; head++) {
                    if (in.read() == '\n') {
                        newlines++;
                        boundary = newlines == 1 ? (int) head - 1 : boundary;
                    }
                }
                return new Part(head, Files.size(body) - head - (boundary + 6));
            }
        }

        void writeTo(OutputStream out, Path body) throws IOException {
            byte[] piece = new byte[64 * 1024];
            try (InputStream in = Files.newInputStream(body)) {
                in.skipNBytes(from);
                for (long left = length; left > 0; ) {
                    int n = in.read(piece, 0, (int) Math.min(piece.length, left));
                    out.write(piece, 0, n);
                    left -= n;
                }
            }
        }
    }

    /** Sends the directory {@code source} and gets it back as {@code target}. */
    static final class Move {
        private Move() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            Path directory = Path.of(arguments[1]);
            try (EventLoops loops = EventLoops.open(1);
                    HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
                    PackingThreads threads = new PackingThreads(2)) {
                ArtifactStore store =
                        new GitLabArtifactStore(
                                new RetryingCaller(
                                        http,
                                        "armrunner 1",
                                        InstantSource.system(),
                                        new Random(1),
                                        _ -> {}),
                                GitLabUrl.of(arguments[0]),
                                new Random(2));
                Secret token = Secret.of("token-of-the-job");
                ZipPacker packer = new ZipPacker(threads, CompressionLevel.DEFAULT);
                ArtifactStore.UploadReply reply =
                        store.upload(
                                new ArtifactStore.Upload(
                                        1,
                                        token,
                                        "archive",
                                        "zip",
                                        "",
                                        "artifacts.zip",
                                        out ->
                                                packer.pack(
                                                        directory.resolve("source"),
                                                        List.of(Path.of("large")),
                                                        out,
                                                        new Strict())));
                if (!(reply instanceof ArtifactStore.Stored)) {
                    throw new IllegalStateException(reply.toString());
                }
                Path archive = directory.resolve("archive");
                if (!(store.download(new ArtifactStore.Download(1, token, false, 0))
                        instanceof ArtifactStore.Archive got)) {
                    throw new IllegalStateException("it was not given");
                }
                try (got) {
                    Files.copy(got.body(), archive);
                }
                new ArchiveExtractor(threads).extract(archive, directory.resolve("target"));
            }
        }
    }

    private record Strict() implements ArchiveListener {
        @Override
        public void file(String name, byte[] head, int length) {}

        @Override
        public void warning(String message) {
            throw new IllegalStateException(message);
        }
    }
}
