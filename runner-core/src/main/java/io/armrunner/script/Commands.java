package io.armrunner.script;

import io.armrunner.plan.JobPlan;
import io.armrunner.shell.ShellText;
import io.armrunner.variables.FeatureFlag;
import java.util.List;

/** The user's commands: each is shown, then run (job-semantics §4.3). */
final class Commands {
    private static final String CLEAR = "\u001b[0K";

    private Commands() {}

    /**
     * Adds {@code commands} to a body.
     *
     * @param prefix part of the names of their sections, such as {@code script_step}
     */
    static void write(JobPlan plan, String prefix, List<String> commands, ShellText text) {
        boolean sections = plan.sections() && plan.flags().isOn(FeatureFlag.FF_SCRIPT_SECTIONS);
        boolean check = plan.flags().isOn(FeatureFlag.FF_ENABLE_BASH_EXIT_CODE_CHECK);
        for (int i = 0; i < commands.size(); i++) {
            String command = commands.get(i).strip();
            int newline = command.indexOf('\n');
            if (command.isEmpty()) {
                text.line("echo");
            } else if (newline < 0) {
                text.notice("$ " + command);
            } else if (sections) {
                section("section_" + prefix + "_" + i, command, text);
            } else {
                text.notice(
                        "$ " + command.substring(0, newline) + " # collapsed multi-line command");
            }
            text.line(command);
            if (check) {
                text.line(
                        "armrunner_status=$?; [ \"$armrunner_status\" -eq 0 ] || exit \"$armrunner_status\"");
            }
        }
    }

    /** One script of the configuration, which counts as one command; nothing if it is empty. */
    static void writeOne(JobPlan plan, String prefix, String script, ShellText text) {
        if (!script.isBlank()) {
            write(plan, prefix, List.of(script), text);
        }
    }

    private static void section(String name, String command, ShellText text) {
        // Newer shells have the time at hand; only the others start a process for it.
        String time = "\"${EPOCHSECONDS:-$(date +%s)}\"";
        String options = "[hide_duration=true,collapsed=true]";
        text.line("printf 'section_start:%s:" + name + options + "\\r" + CLEAR + "' " + time);
        text.notice("$ " + command);
        text.line("printf 'section_end:%s:" + name + "\\r" + CLEAR + "' " + time);
    }
}
