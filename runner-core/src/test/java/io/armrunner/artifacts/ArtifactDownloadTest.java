package io.armrunner.artifacts;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.RecordedRequest;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(600)
class ArtifactDownloadTest {
    @RegisterExtension
    final CoordinatorExtension gitlab =
            new CoordinatorExtension(
                    settings -> settings.withRedirectedDownloads().withArtifactLimit(300_000_000));

    private ArtifactJob runner;

    @BeforeEach
    void connect() {
        runner = new ArtifactJob(gitlab);
    }

    @AfterEach
    void disconnect() throws IOException, InterruptedException {
        runner.finish();
    }

    /** A job with a small and a large file as artifacts, and the plan of one that depends on it. */
    private JobPlan dependent() throws IOException, InterruptedException, JobFailure {
        return dependent(large());
    }

    private JobPlan dependent(byte[] large) throws IOException, InterruptedException, JobFailure {
        JobPlan first = runner.take(runner.gitlab.job("build").artifacts("pkg/"));
        Path pkg = Files.createDirectories(ArtifactJob.project(first).resolve("pkg"));
        Files.writeString(pkg.resolve("p.txt"), "payload\n");
        Files.setPosixFilePermissions(
                pkg.resolve("p.txt"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.createSymbolicLink(pkg.resolve("l"), Path.of("p.txt"));
        Files.write(pkg.resolve("large"), large);
        assertThat(runner.upload(first).failed()).isFalse();
        CoordinatorJob earlier = runner.job(first);
        runner.succeed(first);
        return runner.take(
                runner.gitlab
                        .job("test")
                        .variable("TRANSFER_METER_FREQUENCY", "1s")
                        .dependsOn(earlier));
    }

    private static byte[] large() {
        return noise(3_000_000);
    }

    private static byte[] noise(int size) {
        byte[] noise = new byte[size];
        new Random(9).nextBytes(noise);
        return noise;
    }

    private void assertExtracted(JobPlan plan) throws IOException {
        assertExtracted(plan, large());
    }

    private void assertExtracted(JobPlan plan, byte[] large) throws IOException {
        Path pkg = ArtifactJob.project(plan).resolve("pkg");
        assertThat(pkg.resolve("p.txt")).hasContent("payload\n");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(pkg.resolve("p.txt"))))
                .isEqualTo("rwxr-x---");
        assertThat(Files.readSymbolicLink(pkg.resolve("l"))).isEqualTo(Path.of("p.txt"));
        assertThat(Files.readAllBytes(pkg.resolve("large"))).isEqualTo(large);
        try (var left = Files.list(Path.of(plan.directories().temp()))) {
            assertThat(left).isEmpty();
        }
    }

    private List<String> queries() {
        return runner.gitlab.requests(Endpoint.DOWNLOAD).stream()
                .map(RecordedRequest::rawQuery)
                .toList();
    }

