package io.armrunner.script;

import io.armrunner.git.SourcesScript;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.Stage;
import io.armrunner.shell.ShellText;
import io.armrunner.spec.Hook;
import io.armrunner.spec.JobFailure;
import java.util.List;

/** What each stage does, before it is wrapped. */
final class Bodies {
    private static final String PRE_GET_SOURCES = "pre_get_sources_script";
    private static final String POST_GET_SOURCES = "post_get_sources_script";

    private Bodies() {}

    static String prepare(JobPlan plan) {
        ShellText text = new ShellText();
        text.print("Running on " + plan.place().hostname() + "...");
        // What an aborted job of this slot left must not reach this one.
        String env = ShellText.quote(plan.directories().temp() + "/gitlab_runner_env");
        text.line("[ ! -e " + env + " ] || rm -f " + env);
        return text.toString();
    }

    static String getSources(JobPlan plan, String jobStatus) throws JobFailure {
        ShellText before = new ShellText();
        Commands.writeOne(plan, "pre_clone_script", plan.settings().preGetSourcesScript(), before);
        Commands.write(plan, "pre_clone_script", hook(plan, PRE_GET_SOURCES), before);
        ShellText after = new ShellText();
        Commands.write(plan, "post_clone_script", hook(plan, POST_GET_SOURCES), after);
        Commands.writeOne(plan, "post_clone_script", plan.settings().postGetSourcesScript(), after);
        ShellText text = new ShellText();
        Exports.write(plan, jobStatus, text);
        text.line(SourcesScript.getSources(plan, before.toString(), after.toString()));
        return text.toString();
    }

    static String clearWorktree(JobPlan plan) throws JobFailure {
        return SourcesScript.clearWorktree(plan);
    }

    static String step(JobPlan plan, Stage.Step step, String jobStatus) {
        ShellText text = start(plan, jobStatus);
        Commands.writeOne(plan, "pre_build_script", plan.settings().preBuildScript(), text);
        Commands.write(plan, "script_step", step.commands(), text);
        Commands.writeOne(plan, "post_build_script", plan.settings().postBuildScript(), text);
        return text.toString();
    }

    static String afterScript(JobPlan plan, Stage.AfterScript stage, String jobStatus) {
        ShellText text = start(plan, jobStatus);
        text.notice("Running after script...");
        Commands.write(plan, "after_script_step", stage.commands(), text);
        return text.toString();
    }

    static String cleanup(JobPlan plan, String jobStatus) throws JobFailure {
        ShellText text = new ShellText();
        Exports.write(plan, jobStatus, text);
        text.line(SourcesScript.cleanup(plan));
        return text.toString();
    }

    private static ShellText start(JobPlan plan, String jobStatus) {
        ShellText text = new ShellText();
        Exports.write(plan, jobStatus, text);
        text.line(SourcesScript.credentialsForScripts(plan));
        text.command("cd", plan.directories().project());
        return text;
    }

    private static List<String> hook(JobPlan plan, String name) {
        return plan.payload().hooks().stream()
                .filter(hook -> hook.name().equals(name))
                .map(Hook::script)
                .findFirst()
                .orElse(List.of());
    }
}
