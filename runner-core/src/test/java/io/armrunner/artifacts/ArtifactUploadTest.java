package io.armrunner.artifacts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.StoredArtifact;
import io.armrunner.http.HttpServer;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Wire;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(600)
class ArtifactUploadTest {
    @RegisterExtension
    final CoordinatorExtension gitlab =
            new CoordinatorExtension(settings -> settings.withArtifactLimit(5_000_000));

    private ArtifactJob runner;

    @BeforeEach
    void connect() {
        runner = new ArtifactJob(gitlab);
    }

    @AfterEach
    void disconnect() throws IOException, InterruptedException {
        runner.finish();
    }

    private static void write(JobPlan plan, String path, String content) throws IOException {
        Path file = ArtifactJob.project(plan).resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    /** Entries as an independent reader sees them: name, mode, size. */
    private static List<String> listed(StoredArtifact artifact)
            throws IOException, InterruptedException {
        return Python.run(
                "import sys,zipfile",
                "z=zipfile.ZipFile(sys.argv[1])",
                "assert z.testzip() is None",
                "[print(i.filename,oct(i.external_attr>>16),i.file_size) for i in z.infolist()]",
                artifact.file().toString());
    }

    @Test
    @Tag("JS-115")
    @Tag("JS-117")
    @Tag("JS-121")
    @Tag("JS-128")
    @Tag("RP-89")
    void theArchiveHasWhatTheGlobsSayWithModesAndLinks()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan =
                runner.take(
                        runner.gitlab
                                .job("pack")
                                .artifacts(
                                        ArtifactJob.entry(
                                                        "archive", "zip", "pkg-$CI_COMMIT_REF_NAME")
                                                .put("expire_in", "1 week")
                                                .<ObjectNode>setAll(
                                                        Map.of(
                                                                "paths",
                                                                strings(
                                                                        "out/",
                                                                        "**/*.txt",
                                                                        "with space/*"),
                                                                "exclude",
                                                                strings("out/**/*.log")))));
        write(plan, "out/one.bin", "1\n");
        write(plan, "out/x/two.bin", "2\n");
        write(plan, "out/x/y/three.log", "3\n");
        write(plan, "src/a.txt", "a\n");
        write(plan, "src/deep/b.txt", "b\n");
        write(plan, "with space/f.txt", "s\n");
        Path project = ArtifactJob.project(plan);
        Files.createSymbolicLink(project.resolve("out/link"), Path.of("one.bin"));
        Files.setPosixFilePermissions(
                project.resolve("out/one.bin"), PosixFilePermissions.fromString("rwxr-xr-x"));

        ArtifactJob.Ran ran = runner.upload(plan);

        assertThat(ran.failed()).isFalse();
        CoordinatorJob job = runner.job(plan);
        assertThat(ran.raw())
                .startsWith("\u001b[32;1mUploading artifacts...\u001b[0;m\n")
                .contains("out/: found 6 matching artifact files and directories\u001b[0;m \n")
                .contains("**/*.txt: found 3 matching artifact files and directories\u001b[0;m \n")
                .contains("with space/*: found 1 matching artifact files and directories")
                .contains("out/**/*.log: excluded 1 files                    \u001b[0;m \n")
                .contains(
                        "Uploading artifacts as \"archive\" to coordinator... 201 Created\u001b[0;m  correlation_id\u001b[0;m=")
                .contains(" id\u001b[0;m=" + job.id() + " status\u001b[0;m=201 token\u001b[0;m=");
        StoredArtifact artifact = job.artifacts().getFirst();
        assertThat(artifact.filename()).isEqualTo("pkg-main.zip");
        assertThat(artifact.expireIn()).isEqualTo("1 week");
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD)).hasSize(1);
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD).getFirst().rawQuery())
                .isEqualTo("artifact_format=zip&artifact_type=archive&expire_in=1+week");
        assertThat(listed(artifact))
                .containsExactly(
                        "out/ 0o40755 0",
                        "out/link 0o120777 7",
                        "out/one.bin 0o100755 2",
                        "out/x/ 0o40755 0",
                        "out/x/two.bin 0o100644 2",
                        "out/x/y/ 0o40755 0",
                        "src/a.txt 0o100644 2",
                        "src/deep/b.txt 0o100644 2",
                        "with space/f.txt 0o100644 2");
    }

    private static ArrayNode strings(String... texts) {
        ArrayNode array = Wire.mapper().createArrayNode();
        for (String text : texts) {
            array.add(text);
        }
        return array;
    }

    private JobPlan taken(String type, String format, String name, String... paths)
            throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry(type, format, name);
        entry.set("paths", strings(paths));
        return runner.take(runner.gitlab.job("pack").artifacts(entry));
    }

    private JobPlan archive(String... paths) throws IOException, InterruptedException, JobFailure {
        return taken("archive", "zip", "", paths);
    }

    /** A job that makes an archive of one file. */
    private JobPlan one() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("a");
        write(plan, "a", "1");
        return plan;
    }

    /** A job with a variable and a file of which it makes an archive. */
    private JobPlan withVariable(String key, String value)
            throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry("archive", "zip", "");
        entry.set("paths", strings("a"));
        JobPlan plan = runner.take(runner.gitlab.job("pack").variable(key, value).artifacts(entry));
        write(plan, "a", "abc".repeat(1000));
        return plan;
    }

    private List<Integer> statuses() {
        return runner.gitlab.requests(Endpoint.UPLOAD).stream()
                .map(request -> request.status())
                .toList();
    }

    @Test
    @Tag("JS-119")
    @Tag("RP-92")
    void nothingFoundIsNoFailureAndNothingIsSent()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("no/such/*.zip");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(ran.raw())
                .contains(
                        "\u001b[0;33mWARNING: no/such/*.zip: no matching files. Ensure that the artifact path is relative to the working directory ("
                                + ArtifactJob.project(plan)
                                + ")\u001b[0;m \n")
                .contains(
                        "\u001b[31;1mERROR: No files to upload                         \u001b[0;m \n");
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD)).isEmpty();
    }

    @Test
    @Tag("JS-116")
    void globsFindHiddenFilesAndDoNotFollowLinks()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("**/*.log");
        write(plan, "top.log", "1");
        write(plan, ".hidden/.deep/x.log", "2");
        write(plan, "real/y.log", "3");
        Path outside = gitlab.directory().resolve("outside");
        Files.createDirectories(outside);
        Files.writeString(outside.resolve("z.log"), "4");
        Files.createSymbolicLink(ArtifactJob.project(plan).resolve("linked"), outside);
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.log()).contains("**/*.log: found 3 matching");
        assertThat(listed(runner.job(plan).artifacts().getFirst()))
                .containsExactly(
                        ".hidden/.deep/x.log 0o100644 1",
                        "real/y.log 0o100644 1",
                        "top.log 0o100644 1");
    }

    @Test
    @Tag("JS-118")
    void untrackedFilesIncludeIgnoredOnes() throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry("archive", "zip", "").put("untracked", true);
        JobPlan plan = runner.take(runner.gitlab.job("pack").artifacts(entry));
        TestRepository repository = TestRepository.create(ArtifactJob.project(plan));
        repository.commit(".gitignore", "*.o\n", "ignore objects");
        write(plan, "made.o", "1");
        write(plan, "dir/neu ü.txt", "2");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.log()).contains("untracked: found 2 files");
        assertThat(listed(runner.job(plan).artifacts().getFirst()))
                .containsExactly("dir/neu ü.txt 0o100644 1", "made.o 0o100644 1");
    }

    @Test
    void untrackedWithoutARepositoryIsAWarning()
            throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry("archive", "zip", "").put("untracked", true);
        JobPlan plan = runner.take(runner.gitlab.job("pack").artifacts(entry));
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(ran.log()).contains("WARNING: untracked: git ls-files ended with 128: fatal");
    }

    @Test
    @Tag("JS-120")
    void absolutePathsInsideTheProjectCountAndOthersAreAWarning()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("$CI_PROJECT_DIR/a.txt", "/etc/passwd", "../up", "$NOTHING", ".");
        write(plan, "a.txt", "1");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(ran.log())
                .contains(ArtifactJob.project(plan) + "/a.txt: found 1 matching")
                .contains(
                        "WARNING: processPath: artifact path is not a subpath of project directory: /etc/passwd")
                .contains(
                        "WARNING: processPath: artifact path is not a subpath of project directory: ../up")
                .contains("WARNING: No matching files. Path is empty.");
        assertThat(listed(runner.job(plan).artifacts().getFirst()))
                .containsExactly("a.txt 0o100644 1");
    }

    @Test
    @Tag("JS-121")
    void namesAreWhatTheyAreToGitLab() throws IOException, InterruptedException, JobFailure {
        String[][] names = {
            {"", "artifacts.zip"},
            {"a/b", "b.zip"},
            {"$CI_JOB_NAME-x", "pack-x.zip"},
            {"$NOTHING", "default.zip"},
            {"${FROM_SCRIPT:-none}", "later.zip"},
            {"${NOTHING:-none}", "none.zip"}
        };
        for (String[] name : names) {
            JobPlan plan = taken("archive", "zip", name[0], "a.txt");
            write(plan, "a.txt", "1");
            Files.writeString(
                    Path.of(plan.directories().temp(), "gitlab_runner_env"), "FROM_SCRIPT=later\n");
            runner.upload(plan);
            assertThat(runner.job(plan).artifacts().getFirst().filename()).isEqualTo(name[1]);
        }
    }

    @Test
    @Tag("JS-122")
    @Tag("RP-90")
    void aReportOfTwoFilesIsTwoMembersOfOneGzipFile()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken("junit", "gzip", "junit.xml", "r/*.xml");
        write(plan, "r/one.xml", "<a/>");
        write(plan, "r/two.xml", "<b/>");
        assertThat(runner.upload(plan).log())
                .contains("Uploading artifacts as \"junit\" to coordinator... 201 Created");
        StoredArtifact artifact = runner.job(plan).artifacts().getFirst();
        assertThat(artifact.filename()).isEqualTo("junit.xml.gz");
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD).getFirst().rawQuery())
                .isEqualTo("artifact_format=gzip&artifact_type=junit");
        assertThat(
                        Python.run(
                                "import sys,gzip",
                                "d=open(sys.argv[1],'rb').read()",
                                "print(gzip.decompress(d).decode(), d.count(b'\\x1f\\x8b\\x08\\x18'))",
                                artifact.file().toString()))
                .containsExactly("<a/><b/> 2");
    }

    @Test
    @Tag("JS-123")
    @Tag("RP-91")
    void aRawReportOfTwoFilesFailsBeforeAnythingIsSent()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken("sast", "raw", "gl-sast-report.json", "*.json");
        write(plan, "a.json", "{}");
        write(plan, "b.json", "{}");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log()).contains("FATAL: only one file can be sent as raw");
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD)).isEmpty();
    }

    @Test
    void aRawReportIsTheFileItself() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken("sast", "raw", "gl-sast-report.json", "a.json");
        write(plan, "a.json", "{\"a\": 1}");
        assertThat(runner.upload(plan).failed()).isFalse();
        StoredArtifact artifact = runner.job(plan).artifacts().getFirst();
        assertThat(artifact.filename()).isEqualTo("gl-sast-report.json");
        assertThat(artifact.file()).hasContent("{\"a\": 1}");
    }

    @Test
    @Tag("JS-124")
    @Tag("RP-93")
    @Tag("RP-94")
    void tooLargeIsToldAsSuchWhileItIsStillBeingSent()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("out");
        byte[] noise = new byte[1_000_000];
        new Random(5).nextBytes(noise);
        for (int i = 0; i < 20; i++) {
            write(plan, "out/" + i, "");
            Files.write(ArtifactJob.project(plan).resolve("out/" + i), noise);
        }
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log())
                .contains(
                        "ERROR: Uploading artifacts as \"archive\" to coordinator... 413 Request Entity Too Large")
                .contains("ERROR: 1.00 MB out/0")
                .contains("FATAL: too large");
        assertThat(statuses()).containsExactly(413);
        assertThat(runner.waits).isEmpty();
    }

    @Test
    @Tag("RP-93")
    void forbiddenIsTriedOnce() throws IOException, InterruptedException, JobFailure {
        runner.gitlab.faults().on(Endpoint.UPLOAD).always().answer(403);
        JobPlan plan = one();
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log()).contains("... 403 Forbidden").contains("FATAL: permission denied");
        assertThat(statuses()).containsExactly(403);
    }

    @Test
    @Tag("RP-93")
    void otherRefusalsAndBrokenConnectionsAreTriedThreeTimes()
            throws IOException, InterruptedException, JobFailure {
        runner.gitlab.faults().on(Endpoint.UPLOAD).times(1).answer(400);
        runner.gitlab.faults().on(Endpoint.UPLOAD).always().cut();
        JobPlan plan = one();
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(statuses()).hasSize(3).startsWith(400);
        assertThat(ran.log().lines().filter(line -> line.startsWith("WARNING: Retrying...")))
                .hasSize(2);
        assertThat(runner.waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    void whileGitLabIsDownTheArtifactsWait() throws IOException, InterruptedException, JobFailure {
        runner.gitlab.faults().on(Endpoint.UPLOAD).times(3).cut();
        // A try of the one who asks is five requests.
        runner.gitlab.faults().on(Endpoint.OTHER).times(2 * 5).answer(503);
        JobPlan plan = one();
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(statuses()).hasSize(4).endsWith(201);
        assertThat(ran.log()).containsOnlyOnce("GitLab cannot be reached");
        assertThat(runner.waits).extracting(Duration::toSeconds).containsExactly(1L, 2L, 1L, 2L);
    }

    @Test
    void anotherArchiveOfTheSameJobIsThereAlready()
            throws IOException, InterruptedException, JobFailure {
        runner.gitlab
                .faults()
                .on(Endpoint.UPLOAD)
                .answer(
                        400,
                        java.util.Map.of("Content-Type", "application/json"),
                        "{\"message\":\"another artifact of the same type already exists\"}");
        JobPlan plan = one();
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(ran.log()).contains("it has one from before, which it keeps");
    }

    @Test
    @Tag("JS-125")
    @Tag("RP-93")
    void unavailableStorageIsTriedSixTimes() throws IOException, InterruptedException, JobFailure {
        // Each try is five requests: the retry layer below repeats 503 itself.
        runner.gitlab.faults().on(Endpoint.UPLOAD).times(25).answer(503);
        JobPlan plan = one();
        assertThat(runner.upload(plan).failed()).isFalse();
        assertThat(statuses()).hasSize(26).endsWith(201);
        assertThat(runner.waits)
                .extracting(Duration::toSeconds)
                .containsExactly(1L, 2L, 4L, 5L, 5L);
        runner.gitlab.faults().on(Endpoint.UPLOAD).always().answer(503);
        JobPlan again = one();
        assertThat(runner.upload(again).failed()).isTrue();
        assertThat(statuses()).hasSize(26 + 30);
    }

    @Test
    @Tag("JS-125")
    void aServerErrorIsTriedThreeTimes() throws IOException, InterruptedException, JobFailure {
        // Each try is five requests: the retry layer below repeats 500 itself.
        runner.gitlab.faults().on(Endpoint.UPLOAD).always().answer(500);
        JobPlan plan = one();
        assertThat(runner.upload(plan).failed()).isTrue();
        assertThat(statuses()).hasSize(15).containsOnly(500);
        assertThat(runner.waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
    }

    @Test
    @Tag("JS-126")
    void aRedirectIsFollowedAndTheTokenGoesToNoOtherHost()
            throws IOException, InterruptedException, JobFailure {
        List<String> tokens = new ArrayList<>();
        try (HttpServer other =
                HttpServer.start(
                        gitlab.eventLoops(),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        exchange -> {
                            tokens.add(exchange.header("job-token").orElse("none"));
                            exchange.body(1 << 20);
                            exchange.reply(201, Map.of(), new byte[0]);
                        })) {
            String location = "http://localhost:" + other.port() + "/api/v4/jobs/1/artifacts";
            runner.gitlab.faults().on(Endpoint.UPLOAD).answer(307, Map.of("Location", location));
            JobPlan plan = one();
            ArtifactJob.Ran ran = runner.upload(plan);
            assertThat(ran.failed()).isFalse();
            assertThat(ran.log()).contains("Upload request redirected").contains("201 Created");
            assertThat(tokens).containsExactly("none");
        }
    }

    @Test
    void whatIsNoFileDirectoryOrLinkIsPassedOver()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("a", "b");
        write(plan, "a", "1");
        new ProcessBuilder("mkfifo", ArtifactJob.project(plan).resolve("b").toString())
                .start()
                .waitFor();
        assertThat(runner.upload(plan).failed()).isFalse();
        assertThat(listed(runner.job(plan).artifacts().getFirst())).containsExactly("a 0o100644 1");
    }

    @Test
    @Tag("JS-127")
    @Tag("RP-96")
    void eachEntryIsSentForTheResultsItNames()
            throws IOException, InterruptedException, JobFailure {
        JobBuilder job = runner.gitlab.job("pack");
        for (String[] one :
                new String[][] {
                    {"always", "junit", "gzip"},
                    {"on_failure", "dotenv", "gzip"},
                    {"on_success", "archive", "zip"}
                }) {
            ObjectNode entry = ArtifactJob.entry(one[1], one[2], "").put("when", one[0]);
            entry.set("paths", strings("a"));
            job.artifacts(entry);
        }
        JobPlan plan = runner.take(job);
        write(plan, "a", "1");
        runner.upload(plan, Stage.When.FAILURE);
        assertThat(runner.job(plan).artifacts())
                .extracting(StoredArtifact::type)
                .containsExactly("junit", "dotenv");
        runner.upload(plan, Stage.When.SUCCESS);
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD))
                .as("junit once more, and the one for success")
                .extracting(request -> request.rawQuery().replaceAll(".*artifact_type=", ""))
                .containsExactly("junit", "dotenv", "junit", "archive");
    }

    @Test
    void theFirstEntryThatFailsEndsTheStage() throws IOException, InterruptedException, JobFailure {
        JobBuilder job = runner.gitlab.job("pack");
        ObjectNode bad = ArtifactJob.entry("junit", "gzip", "");
        bad.set("paths", strings("dir"));
        ObjectNode good = ArtifactJob.entry("archive", "zip", "");
        good.set("paths", strings("dir"));
        JobPlan plan = runner.take(job.artifacts(bad).artifacts(good));
        write(plan, "dir/a", "1");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log()).contains("FATAL: the \"dir\" is not a regular file");
        assertThat(runner.gitlab.requests(Endpoint.UPLOAD)).isEmpty();
    }

    @Test
    @Tag("JS-136")
    void provenanceNamesEveryFileAndNoValue() throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry("archive", "zip", "");
        entry.set("paths", strings("a"));
        JobPlan plan =
                runner.take(
                        runner.gitlab
                                .job("pack")
                                .variable("RUNNER_GENERATE_ARTIFACTS_METADATA", "true")
                                .variable("SOME_SETTING", "not-to-be-seen")
                                .artifacts(entry));
        write(plan, "a", "abc");
        assertThat(runner.upload(plan).log()).contains("Generating artifacts statement");
        List<String> seen =
                Python.run(
                        "import sys,zipfile,json",
                        "z=zipfile.ZipFile(sys.argv[1])",
                        "t=z.read('artifacts-metadata.json').decode()",
                        "j=json.loads(t)",
                        "print(z.namelist(), j['subject'], 'not-to-be-seen' in t)",
                        "d=j['predicate']['buildDefinition']",
                        "print(d['externalParameters']['SOME_SETTING']=='', d['externalParameters']['entryPoint'])",
                        runner.job(plan).artifacts().getFirst().file().toString());
        assertThat(seen)
                .containsExactly(
                        "['a', 'artifacts-metadata.json'] [{'name': 'a', 'digest': {'sha256': 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'}}] False",
                        "True pack");
    }

    @Test
    void tenCutsAtRandomPlacesOf200MegabytesEndInTheRightBytes()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = archive("out");
        byte[] noise = new byte[50_000_000];
        new Random(5).nextBytes(noise);
        for (int i = 0; i < 4; i++) {
            write(plan, "out/" + i, "");
            Files.write(ArtifactJob.project(plan).resolve("out/" + i), noise);
        }
        Random random = new Random(6);
        AtomicInteger seen = new AtomicInteger();
        List<Path> whole = Collections.synchronizedList(new ArrayList<>());
        try (HttpServer other =
                HttpServer.start(
                        gitlab.eventLoops(),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        exchange -> {
                            // Of three tries each time the first two are cut.
                            if (seen.getAndIncrement() % 3 < 2) {
                                exchange.body().skipNBytes(random.nextInt(200_000_000));
                                exchange.abort();
                            } else {
                                Path sent = gitlab.directory().resolve("sent" + seen.get());
                                Files.copy(exchange.body(), sent);
                                whole.add(sent);
                                exchange.reply(201, Map.of(), new byte[0]);
                            }
                        })) {
            ArtifactStages stages = runner.stagesFor("http://127.0.0.1:" + other.port());
            for (int round = 0; round < 5; round++) {
                ArtifactJob.Ran ran = runner.run(stages, plan, upload(plan));
                assertThat(ran.failed()).as(ran.log()).isFalse();
            }
        }
        assertThat(seen).hasValue(15);
        assertThat(whole).hasSize(5);
        for (Path sent : whole) {
            // Reads each file and compares its checksum.
            assertThat(
                            Python.run(
                                    "import sys,zipfile,io",
                                    "d=open(sys.argv[1],'rb').read()",
                                    "z=zipfile.ZipFile(io.BytesIO(d[d.index(b'PK'):d.rindex(b'\\r\\n--arm')]))",
                                    "print(z.testzip(), sum(e.file_size for e in z.infolist()))",
                                    sent.toString()))
                    .containsExactly("None 200000000");
            Files.delete(sent);
        }
    }

    private static Stage upload(JobPlan plan) {
        return plan.stages().stream()
                .filter(Stage.UploadArtifacts.class::isInstance)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aMeterSaysHowFarATransferIsWhenTheJobWantsIt()
            throws IOException, InterruptedException, JobFailure {
        for (String word : new String[] {"1s", "often", "0"}) {
            JobPlan plan = withVariable("TRANSFER_METER_FREQUENCY", word);
            ArtifactJob.Ran ran = runner.upload(plan);
            assertThat(ran.failed()).isFalse();
            if (word.equals("1s")) {
                assertThat(ran.raw())
                        .containsPattern("Uploading artifacts \\d+ B \\([^)]+/s\\) {16}\n");
            } else {
                assertThat(ran.raw()).doesNotContain(" B (");
            }
            assertThat(ran.log().contains("WARNING: TRANSFER_METER_FREQUENCY \"often\""))
                    .isEqualTo(word.equals("often"));
        }
    }

    @Test
    @Tag("JS-137")
    void theCompressionLevelIsAWord() throws IOException, InterruptedException, JobFailure {
        for (String word : new String[] {"fastest", "bogus"}) {
            JobPlan plan = withVariable("ARTIFACT_COMPRESSION_LEVEL", word);
            ArtifactJob.Ran ran = runner.upload(plan);
            assertThat(ran.failed()).isFalse();
            assertThat(ran.log().contains("WARNING: ARTIFACT_COMPRESSION_LEVEL \"bogus\""))
                    .isEqualTo(word.equals("bogus"));
            assertThat(
                            Python.run(
                                    "import sys,zipfile",
                                    "[print(i.compress_type) for i in zipfile.ZipFile(sys.argv[1]).infolist()]",
                                    runner.job(plan).artifacts().getFirst().file().toString()))
                    .containsExactly(word.equals("fastest") ? "0" : "8");
        }
    }
}