    @Test
    @Tag("JS-130")
    @Tag("RP-97")
    @Tag("RP-98")
    void anArchiveComesDirectlyFromTheStorageWithoutTheToken()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = dependent();
        ArtifactJob.Ran ran = runner.download(plan);
        assertThat(ran.failed()).isFalse();
        long id = plan.payload().dependencies().getFirst().id();
        assertThat(ran.log())
                .startsWith("Downloading artifacts for build (" + id + ")...\n")
                .contains("Direct download from 127.0.0.1")
                .contains("Downloading artifacts from coordinator... ok        correlation_id=");
        assertThat(ran.raw())
                .containsPattern("Downloading artifacts 3\\.\\d\\d MB \\([^)]+/s\\) {16}\n");
        assertExtracted(plan);
        RecordedRequest request = runner.gitlab.requests(Endpoint.DOWNLOAD).getFirst();
        assertThat(request.path()).isEqualTo("/api/v4/jobs/" + id + "/artifacts");
        assertThat(request.rawQuery()).isEqualTo("direct_download=true");
        assertThat(request.header("job-token"))
                .contains(plan.payload().dependencies().getFirst().token().value());
        assertThat(runner.gitlab.requests(Endpoint.STORAGE)).hasSize(1);
        assertThat(runner.gitlab.requests(Endpoint.STORAGE).getFirst().header("job-token"))
                .isEmpty();
    }

    @Test
    @Tag("RP-97")
    void aTransferThatBreaksOffIsTakenUpByGitLabWhereItEnded()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = dependent();
        runner.gitlab.faults().on(Endpoint.STORAGE).breakBody(1_000_000);
        runner.gitlab.faults().on(Endpoint.DOWNLOAD).skip(1).breakBody(700_000);
        ArtifactJob.Ran ran = runner.download(plan);
        assertThat(ran.failed()).as(ran.log()).isFalse();
        assertExtracted(plan);
        assertThat(queries()).containsExactly("direct_download=true", "", "");
        assertThat(runner.gitlab.requests(Endpoint.DOWNLOAD).get(1).header("range")).isPresent();
        assertThat(runner.waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(1));
    }

    @Test
    void tenCutsAtRandomPlacesOf200MegabytesEndInTheRightBytes()
            throws IOException, InterruptedException, JobFailure {
        byte[] large = noise(200_000_000);
        JobPlan plan = dependent(large);
        Random random = new Random(4);
        runner.gitlab.faults().on(Endpoint.STORAGE).breakBody(random.nextInt(20_000_000));
        for (int i = 0; i < 9; i++) {
            runner.gitlab
                    .faults()
                    .on(Endpoint.DOWNLOAD)
                    .skip(i == 0 ? 1 : 0)
                    .breakBody(1 + random.nextInt(20_000_000));
        }
        ArtifactJob.Ran ran = runner.download(plan);
        assertThat(ran.failed()).as(ran.log()).isFalse();
        assertThat(runner.waits).hasSize(10);
        assertExtracted(plan, large);
    }

    @Test
    @Tag("JS-131")
    @Tag("RP-99")
    void whatIsNotThereOrNotOursIsAskedForOnce()
            throws IOException, InterruptedException, JobFailure {
        String[][] cases = {
            {"401", "unauthorized", "permission denied"},
            {"403", "forbidden", "permission denied"},
            {"404", "not found", "file does not exist"}
        };
        for (String[] one : cases) {
            JobPlan plan = dependent();
            int before = runner.gitlab.requests(Endpoint.DOWNLOAD).size();
            runner.gitlab.faults().on(Endpoint.DOWNLOAD).answer(Integer.parseInt(one[0]));
            ArtifactJob.Ran ran = runner.download(plan);
            assertThat(ran.failed()).isTrue();
            assertThat(ran.log())
                    .contains("ERROR: Downloading artifacts from coordinator... " + one[1])
                    .contains("FATAL: " + one[2]);
            assertThat(runner.gitlab.requests(Endpoint.DOWNLOAD)).hasSize(before + 1);
        }
        assertThat(runner.waits).isEmpty();
    }

    @Test
    @Tag("RP-99")
    void aServerErrorIsTriedThreeTimes() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = dependent();
        runner.gitlab.faults().on(Endpoint.DOWNLOAD).always().answer(500);
        ArtifactJob.Ran ran = runner.download(plan);
        assertThat(ran.failed()).isTrue();
        // Each try is five requests: the retry layer below repeats 500 itself.
        assertThat(queries()).hasSize(15);
        assertThat(queries().subList(5, 15)).allMatch(String::isEmpty);
        assertThat(runner.waits).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(1));
    }

    @Test
    @Tag("JS-129")
    @Tag("RP-100")
    void aDependencyWithoutArtifactsIsPassedOver()
            throws IOException, InterruptedException, JobFailure {
        JobPlan first = runner.take(runner.gitlab.job("build"));
        CoordinatorJob earlier = runner.job(first);
        runner.succeed(first);
        JobPlan plan = runner.take(runner.gitlab.job("test").dependsOn(earlier));
        assertThat(plan.stages()).noneMatch(Stage.DownloadArtifacts.class::isInstance);
    }

    @Test
    @Tag("JS-132")
    void anArchiveThatLeadsOutOfTheProjectFailsTheJob()
            throws IOException, InterruptedException, JobFailure {
        JobPlan first = runner.take(runner.gitlab.job("build").artifacts("x"));
        Files.writeString(ArtifactJob.project(first).resolve("x"), "1");
        runner.upload(first);
        CoordinatorJob earlier = runner.job(first);
        Path stored = earlier.artifacts().getFirst().file();
        Files.delete(stored);
        Python.run(
                "import sys,zipfile",
                "z=zipfile.ZipFile(sys.argv[1],'w')",
                // As long as the one before: GitLab's record of the size stays true.
                "z.writestr('../evil','2')",
                "z.comment=b' '*("
                        + earlier.artifacts().getFirst().size()
                        + "-z.fp.tell()-22-46-7)",
                "z.close()",
                stored.toString());
        runner.succeed(first);
        JobPlan plan = runner.take(runner.gitlab.job("test").dependsOn(earlier));
        ArtifactJob.Ran ran = runner.download(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log())
                .contains(
                        "FATAL: ../evil cannot be extracted outside of chroot ("
                                + ArtifactJob.project(plan)
                                + ")");
        assertThat(ArtifactJob.project(plan).resolveSibling("evil")).doesNotExist();
    }
}
