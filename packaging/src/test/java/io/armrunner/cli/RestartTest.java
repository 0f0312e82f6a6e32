package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorRunner;
import io.armrunner.coordinator.Endpoint;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.RunnerSpec;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.spec.Wire;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.FakeVault;
import io.armrunner.testing.LogDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What becomes of jobs when the service is killed, replaced or told to hand them over. */
@Timeout(400)
final class RestartTest {
    private static final Duration LIMIT = RunnerProcess.LIMIT;
    private static final String JWT = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";

    @RegisterExtension final CoordinatorExtension gitlab = RunnerProcess.gitlab();

    private CoordinatorRunner configured(String... lines) throws IOException {
        CoordinatorRunner runner =
                gitlab.coordinator().registerRunner(new RunnerSpec("restart", List.of(), true));
        configure(runner, "restart", lines);
        return runner;
    }

    private void configure(CoordinatorRunner runner, String name, String... lines)
            throws IOException {
        Files.writeString(
                config(),
                """
                check_interval = 1
                %s
                [[runners]]
                name = "%s"
                url = "%s"
                token = "%s"
                executor = "shell"
                """
                        .formatted(
                                String.join("\n", lines),
                                name,
                                gitlab.coordinator().url(),
                                runner.token().value()));
    }

    private Path config() {
        return gitlab.directory().resolve("config.toml");
    }

    private Path books() {
        return gitlab.directory().resolve(".armrunner/jobs");
    }

