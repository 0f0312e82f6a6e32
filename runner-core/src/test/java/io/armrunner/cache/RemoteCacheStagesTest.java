package io.armrunner.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.cache.CacheJob.Ran;
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
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemoteCacheStagesTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @TempDir Path root = Path.of("set by JUnit");

    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final List<CacheJob> jobs = new ArrayList<>();
    private final ObjectStore store;

    RemoteCacheStagesTest() throws IOException {
        store = new ObjectStore();
    }

    @AfterEach
    void close() {
        jobs.forEach(CacheJob::close);
        store.close();
        http.close();
        loops.close();
    }

    private CacheJob job(String machine) throws IOException {
        CacheJob job =
                new CacheJob(
                        Files.createDirectories(root.resolve(machine)),
                        Optional.of(new CacheTools.Remote(store, http, "", false, 0)));
        jobs.add(job);
        return job.cache("k", "vendor/");
    }

    private CacheJob saved(String machine) throws Exception {
        CacheJob job = job(machine);
        job.file("vendor/a", "a");
        assertThat(job.save().log()).endsWith("Created cache\n");
        return job;
    }

    @Test
    void aMeterSaysHowFarATransferIsWhenTheJobWantsIt() throws Exception {
        CacheJob first = job("one").variable("TRANSFER_METER_FREQUENCY", "1s");
        first.file("vendor/a", "a");
        assertThat(first.save().raw())
                .containsPattern("Uploading cache (\\d+ B)/\\1 \\([^)]+/s\\) {16}\n");

        Ran ran = job("two").variable("TRANSFER_METER_FREQUENCY", "1s").restore();
        assertThat(ran.raw())
                .containsPattern("Downloading cache (\\d+ B)/\\1 \\([^)]+/s\\) {16}\n");
        assertThat(saved("three").restore().raw()).doesNotContain("Downloading cache 1");
    }

    private CacheJob inParts() throws Exception {
        store.limits(10, 64);
        CacheJob job = job("one");
        job.file("vendor/a", "a");
        return job;
    }

    @Test
    void aPartThatFailsIsSentAgainAndSoIsAListThatFailsBehindItsAnswer() throws Exception {
        CacheJob job = inParts();
        store.failBehindTheAnswer();
        store.fail(500);

        Ran ran = job.save();

        long size = Files.size(job.archive("k"));
        assertThat(ran.log())
                .contains("in %d parts".formatted(Math.ceilDiv(size, 64)))
                .contains(
                        "received: 200 OK. Request failed with code: InternalError, message: again")
                .endsWith("Created cache\n");
        assertThat(job.waits()).containsExactly(SECOND, SECOND);
        assertThat(store.parts()).isZero();
        CacheJob other = job("two");
        assertThat(other.restore().log()).endsWith("Successfully extracted cache\n");
        assertThat(other.content("vendor/a")).isEqualTo("a");
    }

    @Test
    void anUploadInPartsThatComesToNothingLeavesNone() throws Exception {
        CacheJob job = inParts();
        // It begins and sends a part; then there is trouble for as long as it is tried.
        store.failAfter(2, 503, 503, 503);

        Ran ran = job.save();

        assertThat(ran.failure()).isEmpty();
        assertThat(ran.log())
                .contains("WARNING: received: 503 Service Unavailable")
                .endsWith("Failed to create cache\n");
        assertThat(store.calls().getLast()).startsWith("DELETE ");
        assertThat(store.parts()).isZero();
    }

    @Tag("JS-149")
    @Tag("JS-151")
    @Test
    void aServerInTroubleIsAskedThreeTimes() throws Exception {
        saved("one");
        store.fail(500, 503);
        CacheJob job = job("two");

        Ran ran = job.restore();

        assertThat(job.waits()).containsExactly(SECOND, SECOND);
        assertThat(ran.log())
                .contains("WARNING: Retrying...")
                .contains(
                        "error=received: 500 Internal Server Error. Request failed with code: Told, message: as told")
                .endsWith("Successfully extracted cache\n");
        assertThat(ran.raw()).doesNotContain(ObjectStore.SIGNATURE, "hush");
    }

    @Tag("JS-149")
    @Tag("JS-151")
    @Test
    void aServerThatStaysInTroubleFailsNoJob() throws Exception {
        CacheJob job = job("one");
        job.file("vendor/a", "a");
        store.fail(500, 0, 500, 503, 0, 500);

        Ran saved = job.save();
        Ran restored = job.restore();

        assertThat(saved.failure()).isEmpty();
        assertThat(saved.log())
                .contains("WARNING: received: 500 Internal Server Error")
                .endsWith("Failed to create cache\n");
        assertThat(restored.failure()).isEmpty();
        assertThat(restored.log())
                .contains("WARNING: received: 500 Internal Server Error")
                .endsWith("Failed to extract cache\n");
        assertThat(job.waits()).hasSize(4);
        assertThat(saved.raw() + restored.raw()).doesNotContain("hush");
        assertThat(store.calls()).hasSize(6);
    }

    @Tag("JS-149")
    @Test
    void aRefusalIsNotAskedAgain() throws Exception {
        CacheJob job = job("one");
        store.fail(403);

        Ran ran = job.restore();

        assertThat(job.waits()).isEmpty();
        assertThat(ran.log())
                .contains(
                        "WARNING: received: 403 Forbidden. Request failed with code: Told, message: as told")
                .endsWith("Failed to extract cache\n");
    }

    @Tag("JS-146")
    @Test
    void anArchiveThatNobodyKnowsToBeMissingIsNotSent() throws Exception {
        CacheJob job = saved("one");
        store.fail(500, 500, 500);

        Ran ran = job.save();

        assertThat(ran.log())
                .contains("WARNING: received: 500 Internal Server Error")
                .endsWith("Failed to create cache\n");
        assertThat(store.calls()).filteredOn(call -> call.startsWith("PUT")).hasSize(1);
    }

    @Test
    void anInterruptEndsTheStageAtOnce() throws Exception {
        CacheJob job = job("one");
        Thread.currentThread().interrupt();

        assertThatThrownBy(job::restore).isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
    }

    @Tag("JS-150")
    @Test
    void anObjectOlderThanTheLocalFileIsNotFetched() throws Exception {
        store.lastModified("Sat, 21 Nov 2020 10:00:00 GMT");
        CacheJob job = saved("one");

        Ran ran = job.empty().restore();

        assertThat(ran.log().lines().map(String::strip))
                .containsExactly(
                        "Checking cache for k...",
                        "Using presigned URL for cache download",
                        "cache.zip is up to date",
                        "Successfully extracted cache");
    }

    @Test
    void aNewerObjectReplacesTheLocalFile() throws Exception {
        store.lastModified("Fri, 21 Nov 2110 10:00:00 GMT");
        CacheJob one = saved("one");
        CacheJob two = job("two");
        two.file("vendor/a", "b");
        two.save();

        Ran ran = one.restore();

        assertThat(ran.log()).contains("Downloading cache from http://127.0.0.1:");
        assertThat(one.content("vendor/a")).isEqualTo("b");
        assertThat(Files.getLastModifiedTime(one.archive("k")).toInstant())
                .isEqualTo(Instant.parse("2110-11-21T10:00:00Z"));
        assertThat(one.archive("k").resolveSibling("metadata.json"))
                .hasContent("{\"cachekey\":\"k\"}");
    }

    @Test
    void signaturesLastAsLongAsTheJob() throws Exception {
        saved("one");

        assertThat(store.validity()).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void aStoreThatCannotBeReachedFailsNoJob() throws Exception {
        CacheJob job = job("one");
        job.file("vendor/a", "a");
        store.close();

        Ran ran = job.save();

        assertThat(ran.failure()).isEmpty();
        assertThat(ran.log()).endsWith("Failed to create cache\n");
        assertThat(ran.raw()).doesNotContain("hush");
        assertThat(job.waits()).hasSize(2);
        assertThat(job.archive("k")).exists();
    }
}
