package io.armrunner.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.exec.CommandLine;

/**
 * A runner to be measured.
 *
 * @param name how the table calls it
 * @param words its command line; {@code {config}} in a word stands for the configuration file
 */
public record Contender(String name, List<String> words) {
    private static final String CONFIG = "{config}";

    /**
     * @throws IllegalArgumentException if the command has no place for the configuration; the
     *     message is for the user
     */
    public Contender {
        words = List.copyOf(words);
        if (words.stream().noneMatch(word -> word.contains(CONFIG))) {
            throw new IllegalArgumentException(
                    "the command «"
                            + String.join(" ", words)
                            + "» does not say where the configuration goes: write {config} in it,"
                            + " as in «gitlab-runner run --config {config}»");
        }
    }

    /** Reads a command line; words with blanks in them stand in quotes. */
    public static Contender parse(String name, String command) {
        CommandLine parsed = CommandLine.parse(command);
        List<String> words = new ArrayList<>(List.of(parsed.getExecutable()));
        words.addAll(List.of(parsed.getArguments()));
        return new Contender(name, words);
    }

    List<String> command(Path config) {
        return words.stream().map(word -> word.replace(CONFIG, config.toString())).toList();
    }
}