    private Path book(CoordinatorJob job) throws IOException {
        try (Stream<Path> all = Files.list(books())) {
            return all.filter(path -> path.toString().endsWith("." + job.id()))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private RunnerProcess start() throws IOException {
        return RunnerProcess.start(
                gitlab.directory(), Map.of(), "run", "--config", config().toString());
    }

    private static void kill(RunnerProcess armrunner) throws Exception {
        armrunner.signal("KILL");
        armrunner.exitCode();
    }

    /** Starts a service and kills it in the middle of the job's script. */
    private void killWhenBegun(CoordinatorJob job) throws Exception {
        try (RunnerProcess armrunner = start()) {
            job.awaitLog("begun", LIMIT);
            kill(armrunner);
        }
    }

    private static String log(CoordinatorJob job) {
        return LogDecoder.plain(job.log());
    }

    private Path go() {
        return gitlab.directory().resolve("go");
    }

    /** Prints {@code begun}, waits to be let go on, and prints {@code done}. */
    private JobBuilder waiting() {
        return gitlab.coordinator()
                .job("job")
                .script("echo begun", "until [ -e " + go() + " ]; do sleep 0.1; done", "echo done");
    }

    /** Runs until the job is over and nothing of it is left. */
    private String finish(CoordinatorJob job) throws Exception {
        try (RunnerProcess armrunner = start()) {
            await("the job ends")
                    .atMost(LIMIT)
                    .until(() -> job.state().isFinished() && isEmpty(books()));
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            return armrunner.printed();
        }
    }

    private static boolean isEmpty(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty();
        }
    }

    @AfterEach
    void noProcessIsLeft() {
        await("no process is left")
                .atMost(LIMIT)
                .until(() -> LeftBehind.in(gitlab.directory()).isEmpty());
    }

    private static List<StateUpdate> ends(CoordinatorJob job) {
        return job.updates().stream()
                .filter(update -> update.isFinal() && update.isAccepted())
                .toList();
    }

    @Test
    void aJobThatEndedWhileNobodyLookedIsReportedAsItEnded() throws Exception {
        configured();
        CoordinatorJob job =
                gitlab.coordinator()
                        .job("job")
                        .script(
                                "echo begun",
                                "until [ -e " + go() + " ]; do sleep 0.1; done",
                                "echo done",
                                "exit 7")
                        .afterScript("echo after $CI_JOB_STATUS")
                        .enqueue();
        killWhenBegun(job);
        // Its number, and when it has ended its status.
        Path leader = book(job).resolve("stage.3.leader");
        Files.createFile(go());
        await().atMost(LIMIT).until(() -> Files.readAllLines(leader).size() == 2);

        String printed = finish(job);

        assertThat(job.state()).isEqualTo(JobState.FAILED);
        assertThat(job.exitCode()).hasValue(7);
        assertThat(log(job))
                .containsOnlyOnce("\nbegun\n")
                .containsOnlyOnce("\ndone\n")
                .containsOnlyOnce("\nafter failed\n");
        assertThat(printed)
                .contains(
                        "jobs_found count=1",
                        "job_taken_up job=" + job.id() + " at=\"in step_script\"");
    }

    @Test
    void aJobThatWasAcceptedAndNotBegunIsBegun() throws Exception {
        configured();
        gitlab.coordinator().faults().on(Endpoint.UPDATE).always().delay(Duration.ofSeconds(30));
        CoordinatorJob job = gitlab.coordinator().job("job").script("echo begun").enqueue();
        try (RunnerProcess armrunner = start()) {
            await().atMost(LIMIT).until(() -> Files.exists(books()) && !isEmpty(books()));
            await().atMost(LIMIT).until(() -> Files.exists(book(job).resolve("payload.json")));
            kill(armrunner);
        }
        gitlab.coordinator().faults().clear();

        finish(job);

        assertThat(job.state()).as(log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(log(job)).containsOnlyOnce("\nbegun\n").containsOnlyOnce("Running with");
    }

    @Test
    void aJobThatDiedWithTheHostIsReportedOnceWithTheRestOfItsLog() throws Exception {
        configured();
        CoordinatorJob job = waiting().afterScript("echo never").enqueue();
        killWhenBegun(job);
        endProcesses();
        Path progress = book(job).resolve("progress");
        Files.writeString(
                progress,
                Files.readString(progress).replaceFirst("\"boot\":\"[^\"]*\"", "\"boot\":\"other\"")
                        + "{\"event\":\"mark\",\"at\":17");
        Files.writeString(
                book(job).resolve("segment.0"),
                "last words\n",
                java.nio.file.StandardOpenOption.APPEND);

        finish(job);

        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(ends(job)).hasSize(1);
        assertThat(log(job))
                .containsOnlyOnce("\nbegun\n")
                .containsOnlyOnce("\nlast words\n")
                .doesNotContain("never")
                .contains("ERROR: Job failed (system failure): ")
                .contains("host was restarted");
    }

    @Test
    void aJobWhoseProcessesWereKilledIsReportedAsLost() throws Exception {
        configured();
        CoordinatorJob job = waiting().enqueue();
        killWhenBegun(job);
        endProcesses();

        finish(job);

        assertThat(job.failureReason()).contains("runner_system_failure");
        assertThat(log(job)).contains("processes were ended while the runner was away");
    }

    private void endProcesses() {
        await().atMost(LIMIT)
                .until(() -> {
                    List<ProcessHandle> left = LeftBehind.in(gitlab.directory());
                    left.forEach(ProcessHandle::destroyForcibly);
                    return left.isEmpty();
                });
    }

    @Test
    void aResultThatGitLabDidNotTakeIsReportedByTheNextOne() throws Exception {
        configured();
        gitlab.coordinator().faults().on(Endpoint.FINAL_UPDATE).always().cut();
        CoordinatorJob job = gitlab.coordinator().job("job").script("echo begun").enqueue();
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("final_update_failed");
            kill(armrunner);
        }
        assertThat(job.state()).isEqualTo(JobState.RUNNING);
        gitlab.coordinator().faults().clear();

        finish(job);

        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(ends(job)).hasSize(1);
        assertThat(log(job)).containsOnlyOnce("\nbegun\n").containsOnlyOnce("Job succeeded");
    }

    @Test
    void aResultThatGitLabHasIsNotReportedAgain() throws Exception {
        configured();
        gitlab.coordinator().faults().on(Endpoint.FINAL_UPDATE).loseAnswer();
        gitlab.coordinator().faults().on(Endpoint.FINAL_UPDATE).always().cut();
        CoordinatorJob job = gitlab.coordinator().job("job").script("echo begun").enqueue();
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("final_update_failed");
            kill(armrunner);
        }
        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        gitlab.coordinator().faults().clear();

        finish(job);

        assertThat(ends(job)).hasSize(1);
    }

