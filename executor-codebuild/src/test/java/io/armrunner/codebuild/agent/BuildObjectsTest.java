package io.armrunner.codebuild.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.handover.PartSizes;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpServer;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** A build's own few calls of S3, to a server that checks their signatures. */
final class BuildObjectsTest {
    private static final String BUCKET = "large";
    // S3 takes no smaller parts.
    private static final int PART = 5 << 20;

    @TempDir Path directory;
    private EventLoops loops;
    private FakeAws aws;
    private AwsClients clients;
    private HttpServer container;
    private HttpClient http;
    private BuildObjects objects;

    @BeforeEach
    void start() throws Exception {
        loops = EventLoops.open(1);
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(
                                directory.resolve("aws"),
                                Map.of("PATH", "/usr/bin:/bin"),
                                new Random(1)));
        clients = AwsClients.open(aws.place());
        clients.s3()
                .createBucket(create ->
                        create.bucket(BUCKET)
                                .createBucketConfiguration(where ->
                                        where.locationConstraint(clients.place().region())));
        AwsPlace.Keys keys = aws.place().keys().orElseThrow();
        byte[] served =
                Wire.bytes(
                        Map.of(
                                "AccessKeyId",
                                keys.accessKey(),
                                "SecretAccessKey",
                                keys.secretKey().value(),
                                "Token",
                                "",
                                "Expiration",
                                "2100-01-01T00:00:00Z"));
        container =
                HttpServer.start(
                        loops,
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        exchange -> exchange.reply(200, Map.of(), served));
        http = HttpClient.open(loops, ClientSettings.DEFAULTS);
        objects = objects(new PartSizes(PART, PART));
    }

    private BuildObjects objects(PartSizes sizes) {
        return new BuildObjects(
                http,
                new ContainerKeys(
                        http,
                        Map.of(
                                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                "http://127.0.0.1:" + container.port() + "/"),
                        InstantSource.system()),
                new BuildObjects.Place(
                        BUCKET,
                        clients.place().region(),
                        Optional.of(aws.endpoint()),
                        Optional.empty()),
                InstantSource.system(),
                sizes);
    }

    @AfterEach
    void stop() {
        http.close();
        container.close();
        clients.close();
        aws.close();
        loops.close();
    }

    private Path file(int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return Files.write(directory.resolve("file-" + size), bytes);
    }

    @Test
    void whatIsTooLargeForOneRequestGoesInParts() throws Exception {
        Path large = file(2 * PART + 123);
        objects.put("jobs/a b/file", large);

        try (HttpReply there = objects.open("jobs/a b/file").orElseThrow()) {
            assertThat(there.body().readAllBytes()).isEqualTo(Files.readAllBytes(large));
        }
        assertThat(aws.count("s3:UploadPart")).isEqualTo(3);
        assertThat(clients.s3().listMultipartUploads(list -> list.bucket(BUCKET)).uploads())
                .isEmpty();
    }

    @Test
    void whatIsNotTooLargeGoesAtOnce() throws Exception {
        Path small = file(PART);
        objects.put("small", small);

        assertThat(objects.get("small")).contains(Files.readAllBytes(small));
        assertThat(aws.count("s3:UploadPart")).isZero();
        assertThat(aws.count("s3:PutObject")).isEqualTo(1);
    }

    @Test
    void anUploadThatFailsIsGivenUp() throws Exception {
        Path large = file(2 * PART);
        // S3 takes no parts of this size, but the last.
        BuildObjects wrong = objects(new PartSizes(PART, 1_500_000));

        assertThatThrownBy(() -> wrong.put("never", large))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("s3://large/never");
        assertThat(clients.s3().listMultipartUploads(list -> list.bucket(BUCKET)).uploads())
                .isEmpty();
        assertThatThrownBy(() -> clients.s3().headObject(head -> head.bucket(BUCKET).key("never")))
                .isInstanceOf(S3Exception.class);
    }

    @Test
    void aTextThatIsNoFileIsAnObjectToo() throws Exception {
        objects.put("text", "said".getBytes(UTF_8));
        assertThat(objects.get("text")).contains("said".getBytes(UTF_8));
        objects.delete("text");
        assertThat(objects.get("text")).isEmpty();
    }
}
