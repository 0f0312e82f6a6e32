package io.armrunner.ci;

import io.armrunner.ci.PipelineJob.Need;
import io.armrunner.ci.PipelineJob.When;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which jobs of a pipeline may start, given how the others ended: a state machine without threads
 * or clock.
 *
 * <p>The caller takes {@link #ready()}, tells {@link #started} and {@link #finished} of each, and
 * asks again, until {@link #isFinished()}. Jobs with {@code needs} wait for those only, others for
 * all earlier stages. Not thread-safe: one thread, or the caller's lock, owns it.
 */
public final class PipelineScheduler {
    private final Pipeline pipeline;
    private final Map<String, PipelineJob> jobs = new LinkedHashMap<>();
    private final Map<String, JobStatus> states = new LinkedHashMap<>();
    private final Map<String, String> reasons = new LinkedHashMap<>();
    private final Map<String, Integer> runs = new HashMap<>();
    private boolean closed;

    public PipelineScheduler(Pipeline pipeline) {
        this.pipeline = pipeline;
        for (PipelineJob job : pipeline.jobs()) {
            jobs.put(job.name(), job);
            states.put(job.name(), JobStatus.CREATED);
        }
        advance();
    }

    /**
     * The jobs that may start now, in the pipeline's order. A delayed one is among them: its {@code
     * startIn} is the caller's to wait for.
     */
    public List<PipelineJob> ready() {
        return in(JobStatus.READY);
    }

    /** The manual jobs that wait for {@link #play}. */
    public List<PipelineJob> manual() {
        return in(JobStatus.MANUAL);
    }

    private List<PipelineJob> in(JobStatus status) {
        return jobs.values().stream().filter(job -> states.get(job.name()) == status).toList();
    }

    /** Lets a manual job start. */
    public void play(String name) {
        move(name, JobStatus.MANUAL, JobStatus.READY);
    }

    /** Tells that a job of {@link #ready()} runs. */
    public void started(String name) {
        move(name, JobStatus.READY, JobStatus.RUNNING);
        runs.merge(name, 1, Integer::sum);
    }

    /**
     * Tells how a running job ended.
     *
     * @return the job's status now: {@link JobStatus#READY} when {@code retry} lets it run again
     */
    public JobStatus finished(String name, JobResult result) {
        JobStatus status = after(job(name), result);
        move(name, JobStatus.RUNNING, status);
        advance();
        return state(name);
    }

    /**
     * Ends all that does not run: cancelled pipelines start no more jobs. Running ones are still to
     * be reported.
     */
    public void cancel() {
        closed = true;
        for (Map.Entry<String, JobStatus> entry : states.entrySet()) {
            if (!entry.getValue().isFinal() && entry.getValue() != JobStatus.RUNNING) {
                entry.setValue(JobStatus.CANCELED);
                reasons.put(entry.getKey(), "the pipeline was cancelled");
            }
        }
    }

    /** Whether nothing runs and nothing may start. Jobs left then wait for a manual job. */
    public boolean isFinished() {
        return states.values().stream()
                .noneMatch(state -> state == JobStatus.READY || state == JobStatus.RUNNING);
    }

    /** Every job's status, in the pipeline's order. */
    public Map<String, JobStatus> statuses() {
        return Collections.unmodifiableMap(states);
    }

    /** Why a job was skipped, or what it waits for; by name. */
    public Map<String, String> reasons() {
        Map<String, String> all = new LinkedHashMap<>(reasons);
        for (PipelineJob job : jobs.values()) {
            if (state(job.name()) == JobStatus.CREATED) {
                all.put(job.name(), "waits for " + String.join(", ", open(job)));
            }
        }
        return all;
    }

    /** The pipeline's status, as GitLab sums it up. */
    public PipelineStatus status() {
        if (!isFinished()) {
            return PipelineStatus.RUNNING;
        }
        Collection<JobStatus> all = states.values();
        boolean blocked =
                jobs.values().stream()
                        .anyMatch(job ->
                                state(job.name()) == JobStatus.MANUAL
                                        && !job.allowFailure().always());
        if (blocked) {
            return PipelineStatus.MANUAL;
        }
        if (all.contains(JobStatus.FAILED)) {
            return PipelineStatus.FAILED;
        }
        if (all.contains(JobStatus.CANCELED)) {
            return PipelineStatus.CANCELED;
        }
        boolean ran = all.contains(JobStatus.SUCCESS) || all.contains(JobStatus.ALLOWED_FAILURE);
        return ran ? PipelineStatus.SUCCESS : PipelineStatus.SKIPPED;
    }

    private JobStatus after(PipelineJob job, JobResult result) {
        return switch (result) {
            case JobResult.Succeeded _ -> JobStatus.SUCCESS;
            case JobResult.Canceled _ -> JobStatus.CANCELED;
            case JobResult.Failed failed -> {
                if (!closed
                        && runs.getOrDefault(job.name(), 0) <= job.retry().max()
                        && retries(job, failed)) {
                    yield JobStatus.READY;
                }
                yield allows(job, failed) ? JobStatus.ALLOWED_FAILURE : JobStatus.FAILED;
            }
        };
    }

    private static boolean retries(PipelineJob job, JobResult.Failed failed) {
        PipelineJob.Retry retry = job.retry();
        return retry.max() > 0
                && (retry.when().contains("always")
                        || retry.when().contains(failed.reason().wireName())
                        || (failed.exitCode().isPresent()
                                && retry.exitCodes().contains(failed.exitCode().getAsInt())));
    }

    private static boolean allows(PipelineJob job, JobResult.Failed failed) {
        PipelineJob.AllowFailure allow = job.allowFailure();
        return allow.always()
                || (failed.exitCode().isPresent()
                        && allow.exitCodes().contains(failed.exitCode().getAsInt()));
    }

    /**
     * Decides every created job that can be decided; one skipped job may decide the next, so until
     * nothing moves.
     */
    private void advance() {
        boolean moved = true;
        while (moved) {
            moved = false;
            for (PipelineJob job : jobs.values()) {
                if (state(job.name()) == JobStatus.CREATED && !closed && open(job).isEmpty()) {
                    decide(job);
                    moved = true;
                }
            }
        }
    }

    private void decide(PipelineJob job) {
        Before before = before(job);
        boolean dag = job.needs().isPresent();
        // The same table as GitLab's: a skipped job satisfies the stage order, but not a job that
        // needs it by name.
        boolean starts =
                switch (job.when()) {
                    case ALWAYS -> true;
                    case ON_FAILURE -> before == Before.FAILED;
                    case ON_SUCCESS, MANUAL, DELAYED ->
                            before == Before.SUCCESS || (before == Before.SKIPPED && !dag);
                };
        if (starts) {
            states.put(job.name(), job.when() == When.MANUAL ? JobStatus.MANUAL : JobStatus.READY);
            return;
        }
        states.put(job.name(), JobStatus.SKIPPED);
        reasons.put(job.name(), whySkipped(job, before));
    }

    private String whySkipped(PipelineJob job, Before before) {
        if (job.when() == When.ON_FAILURE) {
            return "when: on_failure, and nothing before it failed";
        }
        JobStatus culprit =
                switch (before) {
                    case FAILED -> JobStatus.FAILED;
                    case CANCELED -> JobStatus.CANCELED;
                    case SUCCESS, SKIPPED -> JobStatus.SKIPPED;
                };
        List<String> names = waitsFor(job).stream().filter(name -> state(name) == culprit).toList();
        String how =
                switch (before) {
                    case FAILED -> " failed";
                    case CANCELED -> " was cancelled";
                    case SUCCESS, SKIPPED -> " was skipped";
                };
        return String.join(", ", names) + how;
    }

    private enum Before {
        SUCCESS,
        FAILED,
        CANCELED,
        SKIPPED
    }

    private Before before(PipelineJob job) {
        List<JobStatus> all = waitsFor(job).stream().map(this::state).toList();
        boolean dag = job.needs().isPresent();
        if (dag && all.contains(JobStatus.SKIPPED)) {
            return Before.SKIPPED;
        }
        if (all.contains(JobStatus.FAILED)) {
            return Before.FAILED;
        }
        if (all.contains(JobStatus.CANCELED)) {
            return Before.CANCELED;
        }
        boolean onlySkipped =
                !all.isEmpty() && all.stream().allMatch(state -> state == JobStatus.SKIPPED);
        return onlySkipped ? Before.SKIPPED : Before.SUCCESS;
    }

    /**
     * The jobs it must still wait for. A manual job that may fail holds up no stage, only those
     * that need it by name.
     */
    private List<String> open(PipelineJob job) {
        boolean dag = job.needs().isPresent();
        List<String> open = new ArrayList<>();
        for (String name : waitsFor(job)) {
            JobStatus state = state(name);
            boolean optional =
                    state == JobStatus.MANUAL && job(name).allowFailure().always() && !dag;
            if (!state.isFinal() && !optional) {
                open.add(name);
            }
        }
        return open;
    }

    private List<String> waitsFor(PipelineJob job) {
        if (job.needs().isPresent()) {
            return job.needs().get().stream().map(Need::job).toList();
        }
        int own = pipeline.stages().indexOf(job.stage());
        return jobs.values().stream()
                .filter(other -> pipeline.stages().indexOf(other.stage()) < own)
                .map(PipelineJob::name)
                .toList();
    }

    private JobStatus state(String name) {
        JobStatus state = states.get(name);
        if (state == null) {
            throw new IllegalArgumentException("no job of this pipeline: " + name);
        }
        return state;
    }

    private PipelineJob job(String name) {
        PipelineJob job = jobs.get(name);
        if (job == null) {
            throw new IllegalArgumentException("no job of this pipeline: " + name);
        }
        return job;
    }

    private void move(String name, JobStatus from, JobStatus to) {
        JobStatus now = state(name);
        if (now != from) {
            throw new IllegalStateException("job " + name + " is " + now + ", not " + from);
        }
        states.put(name, to);
    }
}