    @Test
    void aJobThatWasCanceledWhileNobodyLookedEndsAsCanceled() throws Exception {
        configured();
        CoordinatorJob job = waiting().afterScript("echo after $CI_JOB_STATUS").enqueue();
        killWhenBegun(job);
        job.cancel();

        finish(job);

        assertThat(job.state()).isEqualTo(JobState.CANCELED);
        assertThat(log(job)).containsOnlyOnce("\nafter canceled\n").doesNotContain("\ndone\n");
    }

    @Test
    void aJobThatIsOverForGitLabIsEndedAndNotReported() throws Exception {
        configured();
        CoordinatorJob job = waiting().enqueue();
        killWhenBegun(job);
        job.forceCancel();

        finish(job);

        assertThat(ends(job)).isEmpty();
    }

    @Test
    void aTimeoutCountsFromTheJobsStartWhoeverLooks() throws Exception {
        configured();
        CoordinatorJob job = waiting().timeout(Duration.ofSeconds(15)).enqueue();
        killWhenBegun(job);
        Instant over = job.startedAt().orElseThrow().plusSeconds(15);
        await().atMost(LIMIT).until(() -> Instant.now().isAfter(over));

        Instant again = Instant.now();
        finish(job);

        assertThat(job.failureReason()).contains("job_execution_timeout");
        assertThat(log(job)).containsOnlyOnce("execution took longer than 15s seconds");
        assertThat(Duration.between(again, job.finishedAt().orElseThrow()))
                .isLessThan(Duration.ofSeconds(60));
    }

    @Test
    void artifactsThatWaitForGitLabOutliveTheService() throws Exception {
        configured();
        CoordinatorJob job =
                gitlab.coordinator()
                        .job("job")
                        .script(
                                "echo begun",
                                "until [ -e " + go() + " ]; do sleep 0.1; done",
                                "seq 1000 > made.txt",
                                "for i in $(seq 500); do echo line $i; done")
                        .artifacts("made.txt")
                        .enqueue();
        try (RunnerProcess armrunner = start()) {
            job.awaitLog("begun", LIMIT);
            gitlab.coordinator().goDown();
            Files.createFile(go());
            await("the upload is tried")
                    .atMost(LIMIT)
                    .until(() ->
                            LogDecoder.plain(Files.readAllBytes(book(job).resolve("trace")))
                                    .contains("Uploading artifacts as \"archive\""));
            kill(armrunner);
        }
        // One that finds GitLab down as well.
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_taken_up job=" + job.id());
            armrunner.awaitPrinted("patch_failed");
            kill(armrunner);
        }
        assertThat(job.artifacts()).isEmpty();
        gitlab.coordinator().comeUp();

        finish(job);

