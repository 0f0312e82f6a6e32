package io.armrunner.trace;

import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.PatchReply;
import io.armrunner.protocol.UpdateReply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * GitLab's side of one job, on the test's own thread: stores what fits, refuses what does not, and
 * writes down every call with its time. Scripted replies come before its own.
 */
final class StrictReports implements JobReports {
    interface PatchScript {
        PatchReply reply(long offset, byte[] bytes, int length) throws IOException;
    }

    interface UpdateScript {
        UpdateReply reply(JobUpdate update) throws IOException;
    }

    static final Optional<Duration> SAME = Optional.empty();

    final ByteArrayOutputStream stored = new ByteArrayOutputStream();
    final List<String> calls = new ArrayList<>();
    final List<JobUpdate> updates = new ArrayList<>();
    final Deque<PatchScript> patchScripts = new ArrayDeque<>();
    final Deque<UpdateScript> updateScripts = new ArrayDeque<>();
    JobStatus status = JobStatus.RUNNING;
    Optional<Duration> interval = SAME;
    private final ManualTicker ticker;
    private boolean over;

    StrictReports(ManualTicker ticker) {
        this.ticker = ticker;
    }

    @Override
    public PatchReply patch(long offset, byte[] bytes, int length) throws IOException {
        check(length > 0, "empty patch at " + offset);
        check(length <= MAX_PATCH_BYTES, "patch of " + length);
        check(bytes.length >= length, "patch longer than its array");
        record("PATCH " + offset + "+" + length);
        PatchScript script = patchScripts.poll();
        PatchReply reply =
                script == null ? store(offset, bytes, length) : script.reply(offset, bytes, length);
        over |= reply instanceof PatchReply.Abort;
        return reply;
    }

    PatchReply store(long offset, byte[] bytes, int length) {
        if (offset != stored.size()) {
            return new PatchReply.RangeMismatch(stored.size(), status, interval);
        }
        stored.write(bytes, 0, length);
        return new PatchReply.Accepted(status, interval);
    }

    @Override
    public UpdateReply update(JobUpdate update) throws IOException {
        record(
                switch (update) {
                    case JobUpdate.Accepted _ -> "PUT accepted";
                    case JobUpdate.KeepAlive _ -> "PUT running";
                    case JobUpdate.Success _ -> "PUT success";
                    case JobUpdate.Failed _, JobUpdate.FailedElsewhere _ -> "PUT failed";
                });
        updates.add(update);
        UpdateScript script = updateScripts.poll();
        UpdateReply reply = script == null ? accept(update) : script.reply(update);
        over |= reply instanceof UpdateReply.Abort;
        return reply;
    }

    private UpdateReply accept(JobUpdate update) {
        if (update instanceof JobUpdate.Success(JobUpdate.LogState log)) {
            CRC32 crc = new CRC32();
            crc.update(stored.toByteArray());
            check(
                    log.size() == stored.size(),
                    "final size " + log.size() + ", stored " + stored.size());
            check(log.crc32() == (int) crc.getValue(), "final checksum is wrong");
            over = true;
        }
        return new UpdateReply.Done(status, interval);
    }

    private void record(String call) {
        calls.add(ticker.now().toMillis() + " " + call);
        check(!over, "sent after the end: " + calls);
    }

    private static void check(boolean condition, String wrong) {
        if (!condition) {
            throw new AssertionError(wrong);
        }
    }
}
