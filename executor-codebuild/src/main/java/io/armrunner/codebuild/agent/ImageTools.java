package io.armrunner.codebuild.agent;

import io.armrunner.plan.RunnerSettings;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What of the usual programs a job's image has, and what is done without them. Looks at files only.
 */
final class ImageTools {
    private ImageTools() {}

    /** Jobs run in sh where the configured bash is not there. */
    static RunnerSettings shellThatIsThere(
            RunnerSettings settings, Map<String, String> environment) {
        return settings.shell().equals("bash") && !has("bash", environment)
                ? settings.withShell("sh")
                : settings;
    }

    /**
     * Where programs keep what is theirs: on Lambda compute nobody is root and only {@code /tmp}
     * can be written, whatever an image says.
     */
    static String home(Map<String, String> environment) {
        String said = environment.getOrDefault("HOME", "/root");
        return Files.isWritable(Path.of(said)) ? said : "/tmp";
    }

    /** A first line, and one for each program that the job may miss. */
    static List<String> remarks(String first, Map<String, String> environment) {
        List<String> lines = new ArrayList<>(List.of(first));
        if (!has("bash", environment)) {
            lines.add("  this image has no bash: the job's shell is sh");
        }
        if (!has("git", environment)) {
            lines.add(
                    "  this image has no git: sources cannot be fetched; use an image with git, or GIT_STRATEGY: none");
        }
        return List.copyOf(lines);
    }

    private static boolean has(String program, Map<String, String> environment) {
        String path = environment.getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin");
        for (String directory : path.split(File.pathSeparator, -1)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
