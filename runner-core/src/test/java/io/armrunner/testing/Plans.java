package io.armrunner.testing;

import io.armrunner.plan.JobPlace;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.PlanCompiler;
import io.armrunner.plan.RunnerSettings;
import io.armrunner.spec.JobFailure;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Plans for tests of what works on one, without a coordinator. */
public final class Plans {
    private Plans() {}

    /** What the runner is in these plans. */
    public static RunnerSettings settings() {
        return RunnerSettings.minimal(
                "rack",
                "Zk3QpW9xL",
                "s_0a1b2c3d4e5f",
                "https://gitlab.example",
                "shell",
                new RunnerSettings.Product("armrunner", "1", "main", "linux/arm64"));
    }

    /** Where the job runs in these plans; nothing is there. */
    public static JobPlace place() {
        return new JobPlace(
                "/nonexistent/builds",
                "/nonexistent/cache",
                0,
                0,
                false,
                false,
                "pi-1",
                "",
                JobPlace.TlsFiles.NONE);
    }

    /** The plan of a payload. */
    public static JobPlan of(String payload) throws IOException, JobFailure {
        return PlanCompiler.compile(
                Wire.payload(payload.getBytes(StandardCharsets.UTF_8)), settings(), place());
    }
}