        assertThat(job.state()).as(log(job)).isEqualTo(JobState.SUCCESS);
        assertThat(ends(job)).hasSize(1);
        assertThat(job.artifacts()).hasSize(1);
        assertThat(log(job).lines().filter(line -> line.startsWith("line ")))
                .isEqualTo(IntStream.rangeClosed(1, 500).mapToObj(i -> "line " + i).toList());
        try (ZipInputStream zip =
                new ZipInputStream(Files.newInputStream(job.artifacts().getFirst().file()))) {
            assertThat(zip.getNextEntry().getName()).isEqualTo("made.txt");
            assertThat(new String(zip.readAllBytes(), UTF_8)).endsWith("\n999\n1000\n");
        }
    }

    @Test
    void secretsOfAJobThatIsTakenUpStayMaskedWhateverTheirServerSays() throws Exception {
        configured();
        try (FakeVault vault = new FakeVault("", JWT)) {
            vault.put("kv/data/db", "{\"data\":{\"password\":\"correct-horse-battery\"}}");
            CoordinatorJob job =
                    gitlab.coordinator()
                            .job("job")
                            .maskedVariable("VAULT_ID_TOKEN", JWT)
                            .customize(payload -> payload.set("secrets", password(vault.url())))
                            .script(
                                    "echo begun",
                                    // The rest of it comes after the restart.
                                    """
                                    printf '<%%s' "${PASSWORD%%battery}"
                                    until [ -e %s ]; do sleep 0.1; done
                                    printf 'battery>\\n'
                                    """
                                            .formatted(go()),
                                    "echo \"<$PASSWORD>\"")
                            .afterScript("echo \"after <$PASSWORD>\"")
                            .enqueue();
            killWhenBegun(job);
            // Another value, for a token that is good no more.
            vault.put("kv/data/db", "{\"data\":{\"password\":\"something-else\"}}");
            vault.trouble(Integer.MAX_VALUE);
            int asked = vault.requests().size();
            Files.createFile(go());

            finish(job);

            assertThat(job.state()).as(log(job)).isEqualTo(JobState.SUCCESS);
            assertThat(vault.requests()).hasSize(asked);
            assertThat(log(job))
                    .containsOnlyOnce("Resolving secrets\n")
                    .contains("\n<[MASKED]>\n$ echo \"<$PASSWORD>\"\n<[MASKED]>\n")
                    .containsOnlyOnce("\nafter <[MASKED]>\n")
                    .doesNotContain("horse", "battery>", "something-else");
        }
    }

    private static JsonNode password(String vault) {
        try {
            return Wire.tree(
                    """
                    {"PASSWORD": {"file": false, "vault": {
                        "server": {"url": "%s", "auth": {"name": "jwt", "path": "jwt",
                                   "data": {"jwt": "$VAULT_ID_TOKEN", "role": "ci"}}},
                        "engine": {"name": "kv-v2", "path": "kv"},
                        "path": "db", "field": "password"}}}
                    """
                            .formatted(vault)
                            .getBytes(UTF_8));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theLogOfAJobThatGitLabDidNotTakeIsKeptForAWhile() throws Exception {
        configured("kept_logs_age = \"24h\"");
        Files.writeString(
                config(),
                "job_status_final_update_retry_limit = 1\n",
                java.nio.file.StandardOpenOption.APPEND);
        gitlab.coordinator().faults().on(Endpoint.FINAL_UPDATE).always().answer(400);
        CoordinatorJob job =
                gitlab.coordinator()
                        .job("job")
                        .fileVariable("FILE", "secret")
                        .script("echo begun")
                        .enqueue();
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_not_delivered job=" + job.id());
            Path log = book(job).resolve("trace");
            assertThat(armrunner.printed()).contains("log=" + log);
            assertThat(book(job).toFile().list()).containsExactly("trace");
            try (RunnerProcess said =
                    RunnerProcess.start(
                            gitlab.directory(),
                            Map.of(),
                            "logs",
                            "--config",
                            config().toString(),
                            Long.toString(job.id()))) {
                assertThat(said.exitCode()).as(said.printed()).isZero();
                assertThat(said.printed()).contains("\nbegun\n", "Job succeeded");
            }
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
        Path kept = book(job);
        try (RunnerProcess armrunner = start()) {
            await().atMost(LIMIT).until(() -> armrunner.printed().contains("starting version"));
            await("it asks for jobs")
                    .atMost(LIMIT)
                    .until(() -> gitlab.coordinator().requests(Endpoint.JOB_REQUEST).size() > 2);
            assertThat(kept.resolve("trace")).exists();
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
        Files.setLastModifiedTime(kept, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("undelivered_removed log=" + kept);
            // GitLab's own time-out ends what it was not told.
            job.forceCancel();
            assertThat(kept).doesNotExist();
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
    }

    @Test
    void anUpgradeHandsTheJobsOver() throws Exception {
        configured("shutdown = \"hand-over\"");
        CoordinatorJob job =
                waiting().fileVariable("FILE", "content").afterScript("cat $FILE").enqueue();
        try (RunnerProcess armrunner = start()) {
            job.awaitLog("begun", LIMIT);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
            assertThat(armrunner.printed()).contains("handing_over jobs=1", "handed_over jobs=1");
        }
        assertThat(job.state()).isEqualTo(JobState.RUNNING);
        Files.createFile(go());
        try (RunnerProcess armrunner = start()) {
            assertThat(job.awaitFinished(LIMIT))
                    .as(armrunner.printed())
                    .isEqualTo(JobState.SUCCESS);
            await().atMost(LIMIT).until(() -> isEmpty(books()));
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
        assertThat(log(job))
                .containsOnlyOnce("\nbegun\n")
                .containsOnlyOnce("\ndone\n")
                .contains("content");
    }

    @Test
    @Tag("CB-50")
    void oneDirectoryIsOfOneServiceAndItsSuccessorWaits() throws Exception {
        configured();
        try (RunnerProcess first = start()) {
            await().atMost(LIMIT)
                    .until(() -> !gitlab.coordinator().requests(Endpoint.JOB_REQUEST).isEmpty());
            try (RunnerProcess second = start()) {
                second.awaitPrinted("waiting_for_predecessor pid=" + first.process().pid());
                assertThat(second.exitCode()).isEqualTo(1);
                assertThat(second.printed())
                        .contains(
                                "is in use by another armrunner (process " + first.process().pid());
            }
            try (RunnerProcess successor = start()) {
                successor.awaitPrinted("waiting_for_predecessor");
                kill(first);
                int asked = gitlab.coordinator().requests(Endpoint.JOB_REQUEST).size();
                await().atMost(LIMIT)
                        .until(() ->
                                gitlab.coordinator().requests(Endpoint.JOB_REQUEST).size() > asked);
                successor.signal("TERM");
                assertThat(successor.exitCode()).isZero();
            }
        }
    }

    @Test
    @Tag("RP-36")
    void aJobThatIsTakenUpKeepsItsPlace() throws Exception {
        configured("concurrent = 1");
        CoordinatorJob job = waiting().enqueue();
        killWhenBegun(job);
        CoordinatorJob next = gitlab.coordinator().job("next").script("true").enqueue();
        int asked = gitlab.coordinator().requests(Endpoint.JOB_REQUEST).size();
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_taken_up");
            Files.createFile(go());
            assertThat(job.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(next.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            armrunner.signal("TERM");
            assertThat(armrunner.exitCode()).isZero();
        }
        assertThat(next.startedAt().orElseThrow()).isAfter(job.finishedAt().orElseThrow());
        assertThat(gitlab.coordinator().requests(Endpoint.JOB_REQUEST).size()).isGreaterThan(asked);
    }

    @Test
    void aJobOfARunnerThatIsGoneWaitsUntilItIsBack() throws Exception {
        CoordinatorRunner runner = configured();
        CoordinatorJob job = waiting().enqueue();
        killWhenBegun(job);
        CoordinatorRunner other =
                gitlab.coordinator().registerRunner(new RunnerSpec("other", List.of(), true));
        configure(other, "other");
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_not_taken_up job=" + job.id());
            kill(armrunner);
        }
        configure(runner, "restart");
        Files.createFile(go());

        finish(job);

        assertThat(job.state()).isEqualTo(JobState.SUCCESS);
        assertThat(log(job)).containsOnlyOnce("\nbegun\n").containsOnlyOnce("\ndone\n");
    }

    @Test
    void aJobThatWaitsForAFullLaneIsBegunByTheNextStart() throws Exception {
        configured("concurrent = 3");
        Files.writeString(
                config(),
                Files.readString(config())
                        + """
                        [[runners.lanes]]
                        name = "pi"
                        capacity = 1
                        [[runners.lanes]]
                        name = "second"
                        capacity = 2
                        """);
        CoordinatorJob first = waiting().variable("ARMRUNNER_LANE", "pi").enqueue();
        CoordinatorJob second;
        try (RunnerProcess armrunner = start()) {
            first.awaitLog("begun", LIMIT);
            second =
                    gitlab.coordinator()
                            .job("second")
                            .script("echo it was worth it")
                            .variable("ARMRUNNER_LANE", "pi")
                            .enqueue();
            armrunner.awaitPrinted("job_waits job=" + second.id());
            kill(armrunner);
        }
        assertThat(second.state()).isEqualTo(JobState.RUNNING);
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_waits job=" + second.id());
            // A start that is told to go takes no place from it.
            kill(armrunner);
        }
        try (RunnerProcess armrunner = start()) {
            armrunner.awaitPrinted("job_waits job=" + second.id());
            Files.createFile(go());
            assertThat(first.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            assertThat(second.awaitFinished(LIMIT)).isEqualTo(JobState.SUCCESS);
            await().atMost(LIMIT).until(() -> isEmpty(books()));
            kill(armrunner);
        }
        assertThat(log(second))
                .contains("lane pi: ARMRUNNER_LANE names it")
                .containsOnlyOnce("Running with armrunner")
                .containsOnlyOnce("\nit was worth it\n");
    }
}
