package io.armrunner.engine;

import io.armrunner.engine.ScriptStage.OnCancel;
import io.armrunner.files.FileStages;
import io.armrunner.lane.Environment;
import io.armrunner.lane.StageScript;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.script.StageScripts;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.PolicyOptions;
import io.armrunner.trace.JobLog;
import io.armrunner.trace.Ticker;
import io.armrunner.variables.GoDuration;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Walks a plan: the stages in GitLab's order, what is skipped after which failure, and what the
 * job's outcome is (job-semantics §1.2 to §1.7). Runs on the job's thread.
 */
final class StageRunner {
    private static final int PREPARE_TRIES = 3;
    private static final String TIMEOUT_HELP =
            " could not run to completion because the timeout was exceeded. For more control over job and script"
                    + " timeouts see: https://docs.gitlab.com/ci/runners/configure_runners/#set-script-and-after_script-timeouts";

    private final JobPlan plan;
    private final Environment environment;
    private final FileStages files;
    private final JobLog log;
    private final Progress progress;
    private final StopSignal stop;
    private final Ticker ticker;
    private final EngineLimits limits;
    private final Consumer<String> stageListener;
    private final ScriptStage scripts;
    private final Deadline jobDeadline;

    /** The first failure of the job, which is the one that is reported. */
    private Optional<Outcome.Failed> failure = Optional.empty();

    /** Whether the job's own context is over: no further stage runs. */
    private boolean ended;

    private String jobStatus = "running";

    StageRunner(
            JobPlan plan,
            Environment environment,
            FileStages files,
            JobLog log,
            Progress progress,
            StopSignal stop,
            Ticker ticker,
            EngineLimits limits,
            Consumer<String> stageListener) {
        this.plan = plan;
        this.environment = environment;
        this.files = files;
        this.log = log;
        this.progress = progress;
        this.stop = stop;
        this.ticker = ticker;
        this.limits = limits;
        this.stageListener = stageListener;
        scripts = new ScriptStage(environment, log, progress, stop, ticker, limits);
        jobDeadline = progress.in(plan.timeouts().job());
    }

    /** Runs all stages. The log's last line is the caller's. */
    Outcome run() throws InterruptedException {
        try {
            stages();
        } catch (RuntimeException | LinkageError | StackOverflowError broken) {
            deleteSecrets();
            throw broken;
        }
        // Not after an interrupt: the job's processes run on then, and need their files.
        deleteSecrets();
        if (stop.cause() instanceof StopSignal.Cause.OverForGitLab) {
            return new Outcome.Over();
        }
        return failure.<Outcome>map(failed -> failed).orElseGet(Outcome.Succeeded::new);
    }

    private void stages() throws InterruptedException {
        Deadline prepare = progress.in(plan.timeouts().prepare()).orEarlier(jobDeadline);
        if (!prepareExecutor(prepare) || !prepareEnvironment(prepare)) {
            return;
        }
        if (getSources()
                && fileStage(Stage.RestoreCache.class, plan.job().attempts().restoreCache())
                && fileStage(
                        Stage.DownloadArtifacts.class, plan.job().attempts().artifactDownload())) {
            userScripts();
        }
        archiveAndUpload();
        cleanUp();
    }

    // ---- preparation
    // ---------------------------------------------------------------------------------------------

    private boolean prepareExecutor(Deadline deadline) throws InterruptedException {
        String id = "prepare_executor";
        stageListener.accept(id);
        log.sectionStart(id, "Preparing the \"" + plan.settings().executor() + "\" executor");
        StageResult result =
                progress.preparation(id, () -> preparation(deadline), environment::handle);
        if (progress.handle().isPresent()) {
            result = takeUp(progress.handle().get());
        }
        log.sectionEnd(id);
        return passed(result);
    }

    private StageResult takeUp(String handle) throws InterruptedException {
        try {
            environment.takeUp(handle, progress.scripts(), progress.saved().output());
            return new StageResult.Passed();
        } catch (JobFailure gone) {
            progress.forgetHistory();
            return new StageResult.Lost(gone);
        } catch (IOException unreadable) {
            progress.forgetHistory();
            return new StageResult.Lost(
                    new JobFailure(
                            FailureReason.RUNNER_SYSTEM_FAILURE,
                            "the job's processes could not be found after a restart of the runner: "
                                    + unreadable.getMessage(),
                            unreadable));
        }
    }

