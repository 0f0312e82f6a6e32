package io.armrunner.script;

import io.armrunner.plan.JobPlan;
import io.armrunner.shell.ShellText;
import io.armrunner.spec.Variable;
import io.armrunner.variables.JobVariables;
import java.util.ArrayList;
import java.util.List;

/**
 * The first part of every body but two: the variables, and what earlier stages left in {@code
 * GITLAB_ENV}.
 */
final class Exports {
    private Exports() {}

    static void write(JobPlan plan, String jobStatus, ShellText text) {
        JobVariables variables = plan.variables().withFirst("CI_JOB_STATUS", jobStatus);
        String temp = ShellText.quote(plan.directories().temp());
        text.line("[ -d " + temp + " ] || mkdir -p " + temp);
        writeFiles(plan, variables, text);
        for (Variable variable : variables.list()) {
            // A name that is no identifier is quoted: the shell refuses it, and the stage fails
            // there.
            text.line(
                    "export "
                            + ShellText.quote(variable.key())
                            + "="
                            + ShellText.quote(variables.exported(variable)));
        }
        String env = ShellText.quote(plan.directories().temp() + "/gitlab_runner_env");
        text.line("export GITLAB_ENV=" + env);
        text.line(": >>" + env);
        text.line("while read -r armrunner_line; do export \"$armrunner_line\"; done <" + env);
        text.line("unset armrunner_line");
    }

    private static void writeFiles(JobPlan plan, JobVariables variables, ShellText text) {
        List<String> writes = new ArrayList<>();
        for (Variable variable : variables.list()) {
            if (variable.file() && ShellText.isIdentifier(variable.key())) {
                writes.add(
                        "printf %s "
                                + ShellText.quote(variable.value())
                                + " >"
                                + ShellText.quote(variables.exported(variable)));
            }
        }
        if (writes.isEmpty()) {
            return;
        }
        // On a host the files are for the job's user alone. In an environment of the job's own the
        // image may have
        // another user, who has to be able to read them.
        text.line("(");
        if (!plan.place().disposable()) {
            text.line("umask 077");
        }
        writes.forEach(text::line);
        text.line(")");
    }
}
