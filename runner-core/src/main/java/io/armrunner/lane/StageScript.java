package io.armrunner.lane;

import io.armrunner.plan.Stage;

/**
 * One stage as text for a shell.
 *
 * @param stageId GitLab's id of the stage, which is also its section's name ({@code get_sources},
 *     {@code step_script})
 * @param place which part of the environment runs it
 * @param text the whole script, fed to the shell on its standard input; it holds variables in
 *     clear, so it is written to no file that others may read and never given as an argument
 */
public record StageScript(String stageId, Stage.Place place, String text) {
    @Override
    public String toString() {
        return "StageScript[" + stageId + "]";
    }
}
