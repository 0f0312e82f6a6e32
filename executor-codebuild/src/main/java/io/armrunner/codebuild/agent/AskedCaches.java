package io.armrunner.codebuild.agent;

import io.armrunner.cache.RemoteCache;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.PartsSigned;
import io.armrunner.codebuild.handover.PartsWanted;
import io.armrunner.codebuild.handover.SignedCaches;
import io.armrunner.trace.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * The job's caches, as the manager signed them. What belongs to an upload in parts it signs when it
 * is asked: the question is left in the build's own prefix, where the manager looks every one or
 * two minutes. Used by the job's thread.
 */
final class AskedCaches implements RemoteCache {
    /** The manager may be down for a while, and is not asked without need. */
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private static final Duration LOOK = Duration.ofSeconds(5);

    private final SignedCaches signed;
    private final BuildObjects objects;
    private final JobKeys keys;
    private final Ticker ticker;
    private Optional<PartsSigned> latest = Optional.empty();

    AskedCaches(SignedCaches signed, BuildObjects objects, JobKeys keys, Ticker ticker) {
        this.signed = signed;
        this.objects = objects;
        this.keys = keys;
        this.ticker = ticker;
    }

    @Override
    public Limits limits() {
        return signed.limits();
    }

    @Override
    public Request sign(Operation operation, String object, String cacheKey, Duration validity)
            throws IOException {
        return signed.sign(operation, object, cacheKey, validity);
    }

    @Override
    public Request sign(PartStep step, String object, String cacheKey, Duration validity)
            throws IOException, InterruptedException {
        return switch (step) {
            case PartStep.Begin _ -> signed.sign(step, object, cacheKey, validity);
            case PartStep.Part(String upload, int number) -> {
                int first = number - (number - 1) % PartsWanted.MOST;
                PartsSigned answer =
                        answer(new PartsWanted(object, upload, first, PartsWanted.MOST));
                yield answer.parts().get(number - first);
            }
            case PartStep.Complete(String upload) -> known(object, upload).ends().getFirst();
            case PartStep.GiveUp(String upload) -> known(object, upload).ends().getLast();
        };
    }

    /** The answer that is there, if it is about this upload, or one that is asked for. */
    private PartsSigned known(String object, String upload)
            throws IOException, InterruptedException {
        Optional<PartsSigned> there =
                latest.filter(answer -> answer.wanted().upload().equals(upload));
        return there.isPresent() ? there.get() : answer(new PartsWanted(object, upload, 1, 0));
    }

    private PartsSigned answer(PartsWanted wanted) throws IOException, InterruptedException {
        if (latest.isEmpty() || !latest.get().wanted().equals(wanted)) {
            latest = Optional.of(asked(wanted));
        }
        PartsSigned answer = latest.get();
        if (!answer.refusal().isEmpty()) {
            throw new IOException(answer.refusal());
        }
        return answer;
    }

    private PartsSigned asked(PartsWanted wanted) throws IOException, InterruptedException {
        objects.put(keys.wanted(), wanted.json());
        try {
            Duration end = ticker.now().plus(PATIENCE);
            while (ticker.now().compareTo(end) < 0) {
                Optional<byte[]> there = objects.get(keys.signed());
                if (there.isPresent()) {
                    PartsSigned answer = PartsSigned.read(there.get());
                    objects.delete(keys.signed());
                    if (answer.wanted().equals(wanted)) {
                        return answer;
                    }
                }
                Thread.sleep(LOOK);
            }
        } finally {
            objects.delete(keys.wanted());
        }
        return PartsSigned.refused(
                wanted,
                "the runner did not sign the parts of the cache within %d minutes"
                        .formatted(PATIENCE.toMinutes()));
    }
}
