package io.armrunner.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.codebuild.agent.Agent;
import io.armrunner.codebuild.agent.ScriptedBuild;
import io.armrunner.codebuild.fake.BuildWork;
import io.armrunner.codebuild.handover.HandOver;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.http.ClientSettings;
import io.armrunner.http.EventLoops;
import io.armrunner.http.HttpClient;
import io.armrunner.protocol.GitLabClient;
import io.armrunner.protocol.GitLabUrl;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.RetryingCaller;
import io.armrunner.spec.JobPayload;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * Agents for a thousand builds: they take their job from S3, write its log to GitLab, end it and
 * leave a receipt, as real ones do, and run nothing. All of them wait for each other in the middle.
 */
final class ScriptedAgents implements BuildWork, AutoCloseable {
    /** They end one after the other, within so many milliseconds of their time. */
    private static final int ENDING = 400_000;

    private static final Duration LIMIT = Duration.ofMinutes(20);

    /** What each relayed job prints: 256 KiB in four messages. */
    static final int RELAYED_PIECES = 4;

    static final int RELAYED_LINES = 512;
    private static final String PRINTED = ".".repeat(127);

    private final int speed;
    private final CountDownLatch go = new CountDownLatch(1);
    private final AtomicInteger running = new AtomicInteger();
    private final Queue<Long> jobs = new ConcurrentLinkedQueue<>();
    private final EventLoops loops = EventLoops.open(1);
    private final HttpClient http = HttpClient.open(loops, ClientSettings.DEFAULTS);
    private final Random random = new Random(7);

    /**
     * @param speed how much faster than the system's their time runs
     */
    ScriptedAgents(int speed) {
        this.speed = speed;
    }

    /** Whether it is a line of a relayed job. */
    static boolean isPrinted(String line) {
        return line.equals(PRINTED);
    }

    /** How many have a job now. */
    int running() {
        return running.get();
    }

    /** All jobs that were run, each as often as that. */
    List<Long> jobs() {
        return List.copyOf(jobs);
    }

    /** Lets all of them come to their end. */
    void go() {
        go.countDown();
    }

    @Override
    public int run(Step step) throws IOException, InterruptedException {
        ScriptedBuild build = new ScriptedBuild(step.environment(), http);
        @Nullable HandOver job =
                build.claim(Duration.ofSeconds(1).dividedBy(speed), 600).orElse(null);
        if (job == null) {
            return Agent.DELIVERED;
        }
        JobPayload payload = Wire.payload(job.payload());
        jobs.add(payload.id());
        running.incrementAndGet();
        try {
            build.leave(job.isRelayed() ? performRelayed(build, job) : perform(job, payload));
        } finally {
            running.decrementAndGet();
        }
        return Agent.DELIVERED;
    }

    private Receipt perform(HandOver job, JobPayload payload)
            throws IOException, InterruptedException {
        JobReports reports =
                new GitLabClient(
                                new RetryingCaller(
                                        http,
                                        Identity.userAgent(),
                                        InstantSource.system(),
                                        new SecureRandom(),
                                        Thread::sleep),
                                GitLabUrl.of(job.input().settings().url()),
                                Secret.NONE,
                                job.input().settings().systemId(),
                                Identity.of("codebuild", "bash", Map.of()))
                        .reports(payload.id(), payload.token(), false);
        byte[] head = job.log();
        byte[] begin = "it runs\n".getBytes(UTF_8);
        byte[] end = "Job succeeded\n".getBytes(UTF_8);
        byte[] log = Arrays.copyOf(head, head.length + begin.length + end.length);
        System.arraycopy(begin, 0, log, head.length, begin.length);
        System.arraycopy(end, 0, log, head.length + begin.length, end.length);
        int from = (int) job.acknowledged();
        int middle = head.length + begin.length;
        patch(reports, log, from, middle);
        awaitGo();
        int pause;
        synchronized (random) {
            pause = random.nextInt(ENDING);
        }
        Thread.sleep(pause / speed);
        patch(reports, log, middle, log.length);
        CRC32 sum = new CRC32();
        sum.update(log);
        var reply =
                reports.update(
                        new JobUpdate.Success(
                                new JobUpdate.LogState((int) sum.getValue(), log.length)));
        return new Receipt(
                reply instanceof io.armrunner.protocol.UpdateReply.Done,
                false,
                "success",
                "",
                "",
                0,
                log.length);
    }

    /** One that does not reach GitLab: it talks much, and then waits for the others. */
    private Receipt performRelayed(ScriptedBuild build, HandOver job)
            throws IOException, InterruptedException {
        byte[] piece = (PRINTED + "\n").repeat(RELAYED_LINES).getBytes(UTF_8);
        long offset = job.acknowledged();
        for (int number = 0; number < RELAYED_PIECES; number++) {
            build.say(number, new RelayMessage.Log(offset, piece));
            offset += piece.length;
        }
        awaitGo();
        byte[] end = "Job succeeded\n".getBytes(UTF_8);
        build.say(RELAYED_PIECES, new RelayMessage.Log(offset, end));
        return new Receipt(false, false, "success", "", "", 0, offset + end.length);
    }

    private void awaitGo() throws IOException, InterruptedException {
        if (!go.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            throw new IOException("the others did not come");
        }
    }

    private static void patch(JobReports reports, byte[] log, int from, int to)
            throws IOException, InterruptedException {
        byte[] part = Arrays.copyOfRange(log, from, to);
        var _ = reports.patch(from, part, part.length);
    }

    @Override
    public void close() {
        http.close();
        loops.close();
    }
}
