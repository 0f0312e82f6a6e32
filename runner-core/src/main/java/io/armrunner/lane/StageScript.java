package io.armrunner.lane;

/**
 * One stage as text for a shell.
 *
 * @param stageId GitLab's id of the stage, which is also its section's name ({@code get_sources},
 *     {@code step_script})
 * @param place which part of the environment runs it
 * @param text the whole script, fed to the shell on its standard input; it holds variables in
 *     clear, so it is written to no file that others may read and never given as an argument
 */
public record StageScript(String stageId, Place place, String text) {
    /** Which container runs a stage; on a host shell both are the same. */
    public enum Place {
        /** Sources, caches, artifacts: the tools are the runner's. */
        HELPER,
        /** The user's scripts: the tools are the image's. */
        BUILD
    }

    @Override
    public String toString() {
        return "StageScript[" + stageId + "]";
    }
}
