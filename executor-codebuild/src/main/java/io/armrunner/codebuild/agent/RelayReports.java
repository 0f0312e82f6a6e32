package io.armrunner.codebuild.agent;

import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.protocol.JobReports;
import io.armrunner.protocol.JobStatus;
import io.armrunner.protocol.JobUpdate;
import io.armrunner.protocol.PatchReply;
import io.armrunner.protocol.UpdateReply;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Log and state of a job on their way to the manager. What is written is as good as stored: the
 * manager has it whenever it looks, and brings it to GitLab itself.
 */
final class RelayReports implements JobReports {
    private static final int NOT_ANY_MORE = 403;

    private final RelayLine line;

    RelayReports(RelayLine line) {
        this.line = line;
    }

    @Override
    public PatchReply patch(long offset, byte[] bytes, int length)
            throws IOException, InterruptedException {
        long _ = line.send(new RelayMessage.Log(offset, Arrays.copyOf(bytes, length)));
        JobStatus status = line.status();
        return status == JobStatus.OVER
                ? new PatchReply.Abort(status, Optional.of(line.pause()))
                : new PatchReply.Accepted(status, Optional.of(line.pause()));
    }

    @Override
    public UpdateReply update(JobUpdate update) throws IOException, InterruptedException {
        return switch (update) {
            case JobUpdate.Accepted _, JobUpdate.KeepAlive _ -> {
                JobStatus status = line.status();
                yield status == JobStatus.OVER
                        ? new UpdateReply.Abort(NOT_ANY_MORE, status, Optional.of(line.pause()))
                        : new UpdateReply.Done(status, Optional.of(line.pause()));
            }
            // The receipt says it.
            case JobUpdate.Success _, JobUpdate.Failed _, JobUpdate.FailedElsewhere _ ->
                    new UpdateReply.Done(JobStatus.RUNNING, Optional.empty());
        };
    }
}
