package io.armrunner.manager;

import io.armrunner.protocol.JobReply;
import io.armrunner.protocol.JobSource;
import io.armrunner.status.JobEvents;
import io.armrunner.status.JobEvents.Asked;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A runner's source of jobs that tells the operator of each request, and makes none where the disk
 * is too full for a job.
 */
record ToldSource(
        JobSource source,
        String runner,
        RequestConcurrency concurrency,
        DiskFloor floor,
        List<Path> directories,
        JobEvents events)
        implements JobSource {
    ToldSource {
        directories = List.copyOf(directories);
    }

    @Override
    public JobReply request(boolean mayBeHeld) throws IOException, InterruptedException {
        if (floor.isShort(directories)) {
            events.notAsked(runner);
            return new JobReply.NoJob(0);
        }
        events.asking(runner);
        Asked.Kind kind = Asked.Kind.FAILED;
        try {
            JobReply reply = source.request(mayBeHeld);
            kind =
                    switch (reply) {
                        case JobReply.Job _ -> Asked.Kind.JOB;
                        case JobReply.NoJob _, JobReply.Conflict _ -> Asked.Kind.NO_JOB;
                        case JobReply.Forbidden _ -> Asked.Kind.REFUSED;
                        case JobReply.Failed _ -> Asked.Kind.FAILED;
                    };
            return reply;
        } finally {
            events.answered(runner, new Asked(kind, concurrency.value(), concurrency.current()));
        }
    }
}
