package io.armrunner.engine;

import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.PatchReply;
import io.armrunner.protocol.UpdateReply;
import io.armrunner.trace.Bell;
import io.armrunner.trace.Ticker;
import io.armrunner.trace.TraceUploader.Delivery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a job whose engine elsewhere is gone: nobody here has the log's bytes, so GitLab is asked
 * how many it has, gets the reason behind them, and then the final state without a checksum. Runs
 * on the job's thread.
 */
final class TakeOver {
    private static final Logger LOG = LoggerFactory.getLogger(TakeOver.class);
    private static final int MOST_MOVES = 5;
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(5);

    private final long job;
    private final JobReports reports;
    private final Ticker ticker;
    private final int rounds;

    /**
     * @param rounds how often the final report is tried
     */
    TakeOver(long job, JobReports reports, Ticker ticker, int rounds) {
        this.job = job;
        this.reports = reports;
        this.ticker = ticker;
        this.rounds = rounds;
    }

    /**
     * Tells GitLab.
     *
     * @param offset where the log may end; GitLab says where it does
     * @param lastLine the reason, as the log has it
     * @param reason one that the server knows
     */
    Delivery end(long offset, String lastLine, String reason) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        boolean written = false;
        for (int round = 1; ; round++) {
            try {
                if (!written) {
                    if (!append(offset, "\n\u001b[31;1mERROR: " + lastLine + "\u001b[0;m\n")) {
                        return Delivery.OVER;
                    }
                    written = true;
                }
                switch (reports.update(new JobUpdate.FailedElsewhere(reason))) {
                    case UpdateReply.Done _ -> {
                        return Delivery.DELIVERED;
                    }
                    case UpdateReply.Abort over -> {
                        return over.httpStatus() == 200 ? Delivery.DELIVERED : Delivery.OVER;
                    }
                    case UpdateReply.AcceptedNotCompleted _,
                            UpdateReply.TraceValidationFailed _,
                            UpdateReply.Failed _ -> {}
                }
            } catch (IOException e) {
                LOG.warn("take_over_failed job={} error={}", job, e.toString());
            }
            if (round >= rounds) {
                return Delivery.GIVEN_UP;
            }
            ticker.await(new Bell(), pause);
            pause = pause.multipliedBy(2);
            pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
        }
    }

    /** Writes behind what GitLab has; says whether the job still wants to hear of us. */
    private boolean append(long offset, String text) throws IOException, InterruptedException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        long at = offset;
        for (int move = 0; move < MOST_MOVES; move++) {
            PatchReply reply = reports.patch(at, bytes, bytes.length);
            if (reply.status() == JobStatus.OVER) {
                return false;
            }
            switch (reply) {
                case PatchReply.Accepted _ -> {
                    return true;
                }
                case PatchReply.RangeMismatch(long length, JobStatus _, var _) -> at = length;
                case PatchReply.Abort _ -> {
                    return false;
                }
                case PatchReply.NotFound _, PatchReply.Failed _ ->
                        throw new IOException("the log's end was not taken: " + reply);
            }
        }
        throw new IOException("GitLab moved the log's end %d times".formatted(MOST_MOVES));
    }
}
