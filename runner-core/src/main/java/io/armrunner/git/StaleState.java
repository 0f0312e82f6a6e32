package io.armrunner.git;

import io.armrunner.plan.JobPlan;
import io.armrunner.shell.ShellText;

/**
 * Removes what an aborted or malicious job left in a working copy and git would stumble over
 * (job-semantics §3.3, step 5). It asks with builtins and starts a process only when there is
 * something to remove.
 */
final class StaleState {
    private StaleState() {}

    static void write(JobPlan plan, boolean submodules, ShellText text) {
        String git = ShellText.quote(plan.directories().project() + "/.git");
        text.line("if [ -d " + git + " ]; then");
        text.line("armrunner_locks() {");
        text.line("for armrunner_file in \"$1\"/*.lock; do");
        text.line("if [ -f \"$armrunner_file\" ]; then rm -f \"$1\"/*.lock; break; fi");
        text.line("done");
        text.line("for armrunner_file in \"$1\"/*/; do");
        text.line("armrunner_file=${armrunner_file%/}");
        text.line(
                "if [ -d \"$armrunner_file\" ] && [ ! -L \"$armrunner_file\" ]; then armrunner_locks \"$armrunner_file\"; fi");
        text.line("done");
        text.line("}");
        text.line(
                "for armrunner_file in index.lock shallow.lock HEAD.lock config.lock hooks/post-checkout; do");
        text.line("armrunner_file=" + git + "/$armrunner_file");
        text.line(
                "if [ -e \"$armrunner_file\" ] || [ -L \"$armrunner_file\" ]; then rm -f \"$armrunner_file\"; fi");
        text.line("done");
        text.line("armrunner_locks " + git + "/refs");
        text.line("unset -f armrunner_locks");
        text.line("unset armrunner_file");
        boolean config = plan.sources().cleanGitConfig();
        if (config) {
            text.line("rm -rf " + git + "/config " + git + "/hooks");
        }
        if (submodules) {
            text.line("if [ -d " + git + "/modules ]; then");
            text.line(
                    "find "
                            + git
                            + "/modules -type f '(' -name index.lock -o -name shallow.lock -o -name HEAD.lock -o -name config.lock -o -path '*/hooks/post-checkout' -o -path '*/refs/*.lock' ')' -exec rm -f '{}' +");
            if (config) {
                text.line(
                        "find "
                                + git
                                + "/modules '(' -type f -name config -o -type d -name hooks ')' -prune -exec rm -rf '{}' +");
            }
            text.line("fi");
        }
        text.line("fi");
    }
}
