package io.armrunner.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.cache.CacheJob.Ran;
import io.armrunner.plan.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalCacheStagesTest {
    private static final String NO_URL_RESTORE =
            "No URL provided, cache will not be downloaded from shared cache server. Instead a local version of cache will be extracted. ";
    private static final String NO_URL_SAVE =
            "No URL provided, cache will not be uploaded to shared cache server. Cache will be stored only locally. ";

    @TempDir Path root = Path.of("set by JUnit");

    private final List<CacheJob> jobs = new ArrayList<>();

    private CacheJob job() {
        CacheJob job = new CacheJob(root);
        jobs.add(job);
        return job;
    }

    /** A job with one cache, and a file for it. */
    private CacheJob filled(String key) throws Exception {
        CacheJob job = job().cache(key, "vendor/");
        job.file("vendor/a", "a");
        return job;
    }

    /** The same when its cache was saved. */
    private CacheJob saved(String key) throws Exception {
        CacheJob job = filled(key);
        job.save();
        return job;
    }

    @AfterEach
    void close() {
        jobs.forEach(CacheJob::close);
    }

    @Tag("JS-138")
    @Test
    void firstRunFindsNoCacheAndGoesOn() throws Exception {
        Ran ran = job().cache("k-non_protected", "vendor/").restore();

        assertThat(ran.failure()).isEmpty();
        assertThat(ran.log().lines())
                .containsExactly(
                        "Checking cache for k-non_protected...",
                        NO_URL_RESTORE,
                        "WARNING: Cache file does not exist                 ",
                        "Failed to extract cache");
    }

    @Tag("JS-138")
    @Test
    void coloursAreThoseOfGitLabRunner() throws Exception {
        Ran ran = job().cache("deps-main", "vendor/").restore();

        assertThat(ran.raw())
                .isEqualTo(
                        String.join(
                                "\n",
                                "\u001b[32;1mChecking cache for deps-main...\u001b[0;m",
                                NO_URL_RESTORE.stripTrailing() + "\u001b[0;m ",
                                "\u001b[0;33mWARNING: Cache file does not exist                \u001b[0;m ",
                                "\u001b[0;33mFailed to extract cache\u001b[0;m",
                                ""));
    }

    @Tag("JS-139")
    @Test
    void secondRunRestoresWhatTheFirstOneSaved() throws Exception {
        CacheJob first = job().cache("deps-main", "vendor/");
        Path program = first.file("vendor/bin/tool", "#!/bin/sh\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-x--x"));
        Files.createSymbolicLink(first.project().resolve("vendor/link"), Path.of("bin/tool"));
        FileTime time = Files.getLastModifiedTime(program);
        Ran saved = first.save();

        assertThat(saved.log().lines())
                .containsExactly(
                        "Creating cache deps-main...",
                        "vendor/: found 4 matching artifact files and directories ",
                        NO_URL_SAVE,
                        "Created cache");
        Path archive = root.resolve("cache/lab/demo/deps-main/cache.zip");
        assertThat(archive).isEqualTo(first.archive("deps-main")).isRegularFile();
        assertThat(archive.resolveSibling("metadata.json"))
                .hasContent("{\"cachekey\":\"deps-main\"}");
        assertThat(Files.getPosixFilePermissions(archive.resolveSibling("metadata.json")))
                .isEqualTo(PosixFilePermissions.fromString("rw-r-----"));
        assertThat(Files.getPosixFilePermissions(archive.resolveSibling("")))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(names(archive.resolveSibling(""))).containsExactly("cache.zip", "metadata.json");

        CacheJob second = job().empty().entry("deps-main", "pull", "on_success", "vendor/");
        Ran restored = second.restore();

        assertThat(restored.log().lines())
                .containsExactly(
                        "Checking cache for deps-main...",
                        NO_URL_RESTORE,
                        "Successfully extracted cache");
        assertThat(second.content("vendor/bin/tool")).isEqualTo("#!/bin/sh\n");
        Path again = second.project().resolve("vendor/bin/tool");
        assertThat(Files.getPosixFilePermissions(again))
                .isEqualTo(PosixFilePermissions.fromString("rwxr-x--x"));
        assertThat(Files.getLastModifiedTime(again).toInstant().getEpochSecond())
                .isEqualTo(time.toInstant().getEpochSecond());
        assertThat(Files.readSymbolicLink(second.project().resolve("vendor/link")))
                .isEqualTo(Path.of("bin/tool"));
    }

    @Tag("JS-140")
    @Test
    void policyPullNeverSaves() throws Exception {
        CacheJob job = job().entry("k", "pull", "always", "vendor/");
        job.file("vendor/a", "a");

        assertThat(job.save().log()).isEqualTo("Not uploading cache k due to policy\n");
        assertThat(job.archive("k")).doesNotExist();
    }

    @Tag("JS-140")
    @Test
    void policyPushNeverRestores() throws Exception {
        CacheJob job = job().entry("k", "push", "on_success", "vendor/");
        job.file("vendor/a", "a");
        assertThat(job.save().log()).contains("Created cache");

        Ran ran = job.empty().restore();

        assertThat(ran.log()).isEqualTo("Not downloading cache k due to policy\n");
        assertThat(job.has("vendor/a")).isFalse();
    }

    @Tag("JS-141")
    @Test
    void policyMayBeAVariable() throws Exception {
        CacheJob job = job().variable("P", "pull").entry("k", "$P", "on_success", "vendor/");
        job.file("vendor/a", "a");

        assertThat(job.save().log()).isEqualTo("Not uploading cache k due to policy\n");
        assertThat(job.restore().log()).contains("Cache file does not exist");
    }

    @Tag("JS-141")
    @Test
    void unknownPolicyFailsTheStageBeforeAnythingIsDone() throws Exception {
        CacheJob job = job().cache("good", "vendor/").entry("k", "fetch", "always", "vendor/");

        Ran ran = job.restore();

        assertThat(ran.log()).isEmpty();
        assertThat(ran.failure().orElseThrow()).hasMessage("unknown cache policy fetch for k");
        assertThat(ran.failure().orElseThrow().reason().wireName())
                .isEqualTo("runner_system_failure");
        assertThat(job.save().failure()).isPresent();
    }

    @Tag("JS-142")
    @Test
    void aCacheForFailuresIsSavedOnlyThen() throws Exception {
        CacheJob job = job().entry("k", "pull-push", "on_failure", "vendor/");
        job.file("vendor/a", "a");

        assertThat(job.save(Stage.When.SUCCESS)).isEmpty();
        assertThat(job.archive("k")).doesNotExist();
        assertThat(job.save(Stage.When.FAILURE).orElseThrow().log()).contains("Created cache");
        assertThat(job.archive("k")).exists();
    }

    @Tag("JS-143")
    @Test
    void aKeyThatLeadsElsewhereIsPutRight() throws Exception {
        CacheJob job = filled("a/../../b");

        Ran ran = job.save();

        assertThat(ran.raw())
                .startsWith(
                        "\u001b[0;33mcache key \"a/../../b\" sanitized to \"b\"\u001b[0;m\n"
                                + "\u001b[32;1mCreating cache b...");
        assertThat(job.archive("b")).exists();
    }

    @Tag("JS-143")
    @Test
    void aKeyOfWhichNothingIsLeftSkipsTheCache() throws Exception {
        CacheJob job = filled("..");

        assertThat(job.save().log().lines())
                .containsExactly(
                        "cache key \"..\" could not be sanitized",
                        "Skipping cache archiving due to empty cache key");
        assertThat(job.restore().log().lines())
                .containsExactly(
                        "cache key \"..\" could not be sanitized",
                        "Skipping cache extraction due to empty cache key");
    }

    @Test
    void hashedKeysTakeAnyName() throws Exception {
        CacheJob job = job().flags(Map.of("FF_HASH_CACHE_KEYS", true)).cache("../../b", "vendor/");
        job.file("vendor/a", "a");

        Ran ran = job.save();

        assertThat(ran.log()).startsWith("Creating cache ../../b...\n").contains("Created cache");
        Path archive = job.archive(CacheKey.hashed("../../b").path());
        assertThat(archive).exists();
        assertThat(archive.resolveSibling("metadata.json"))
                .hasContent("{\"cachekey\":\"../../b\"}");
        assertThat(job.empty().restore().log()).contains("Successfully extracted cache");
    }

    @Tag("JS-144")
    @Test
    void fallbackKeysAreTriedInOrderThenTheOneOfTheVariable() throws Exception {
        CacheJob writer = job().cache("last-main", "vendor/");
        writer.file("vendor/a", "of last-main");
        writer.save();

        CacheJob job =
                job().empty()
                        .variable("BRANCH", "main")
                        .variable("CACHE_FALLBACK_KEY", "last-$BRANCH")
                        .cache("none", "vendor/")
                        .fallbacks("first", "second");
        Ran ran = job.restore();

        assertThat(ran.log().lines().filter(line -> line.startsWith("Checking")))
                .containsExactly(
                        "Checking cache for none...",
                        "Checking cache for first...",
                        "Checking cache for second...",
                        "Checking cache for last-main...");
        assertThat(ran.log()).endsWith("Successfully extracted cache\n");
        assertThat(job.content("vendor/a")).isEqualTo("of last-main");
    }

    @Tag("JS-144")
    @Test
    void theFirstFallbackThatIsThereIsTheLastOneTried() throws Exception {
        saved("first");

        Ran ran = job().cache("none", "vendor/").fallbacks("first", "second").restore();

        assertThat(ran.log()).doesNotContain("second");
    }

    @Tag("JS-144")
    @Test
    void nobodyFallsBackToAProtectedCache() throws Exception {
        CacheJob writer = job().cache("main-protected", "vendor/");
        writer.file("vendor/a", "secret");
        writer.save();
        for (String key :
                List.of(
                        "main-protected",
                        "main-protected. .",
                        "main-protected/",
                        "x/../main-protected",
                        "main-protected%2f.")) {
            CacheJob job =
                    job().empty().variable("CACHE_FALLBACK_KEY", key).cache("none", "vendor/");

            Ran ran = job.restore();

            assertThat(ran.log())
                    .contains(
                            "CACHE_FALLBACK_KEY \""
                                    + key
                                    + "\" not allowed to end in \"-protected\"\n");
            assertThat(job.has("vendor/a")).as(key).isFalse();
        }
    }

    @Tag("JS-146")
    @Test
    void withNothingNewTheArchiveIsNotMadeAgain() throws Exception {
        CacheJob job = saved("k");
        Object inode = Files.getAttribute(job.archive("k"), "unix:ino");

        assertThat(job.save().log()).contains("Archive is up to date!").endsWith("Created cache\n");
        assertThat(Files.getAttribute(job.archive("k"), "unix:ino")).isEqualTo(inode);

        Files.writeString(job.project().resolve("vendor/a"), "b");
        Files.setLastModifiedTime(
                job.project().resolve("vendor/a"),
                FileTime.from(
                        Files.getLastModifiedTime(job.archive("k")).toInstant().plusSeconds(1)));
        assertThat(job.save().log()).doesNotContain("Archive is up to date!");
        job.empty().restore();
        assertThat(job.content("vendor/a")).isEqualTo("b");
    }

    @Tag("JS-147")
    @Test
    void aFileThatWasOnlyDeletedIsNotNoticed() throws Exception {
        CacheJob job = job().cache("k", "vendor/*.txt");
        job.file("vendor/a.txt", "a");
        job.file("vendor/b.txt", "b");
        job.save();

        Files.delete(job.project().resolve("vendor/b.txt"));

        assertThat(job.save().log()).contains("Archive is up to date!");
        job.empty().restore();
        assertThat(job.has("vendor/b.txt")).isTrue();
    }

    @Test
    void whatChangesWhileItIsPackedIsPackedByTheNextSave() throws Exception {
        Instant begin = Instant.now().truncatedTo(ChronoUnit.SECONDS).minusSeconds(40);
        AtomicInteger looks = new AtomicInteger();
        CacheJob job =
                new CacheJob(
                        root, Optional.empty(), () -> begin.plusSeconds(looks.getAndIncrement()));
        jobs.add(job);
        job.cache("k", "vendor/").file("vendor/a", "a");
        job.save();
        // The archive's time is that of the moment before the first file was read.
        assertThat(Files.getLastModifiedTime(job.archive("k")).toInstant()).isEqualTo(begin);
        Files.setLastModifiedTime(
                job.project().resolve("vendor/a"), FileTime.from(begin.plusMillis(1)));
        assertThat(job.save().log()).doesNotContain("Archive is up to date!");
    }

    @ParameterizedTest
    @CsvSource({
        "zip, 504b0304",
        "zipzstd, 504b0304",
        "tarzstd, 28b52ffd",
        "rar, 504b0304",
    })
    void anArchiveOfAnyFormatIsRestored(String format, String magic) throws Exception {
        CacheJob job =
                job().variable("CACHE_COMPRESSION_FORMAT", format)
                        .variable("CACHE_COMPRESSION_LEVEL", "slowest")
                        .cache("k", "vendor/");
        String large = "all work and no play ".repeat(50_000);
        Files.setPosixFilePermissions(
                job.file("vendor/sub/large", large), PosixFilePermissions.fromString("rwxr-x--x"));
        job.file("vendor/empty", "");
        job.file("vendor/ünï", "ü");
        job.file("vendor/" + "long/".repeat(60) + "name", "deep");
        Files.createSymbolicLink(job.project().resolve("vendor/link"), Path.of("sub/large"));
        FileTime time = Files.getLastModifiedTime(job.project().resolve("vendor/sub"));

        Ran saved = job.save();

        assertThat(saved.log()).endsWith("Created cache\n");
        assertThat(saved.log().contains("CACHE_COMPRESSION_FORMAT \"rar\" is not known"))
                .isEqualTo(format.equals("rar"));
        byte[] archive = Files.readAllBytes(job.archive("k"));
        assertThat(java.util.HexFormat.of().formatHex(archive, 0, 4)).isEqualTo(magic);
        assertThat(archive.length).isLessThan(50_000);

        assertThat(job.empty().restore().log()).endsWith("Successfully extracted cache\n");
        Path project = job.project();
        assertThat(project.resolve("vendor/sub/large")).hasContent(large);
        assertThat(Files.getPosixFilePermissions(project.resolve("vendor/sub/large")))
                .isEqualTo(PosixFilePermissions.fromString("rwxr-x--x"));
        assertThat(project.resolve("vendor/empty")).isEmptyFile();
        assertThat(project.resolve("vendor/ünï")).hasContent("ü");
        assertThat(project.resolve("vendor/" + "long/".repeat(60) + "name")).hasContent("deep");
        assertThat(Files.readSymbolicLink(project.resolve("vendor/link")))
                .isEqualTo(Path.of("sub/large"));
        assertThat(Files.getLastModifiedTime(project.resolve("vendor/sub")).toInstant())
                .isEqualTo(time.toInstant().truncatedTo(ChronoUnit.SECONDS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"zip", "zipzstd", "tarzstd"})
    void aCutArchiveOfAnyFormatFailsNoJob(String format) throws Exception {
        CacheJob job = job().variable("CACHE_COMPRESSION_FORMAT", format).cache("k", "vendor/");
        byte[] noise = new byte[200_000];
        new java.util.Random(1).nextBytes(noise);
        Files.write(job.file("vendor/noise", ""), noise);
        job.age(Duration.ofMinutes(1));
        job.save();
        byte[] archive = Files.readAllBytes(job.archive("k"));
        Files.write(job.archive("k"), java.util.Arrays.copyOf(archive, archive.length / 2));

        Ran ran = job.restore();

        assertThat(ran.failure()).isEmpty();
        assertThat(ran.log()).contains("FATAL: ").endsWith("Failed to extract cache\n");
    }

    @Test
    void nothingToSaveIsNoFailure() throws Exception {
        Ran ran = job().cache("k", "vendor/").save();

        assertThat(ran.log())
                .contains("vendor/: no matching files")
                .contains("WARNING: No files to cache.")
                .endsWith("Created cache\n");
    }

    @Tag("JS-149")
    @Test
    void aBrokenArchiveFailsNoJobAndIsMadeAnew() throws Exception {
        CacheJob job = saved("k");
        Files.writeString(job.archive("k"), "PK no zip file");

        Ran broken = job.restore();

        assertThat(broken.failure()).isEmpty();
        assertThat(broken.log()).contains("FATAL: ").endsWith("Failed to extract cache\n");

        assertThat(job.save().log()).doesNotContain("Archive is up to date!");
        assertThat(job.empty().restore().log()).contains("Successfully extracted cache");
    }

    @Test
    void aCacheDirectoryThatCannotBeWrittenFailsNoJob() throws Exception {
        Files.writeString(root.resolve("cache"), "a file in the way");
        CacheJob job = filled("k");

        Ran ran = job.save();

        assertThat(ran.failure()).isEmpty();
        assertThat(ran.log()).contains("FATAL: ").endsWith("Failed to create cache\n");
    }

    @Test
    void afterAFailureThePathsAreRemovedIfWanted() throws Exception {
        CacheJob job =
                job().flags(Map.of("FF_CLEAN_UP_FAILED_CACHE_EXTRACT", true))
                        .cache("k", "vendor/", "../outside", ".");
        job.file("vendor/deep/a", "half of a cache");
        job.file("kept", "a");
        Path outside = job.project().resolveSibling("outside");
        Files.writeString(outside, "a");

        Ran ran = job.restore();

        assertThat(ran.log())
                .contains("Failed to extract cache\nRemoving vendor/\n")
                .contains("../outside is not removed")
                .contains(". is not removed");
        assertThat(job.has("vendor")).isFalse();
        assertThat(job.has("kept")).isTrue();
        assertThat(outside).exists();
    }

    @Test
    void whatAKilledRunnerLeftIsRemoved() throws Exception {
        CacheJob job = saved("k");
        Path old = Files.writeString(job.archive("k").resolveSibling("archive_old"), "x");
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(3))));
        Files.writeString(job.archive("k").resolveSibling("archive_new"), "x");

        job.file("vendor/b", "b");
        job.age(Duration.ofSeconds(-5));
        job.save();

        assertThat(names(old.resolveSibling("")))
                .containsExactly("archive_new", "cache.zip", "metadata.json");
    }

    private static List<String> names(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
        }
    }
}