    private StageResult preparation(Deadline deadline) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            Optional<StageResult> over = over(deadline);
            if (over.isPresent()) {
                return over.get();
            }
            environment.description().forEach(log::plain);
            try {
                environment.prepare();
                return new StageResult.Passed();
            } catch (JobFailure known) {
                return new StageResult.Broken(known);
            } catch (IOException unknown) {
                log.error("Preparation failed: " + unknown.getMessage());
                log.info("Will be retried in " + GoDuration.format(limits.prepareRetry()) + " ...");
                stop.pause(limits.prepareRetry());
                if (attempt == PREPARE_TRIES) {
                    return new StageResult.Broken(
                            new JobFailure(
                                    FailureReason.RUNNER_SYSTEM_FAILURE,
                                    String.valueOf(unknown.getMessage())));
                }
            }
        }
    }

    /** Why there is no further try to prepare, if so. */
    private Optional<StageResult> over(Deadline deadline) {
        if (stop.level() == StopSignal.Level.ABORT || jobDeadline.isOver(ticker)) {
            return Optional.of(new StageResult.JobEnds());
        }
        if (stop.level() == StopSignal.Level.CANCEL) {
            return Optional.of(new StageResult.Cancelled());
        }
        if (deadline.isOver(ticker)) {
            Outcome.Failed late = timeout("prepare timeout", plan.timeouts().prepare());
            return Optional.of(
                    new StageResult.Broken(new JobFailure(late.reason(), late.explanation())));
        }
        return Optional.empty();
    }

    private boolean prepareEnvironment(Deadline deadline) throws InterruptedException {
        StageResult result = section(new Stage.PrepareScript(), deadline, OnCancel.ENDS);
        return switch (result) {
            case StageResult.Exited(int status) -> {
                fail(
                        new Outcome.Failed(
                                FailureReason.SCRIPT_FAILURE,
                                "prepare environment: %s %d. Check https://docs.gitlab.com/runner/shells/#shell-profile-loading for more information"
                                        .formatted(environment.exitWord(), status),
                                status));
                yield false;
            }
            case StageResult.TimedOut _ -> {
                fail(timeout("prepare timeout", plan.timeouts().prepare()));
                yield false;
            }
            case StageResult.Passed _,
                    StageResult.Killed _,
                    StageResult.Cancelled _,
                    StageResult.JobEnds _,
                    StageResult.Broken _,
                    StageResult.Lost _ ->
                    passed(result);
        };
    }

    // ---- sources, caches, artifacts
    // ------------------------------------------------------------------------------

    /** Whether the job may go on to its scripts. */
    private boolean getSources() throws InterruptedException {
        Deadline deadline = progress.in(plan.timeouts().getSources()).orEarlier(jobDeadline);
        int attempts = plan.job().attempts().getSources();
        Duration pause = plan.retryFirstDelay();
        for (int attempt = 1; ; attempt++) {
            if (attempt == 2) {
                section(new Stage.ClearWorktree(), deadline, OnCancel.ENDS);
            }
            StageResult result = section(new Stage.GetSources(), deadline, OnCancel.ENDS);
            if (result instanceof StageResult.TimedOut) {
                // Unlike other failures of this stage, this one ends all: nobody knows what git
                // still holds.
                fail(timeout("get sources timeout", plan.timeouts().getSources()));
                ended = true;
                return false;
            }
            if (attempt == attempts || !worthAnotherTry(result)) {
                return passed(result);
            }
            log.warning("Retrying...");
            progress.pause(pause);
            pause =
                    pause.multipliedBy(2).compareTo(plan.retryMaxDelay()) < 0
                            ? pause.multipliedBy(2)
                            : plan.retryMaxDelay();
        }
    }

    private <S extends Stage> boolean fileStage(Class<S> kind, int attempts)
            throws InterruptedException {
        Optional<Stage> stage = find(kind);
        if (stage.isEmpty()) {
            return true;
        }
        Duration pause = plan.retryFirstDelay();
        for (int attempt = 1; ; attempt++) {
            StageResult result = fileSection(stage.get(), OnCancel.ENDS);
            if (attempt == attempts || !worthAnotherTry(result)) {
                return passed(result);
            }
            log.warning("Retrying...");
            progress.pause(pause);
            pause =
                    pause.multipliedBy(2).compareTo(plan.retryMaxDelay()) < 0
                            ? pause.multipliedBy(2)
                            : plan.retryMaxDelay();
        }
    }

    private static boolean worthAnotherTry(StageResult result) {
        return switch (result) {
            case StageResult.Exited _, StageResult.Killed _, StageResult.Broken _ -> true;
            case StageResult.Passed _,
                    StageResult.Cancelled _,
                    StageResult.TimedOut _,
                    StageResult.JobEnds _,
                    StageResult.Lost _ ->
                    false;
        };
    }

    // ---- the user's scripts
    // --------------------------------------------------------------------------------------

    private void userScripts() throws InterruptedException {
        printPolicy();
        plan.scriptTimeoutWarnings().forEach(log::warning);
        Deadline scriptDeadline =
                plan.timeouts()
                        .script()
                        .map(limit -> progress.in(limit).orEarlier(jobDeadline))
                        .orElse(jobDeadline);
        jobStatus = "success";
        for (Stage stage : plan.stages()) {
            if (stage instanceof Stage.Step && !step(stage, scriptDeadline)) {
                break;
            }
        }
        if (!ended) {
            afterScript();
        }
    }

    private boolean step(Stage stage, Deadline deadline) throws InterruptedException {
        StageResult result = sectionAs(stage, "running", deadline, OnCancel.ENDS);
        switch (result) {
            case StageResult.Passed _ -> {
                return true;
            }
            case StageResult.Cancelled _ -> {
                log.warning("script canceled externally (UI, API)");
                fail(canceled());
                jobStatus = "canceled";
            }
            case StageResult.TimedOut _ -> {
                fail(
                        new Outcome.Failed(
                                FailureReason.JOB_EXECUTION_TIMEOUT,
                                "script timeout: context deadline exceeded",
                                0));
                jobStatus = "timedout";
            }
            case StageResult.Exited _,
                    StageResult.Killed _,
                    StageResult.JobEnds _,
                    StageResult.Broken _,
                    StageResult.Lost _ -> {
                passed(result);
                jobStatus = "failed";
            }
        }
        return false;
    }

    private void afterScript() throws InterruptedException {
        Optional<Stage> after = find(Stage.AfterScript.class);
        if (after.isEmpty()) {
            return;
        }
        Deadline deadline = progress.in(plan.timeouts().afterScript()).orEarlier(jobDeadline);
        StageResult result = section(after.get(), deadline, OnCancel.GOES_ON);
        if (result instanceof StageResult.Passed) {
            return;
        }
        if (endsJob(result)) {
            passed(result);
            return;
        }
        Outcome.Failed failed =
                result instanceof StageResult.TimedOut
                        ? new Outcome.Failed(
                                FailureReason.JOB_EXECUTION_TIMEOUT, "context deadline exceeded", 0)
                        : failureOf(result);
        if (plan.job().afterScriptIgnoresErrors()) {
            log.warning(
                    "after_script failed, but job will continue unaffected: "
                            + failed.explanation());
        } else {
            fail(failed);
        }
    }

    private void printPolicy() {
        PolicyOptions policy = plan.payload().policyOptions();
        if (policy == null || !policy.executionPolicyJob()) {
            return;
        }
        log.info("Job triggered by policy \"" + policy.policyName() + "\".");
        if (policy.policyVariablesOverrideAllowed() == null) {
            log.info(
                    "User-defined CI/CD variables have the precedence that the policy's strategy gives them.");
        } else {
            String exceptions = String.join(", ", policy.policyVariablesOverrideExceptions());
            String but = exceptions.isEmpty() ? "." : ", except: " + exceptions + ".";
            log.info(
                    (Boolean.TRUE.equals(policy.policyVariablesOverrideAllowed())
                                    ? "User-defined CI/CD variables may override the policy's variables"
                                    : "User-defined CI/CD variables may not override the policy's variables")
                            + but);
        }
    }

    // ---- after the scripts
    // ---------------------------------------------------------------------------------------

    private void archiveAndUpload() throws InterruptedException {
        Stage.When when = failure.isPresent() ? Stage.When.FAILURE : Stage.When.SUCCESS;
        Optional<Outcome.Failed> cacheFailure = Optional.empty();
        Optional<Outcome.Failed> uploadFailure = Optional.empty();
        for (Stage stage : plan.stages()) {
            if (ended) {
                return;
            }
            if (stage instanceof Stage.ArchiveCache cache && cache.when() == when) {
                cacheFailure = ending(fileSection(stage, OnCancel.GOES_ON));
            } else if (stage instanceof Stage.UploadArtifacts upload && upload.when() == when) {
                uploadFailure = ending(fileSection(stage, OnCancel.GOES_ON));
            }
        }
        // The script's error comes first, then the cache's, then the upload's (job-semantics §1.2).
        cacheFailure.ifPresent(this::fail);
        uploadFailure.ifPresent(this::fail);
    }

    private Optional<Outcome.Failed> ending(StageResult result) {
        if (result instanceof StageResult.Passed) {
            return Optional.empty();
        }
        if (endsJob(result)) {
            passed(result);
            return Optional.empty();
        }
        return Optional.of(failureOf(result));
    }

    private static boolean endsJob(StageResult result) {
        return result instanceof StageResult.JobEnds || result instanceof StageResult.Lost;
    }

    private void cleanUp() throws InterruptedException {
        Optional<Stage> cleanup = find(Stage.Cleanup.class);
        if (ended || cleanup.isEmpty()) {
            return;
        }
        StageResult result = section(cleanup.get(), jobDeadline, OnCancel.GOES_ON);
        if (endsJob(result)) {
            passed(result);
        }
        // Any other trouble here is the operator's: the job's result stands.
    }

    /**
     * Whatever has happened, no file variable and no token stays behind; a second deletion finds
     * nothing.
     */
    private void deleteSecrets() {
        find(Stage.Cleanup.class)
                .ifPresent(stage -> {
                    try {
                        environment.delete(((Stage.Cleanup) stage).files());
                    } catch (IOException e) {
                        log.warning(
                                "could not delete the job's temporary files: " + e.getMessage());
                    }
                });
    }

    // ---- one stage
    // -----------------------------------------------------------------------------------------------

    private StageResult section(Stage stage, Deadline deadline, OnCancel onCancel)
            throws InterruptedException {
        return sectionAs(stage, jobStatus, deadline, onCancel);
    }

    private StageResult sectionAs(Stage stage, String status, Deadline deadline, OnCancel onCancel)
            throws InterruptedException {
        if (ended) {
            return new StageResult.JobEnds();
        }
        stageListener.accept(stage.id());
        log.sectionStart(stage.id(), stage.header());
        StageResult result =
                progress.script(
                        stage.id(),
                        environment::started,
                        () -> runScript(stage, status, deadline, onCancel),
                        stopping ->
                                scripts.goOn(
                                        stage.id(), jobDeadline, deadline, onCancel, stopping));
        if (stage instanceof Stage.Cleanup) {
            deleteSecrets();
        }
        log.sectionEnd(stage.id());
        warnOfTimeout(stage, result);
        return result;
    }

    private StageResult runScript(Stage stage, String status, Deadline deadline, OnCancel onCancel)
            throws InterruptedException {
        try {
            Optional<StageScript> script = StageScripts.render(plan, stage, status);
            return script.isPresent()
                    ? scripts.run(script.get(), jobDeadline, deadline, onCancel)
                    : new StageResult.Passed();
        } catch (JobFailure unwritable) {
            return new StageResult.Broken(unwritable);
        }
    }

    private StageResult fileSection(Stage stage, OnCancel onCancel) throws InterruptedException {
        if (ended) {
            return new StageResult.JobEnds();
        }
        if (onCancel == OnCancel.ENDS
                && stop.level() == StopSignal.Level.CANCEL
                && !progress.hasHistory()) {
            return new StageResult.Cancelled();
        }
        stageListener.accept(stage.id());
        log.sectionStart(stage.id(), stage.header());
        StageResult result =
                progress.work(
                        stage.id(),
                        () -> moveFiles(stage),
                        _ -> {
                            log.warning("the runner was restarted, this is done once more");
                            return Optional.empty();
                        });
        log.sectionEnd(stage.id());
        warnOfTimeout(stage, result);
        return result;
    }

    private StageResult moveFiles(Stage stage) throws InterruptedException {
        try {
            stop.interruptible(() -> files.run(plan, stage, log));
            return new StageResult.Passed();
        } catch (JobFailure failed) {
            return failed.reason() == FailureReason.SCRIPT_FAILURE && failed.exitCode() != 0
                    ? new StageResult.Exited(failed.exitCode())
                    : new StageResult.Broken(failed);
        } catch (IOException failed) {
            return new StageResult.Broken(
                    new JobFailure(
                            FailureReason.RUNNER_SYSTEM_FAILURE,
                            stage.id() + ": " + failed.getMessage(),
                            failed));
        } catch (InterruptedException e) {
            if (stop.level() != StopSignal.Level.ABORT) {
                throw e;
            }
            return new StageResult.JobEnds();
        }
    }

    private void warnOfTimeout(Stage stage, StageResult result) {
        if (result instanceof StageResult.TimedOut
                || (result instanceof StageResult.JobEnds && stop.cause() == null)) {
            log.warning(stage.id() + TIMEOUT_HELP);
        }
    }

    /** Notes what a stage's result means for the job; says whether it passed. */
    private boolean passed(StageResult result) {
        switch (result) {
            case StageResult.Passed _ -> {
                return true;
            }
            case StageResult.JobEnds _ -> {
                ended = true;
                fail(endOfJob());
            }
            case StageResult.Cancelled _ -> {
                ended = true;
                fail(canceled());
            }
            case StageResult.Lost _ -> {
                ended = true;
                fail(failureOf(result));
            }
            case StageResult.Exited _,
                    StageResult.Killed _,
                    StageResult.TimedOut _,
                    StageResult.Broken _ ->
                    fail(failureOf(result));
        }
        return false;
    }

    private Outcome.Failed failureOf(StageResult result) {
        return switch (result) {
            case StageResult.Exited(int status) ->
                    new Outcome.Failed(
                            FailureReason.SCRIPT_FAILURE,
                            environment.exitWord() + " " + status,
                            status);
            case StageResult.Killed _ ->
                    new Outcome.Failed(FailureReason.SCRIPT_FAILURE, "signal: killed", -1);
            case StageResult.Broken(JobFailure broken) -> Outcome.Failed.of(broken);
            case StageResult.Lost(JobFailure lost) -> Outcome.Failed.of(lost);
            case StageResult.Cancelled _ -> canceled();
            case StageResult.TimedOut _, StageResult.JobEnds _ -> endOfJob();
            case StageResult.Passed _ ->
                    throw new IllegalArgumentException("a stage that passed has no failure");
        };
    }

    private Outcome.Failed endOfJob() {
        return stop.cause() instanceof StopSignal.Cause.RunnerStops(String signal)
                ? new Outcome.Failed(FailureReason.RUNNER_INTERRUPTED, "aborted: " + signal, 0)
                : new Outcome.Failed(
                        FailureReason.JOB_EXECUTION_TIMEOUT,
                        // The odd word at the end is what log scrapers know.
                        "execution took longer than "
                                + GoDuration.format(plan.timeouts().job())
                                + " seconds",
                        0);
    }

    private static Outcome.Failed timeout(String what, Duration limit) {
        return new Outcome.Failed(
                FailureReason.JOB_EXECUTION_TIMEOUT,
                what + ": exceeded timeout of " + GoDuration.format(limit),
                0);
    }

    private static Outcome.Failed canceled() {
        return new Outcome.Failed(FailureReason.JOB_CANCELED, "canceled", 0);
    }

    private void fail(Outcome.Failed failed) {
        if (failure.isEmpty()) {
            failure = Optional.of(FullDisk.blamed(failed, places()));
        }
    }

    /** Where the job writes, and the runner for it. */
    private List<Path> places() {
        Path directory = log.path().toAbsolutePath().getParent();
        Path builds = Path.of(plan.place().buildsRoot());
        return directory == null ? List.of(builds) : List.of(builds, directory);
    }

    private <S extends Stage> Optional<Stage> find(Class<S> kind) {
        return plan.stages().stream().filter(kind::isInstance).findFirst();
    }
}
