package io.armrunner.codebuild.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.cache.CacheJob;
import io.armrunner.cache.CacheTools;
import io.armrunner.cache.RemoteCache;
import io.armrunner.cache.RemoteCache.Operation;
import io.armrunner.cache.RemoteCache.PartStep;
import io.armrunner.config.CacheConfig;
import io.armrunner.config.Settings;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;

class S3CacheTest {
    private static final String OBJECT = "runner/Zk3QpW9xL/project/3/deps-main";

    /** No server takes smaller ones. */
    private static final int PART = 5 << 20;

    private static final S3Server server = started();

    @TempDir Path root = Path.of("set by JUnit");

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final List<AutoCloseable> open = new ArrayList<>();

    // It takes a second to stop: one for all tests.
    private static S3Server started() {
        try {
            return new S3Server();
        } catch (Exception e) {
            throw new AssertionError("the S3 server does not start", e);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void begin() throws IOException {
        server.objects().forEach(server::delete);
        Files.createDirectories(root.resolve("one"));
        Files.createDirectories(root.resolve("two"));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
        http.close();
        loops.close();
    }

    private CacheJob job(String machine, CacheConfig config) {
        CacheJob job = new CacheJob(root.resolve(machine), RemoteCaches.open("rack", config, http));
        open.add(job);
        return job;
    }

    private CacheJob job(String machine) {
        return job(machine, server.config("", false, 0));
    }

    @Tag("JS-145")
    @Tag("JS-151")
    @Test
    void anotherMachineRestoresWhatTheFirstOneSaved() throws Exception {
        CacheJob first = job("one").cache("deps-main", "vendor/");
        first.file("vendor/lib", "dep");
        CacheJob.Ran saved = first.save();

        assertThat(saved.log().lines())
                .anyMatch(line -> line.strip().equals("Using presigned URL for cache upload"))
                .anyMatch(line ->
                        line.strip()
                                .matches(
                                        "Uploading cache.zip to http://127\\.0\\.0\\.1:\\d+/ci-cache/"
                                                + OBJECT))
                .last()
                .isEqualTo("Created cache");
        assertThat(server.objects()).containsExactly(OBJECT);
        assertThat(server.head(OBJECT).metadata()).containsEntry("cachekey", "deps-main");
        assertThat(server.head(OBJECT).contentType()).isEqualTo("application/octet-stream");

        CacheJob second = job("two").cache("deps-main", "vendor/");
        CacheJob.Ran restored = second.restore();

        assertThat(restored.log().lines())
                .contains("Checking cache for deps-main...")
                .anyMatch(line -> line.strip().equals("Using presigned URL for cache download"))
                .anyMatch(line ->
                        line.matches(
                                "Downloading cache from http://127\\.0\\.0\\.1:\\d+/ci-cache/"
                                        + OBJECT
                                        + " +etag=.*"))
                .last()
                .isEqualTo("Successfully extracted cache");
        assertThat(second.content("vendor/lib")).isEqualTo("dep");
        assertThat(Files.getLastModifiedTime(second.archive("deps-main")).toInstant())
                .isEqualTo(
                        server.head(OBJECT)
                                .lastModified()
                                .truncatedTo(java.time.temporal.ChronoUnit.SECONDS));
        for (CacheJob.Ran ran : List.of(saved, restored)) {
            assertThat(ran.raw())
                    .doesNotContain("X-Amz-", "?", S3Server.ACCESS_KEY, S3Server.SECRET_KEY);
        }
    }

    @Tag("JS-145")
    @Test
    void sharedCachesHaveNoRunnerInTheirNames() throws Exception {
        CacheJob job = job("one", server.config("/ci//caches/", true, 0)).cache("a b/ü", "vendor/");
        job.file("vendor/lib", "dep");

        assertThat(job.save().log()).endsWith("Created cache\n");

        assertThat(server.objects()).containsExactly("ci/caches/project/3/a b/ü");
        CacheJob other =
                job("two", server.config("/ci//caches/", true, 0)).cache("a b/ü", "vendor/");
        assertThat(other.restore().log()).endsWith("Successfully extracted cache\n");
    }

    @Tag("JS-145")
    @Test
    void hashedKeysAreSpread() throws Exception {
        CacheJob job = job("one").flags(Map.of("FF_HASH_CACHE_KEYS", true)).cache("abc", "vendor/");
        job.file("vendor/lib", "dep");

        job.save();

        assertThat(server.objects())
                .containsExactly(
                        "runner/Zk3QpW9xL/project/3/ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Tag("JS-146")
    @Test
    void anUnchangedArchiveIsSentOnlyIfTheObjectIsMissing() throws Exception {
        CacheJob job = job("one").cache("deps-main", "vendor/");
        job.file("vendor/lib", "dep");
        job.save();

        assertThat(job.save().log())
                .contains("Primary cache already exists remotely, skipping upload")
                .doesNotContain("Uploading cache.zip")
                .endsWith("Created cache\n");

        server.delete(OBJECT);
        assertThat(job.save().log())
                .contains("Primary cache does not exist remotely, uploading existing archive")
                .contains("Uploading cache.zip")
                .endsWith("Created cache\n");
        assertThat(server.objects()).containsExactly(OBJECT);
    }

    @Test
    void newTimesAloneAreNotSent() throws Exception {
        CacheJob job = job("one").cache("deps-main", "vendor/");
        job.file("vendor/lib", "dep");
        job.save();
        Instant sent = server.head(OBJECT).lastModified();

        job.age(Duration.ofSeconds(-1));
        assertThat(job.save().log())
                .contains("Cache content is unchanged and exists remotely, skipping upload")
                .endsWith("Created cache\n");
        assertThat(server.head(OBJECT).lastModified()).isEqualTo(sent);

        Files.writeString(job.project().resolve("vendor/lib"), "new");
        job.age(Duration.ofSeconds(-2));
        assertThat(job.save().log()).contains("Uploading cache.zip");
        CacheJob other = job("two").cache("deps-main", "vendor/");
        other.restore();
        assertThat(other.content("vendor/lib")).isEqualTo("new");
    }

    @Test
    void whatAnotherMachineSentMeanwhileIsReplaced() throws Exception {
        CacheJob one = job("one").cache("deps-main", "vendor/");
        one.file("vendor/lib", "of one");
        one.save();
        CacheJob two = job("two").cache("deps-main", "vendor/");
        two.file("vendor/lib", "of two");
        two.save();

        one.age(Duration.ofSeconds(-1));
        assertThat(one.save().log()).contains("Uploading cache.zip");

        two.restore();
        assertThat(two.content("vendor/lib")).isEqualTo("of one");
    }

    @Test
    void whatTheMachineSentItselfIsNotFetchedAgain() throws Exception {
        CacheJob job = job("one").cache("deps-main", "vendor/");
        job.file("vendor/lib", "dep");
        job.save();

        assertThat(job.empty().restore().log())
                .contains("cache.zip is up to date")
                .doesNotContain("Downloading")
                .endsWith("Successfully extracted cache\n");
    }

    @Tag("JS-148")
    @Test
    void aLargeArchiveStaysOnTheMachine() throws Exception {
        CacheJob job = job("one", server.config("", false, 100)).cache("deps-main", "vendor/");
        job.file("vendor/lib", "dep");

        CacheJob.Ran ran = job.save();

        long size = Files.size(job.archive("deps-main"));
        assertThat(ran.log())
                .contains(
                        "Cache archive size (%d) is too big (Limit is set to 100). Cache will be stored only locally."
                                .formatted(size))
                .endsWith("Created cache\n");
        assertThat(server.objects()).isEmpty();
    }

    /** A job whose archives go in parts of the smallest size that S3 takes. */
    private CacheJob inParts(String machine, String secretKey) {
        CacheConfig config = server.config("", false, 0, secretKey);
        CacheJob job =
                new CacheJob(
                        root.resolve(machine),
                        Optional.of(
                                new CacheTools.Remote(
                                        S3Cache.of(
                                                config.s3(), new RemoteCache.Limits(1 << 20, PART)),
                                        http,
                                        "",
                                        false,
                                        0)));
        open.add(job);
        return job.cache("deps-main", "vendor/");
    }

    private static byte[] incompressible(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    @Test
    void anArchiveThatIsTooLargeForOneRequestGoesInParts() throws Exception {
        CacheJob job = inParts("one", S3Server.SECRET_KEY);
        byte[] content = incompressible(2 * PART + 12345);
        Files.createDirectories(job.project().resolve("vendor"));
        Files.write(job.project().resolve("vendor/lib"), content);

        CacheJob.Ran saved = job.save();

        assertThat(saved.log())
                .contains("/ci-cache/" + OBJECT + " in 3 parts")
                .endsWith("Created cache\n");
        assertThat(saved.raw()).doesNotContain("X-Amz-", "uploadId", S3Server.ACCESS_KEY);
        assertThat(server.objects()).as("the same layout").containsExactly(OBJECT);
        HeadObjectResponse object = server.head(OBJECT);
        assertThat(object.contentLength()).isEqualTo(Files.size(job.archive("deps-main")));
        assertThat(object.contentType()).isEqualTo("application/octet-stream");
        assertThat(object.metadata()).containsEntry("cachekey", "deps-main");
        assertThat(server.uploads()).isEmpty();

        CacheJob other = job("two").cache("deps-main", "vendor/");
        assertThat(other.restore().log()).endsWith("Successfully extracted cache\n");
        assertThat(Files.readAllBytes(other.project().resolve("vendor/lib"))).isEqualTo(content);

        job.age(Duration.ofSeconds(-1));
        assertThat(job.save().log())
                .as("its mark is known")
                .contains("Cache content is unchanged and exists remotely, skipping upload");
    }

    @Test
    void anUploadInPartsThatMayNotBeginFailsNoJob() throws Exception {
        CacheJob job = inParts("one", "wrong");
        Files.createDirectories(job.project().resolve("vendor"));
        Files.write(job.project().resolve("vendor/lib"), incompressible(2 << 20));

        CacheJob.Ran saved = job.save();

        assertThat(saved.failure()).isEmpty();
        assertThat(saved.log())
                .contains("WARNING: received: 403 Forbidden")
                .endsWith("Failed to create cache\n");
    }

    @Test
    void theStepsOfAnUploadInPartsAreSignedWithItsEncryption() throws Exception {
        RemoteCache kms = S3Cache.of(S3Server.s3("h:1", "x", Optional.of("KMS"), Optional.empty()));

        assertThat(kms.limits().largestPut()).isEqualTo(5_368_709_120L);
        assertThat(kms.sign(new PartStep.Begin(), "a", "k", Duration.ofHours(1)).headers())
                .containsEntry("x-amz-server-side-encryption", "aws:kms")
                .containsEntry("x-amz-meta-cachekey", "k");
        assertThat(
                        kms.sign(new PartStep.Part("u1", 7), "a", "k", Duration.ofHours(1))
                                .uri()
                                .getQuery())
                .contains("partNumber=7", "uploadId=u1", "X-Amz-Signature=");
    }

    @Test
    void anObjectThatIsNotThereIsAWarningAndTheNextKeyIsTried() throws Exception {
        CacheJob writer = job("one").cache("deps-main", "vendor/");
        writer.file("vendor/lib", "dep");
        writer.save();

        CacheJob job = job("two").cache("none", "vendor/").fallbacks("deps-main");
        CacheJob.Ran ran = job.restore();

        assertThat(ran.log())
                .contains("WARNING: file does not exist")
                .contains("Failed to extract cache\nChecking cache for deps-main...\n")
                .endsWith("Successfully extracted cache\n");
        assertThat(job.waits()).isEmpty();
    }

    @Tag("JS-149")
    @Tag("JS-151")
    @Test
    void aWrongKeyFailsNoJob() throws Exception {
        CacheJob job =
                job("one", server.config("", false, 0, "wrong")).cache("deps-main", "vendor/");
        job.file("vendor/lib", "dep");

        CacheJob.Ran saved = job.save();
        CacheJob.Ran restored = job.restore();

        assertThat(saved.failure()).isEmpty();
        assertThat(saved.log())
                .containsPattern(
                        "WARNING: received: 403 Forbidden\\. Request failed with code: \\w+, message: .+")
                .endsWith("Failed to create cache\n");
        assertThat(restored.log()).contains("403 Forbidden").endsWith("Failed to extract cache\n");
        assertThat(saved.raw() + restored.raw()).doesNotContain("X-Amz-", S3Server.ACCESS_KEY);
    }

    @Test
    void addressesFollowTheConfiguration() throws Exception {
        assertThat(address("s3.amazonaws.com", Optional.empty()))
                .isEqualTo("https://ci-cache.s3.dualstack.eu-central-1.amazonaws.com/a/b");
        assertThat(address("", Optional.of(true)))
                .isEqualTo("https://s3.dualstack.eu-central-1.amazonaws.com/ci-cache/a/b");
        assertThat(address("s3.eu-central-1.amazonaws.com:80", Optional.empty()))
                .isEqualTo("http://ci-cache.s3.eu-central-1.amazonaws.com/a/b");
        assertThat(address("minio.example.com:9000", Optional.empty()))
                .isEqualTo("http://minio.example.com:9000/ci-cache/a/b");
        assertThat(address("minio.example.com:80", Optional.of(false)))
                .isEqualTo("http://ci-cache.minio.example.com/a/b");
    }

    private static String address(String server, Optional<Boolean> pathStyle) throws Exception {
        return S3Cache.of(S3Server.s3(server, "x", Optional.empty(), pathStyle))
                .sign(Operation.GET, "a/b", "b", Duration.ofHours(1))
                .address();
    }

    @Test
    void encryptionIsSignedWithTheUpload() throws Exception {
        RemoteCache kms = S3Cache.of(S3Server.s3("h:1", "x", Optional.of("KMS"), Optional.empty()));
        RemoteCache s3 = S3Cache.of(S3Server.s3("h:1", "x", Optional.of("S3"), Optional.empty()));

        assertThat(kms.sign(Operation.PUT, "a", "a", Duration.ofHours(1)).headers())
                .containsEntry("x-amz-server-side-encryption", "aws:kms")
                .containsEntry(
                        "x-amz-server-side-encryption-aws-kms-key-id",
                        "arn:aws:kms:eu-central-1:1:key/k")
                .containsEntry("x-amz-meta-cachekey", "a");
        assertThat(s3.sign(Operation.PUT, "a", "a", Duration.ofHours(1)).headers())
                .containsEntry("x-amz-server-side-encryption", "AES256")
                .doesNotContainKey("x-amz-server-side-encryption-aws-kms-key-id");
        assertThat(s3.sign(Operation.GET, "a", "a", Duration.ofHours(1)).headers())
                .doesNotContainKey("x-amz-server-side-encryption");
    }

    @Test
    void aSignatureEndsWithTheJob() throws Exception {
        RemoteCache s3 = S3Cache.of(S3Server.s3("h:1", "x", Optional.empty(), Optional.empty()));

        RemoteCache.Request signed = s3.sign(Operation.HEAD, "a", "a", Duration.ofMinutes(90));

        assertThat(signed.uri().getQuery()).contains("X-Amz-Expires=5400", "X-Amz-Signature=");
        assertThat(signed).hasToString("http://h:1/ci-cache/a");
    }

    @Test
    void whatCannotBeUsedKeepsCachesOnTheMachine() {
        for (String type : List.of("gcs", "azure", "ftp", "")) {
            CacheConfig config =
                    new CacheConfig(
                            Optional.of(type),
                            "",
                            false,
                            0,
                            S3Server.s3("h:1", "x", Optional.empty(), Optional.empty()),
                            Settings.EMPTY,
                            Settings.EMPTY);
            Optional<CacheTools.Remote> remote = RemoteCaches.open("rack", config, http);
            assertThat(remote).as(type).isEmpty();
        }
        assertThatThrownBy(() ->
                        S3Cache.of(S3Server.s3("h:1", "x", Optional.of("ROT13"), Optional.empty())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ServerSideEncryption = \"ROT13\" is not known");
        assertThatThrownBy(() ->
                        S3Cache.of(S3Server.s3("h:1", "", Optional.empty(), Optional.empty())))
                .hasMessageContaining("needs AccessKey and SecretKey");
        assertThatThrownBy(() ->
                        S3Cache.of(
                                S3Server.s3(
                                        "http://h:1/x", "x", Optional.empty(), Optional.empty())))
                .hasMessageContaining("no host with an optional port");
    }
}
