package io.armrunner.script;

import io.armrunner.shell.ShellText;

/** Puts a stage's body into the frame that every stage has (job-semantics §4.1). */
final class Wrapper {
    private Wrapper() {}

    static String wrap(String body, String shell, boolean xtrace) {
        ShellText text = new ShellText();
        text.line("#!/usr/bin/env " + shell);
        text.line("trap 'exit 1' TERM");
        // "command" keeps a shell without this option from ending here; no process is needed to
        // ask.
        text.line("command set -o pipefail 2>/dev/null || :");
        if (xtrace) {
            text.line("set -o xtrace");
        }
        text.line("set -o errexit");
        text.line("set +o noclobber");
        // eval, because a group would be read to its end before its first command runs: a syntax
        // error in the last
        // command would keep the first from running.
        text.line("(trap 'exit 1' TERM; eval " + ShellText.quote(body) + ") </dev/null");
        text.line("exit 0");
        return text.toString();
    }
}
