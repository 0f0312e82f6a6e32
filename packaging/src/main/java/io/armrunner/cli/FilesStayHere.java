package io.armrunner.cli;

import io.armrunner.engine.FileStages;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.trace.JobLog;

/** Says that caches and artifacts are not moved by this version. */
final class FilesStayHere implements FileStages {
    @Override
    public void run(JobPlan plan, Stage stage, JobLog log) {
        log.warning(stage.id() + ": this version of armrunner does not move caches and artifacts");
    }
}
