package io.armrunner.ci;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * The files of the project as the pipeline sees them; paths are relative to its root, with {@code
 * /}. Called on the reader's thread only.
 */
public interface ProjectFiles {
    /**
     * The text of a file (UTF-8), empty when there is none of that name. A path never leaves the
     * project: it holds no {@code ..}.
     */
    Optional<String> read(String path) throws IOException;

    /**
     * The path of every file of the commit, for globs in {@code include} and {@code rules:exists}.
     * Called at most once per pipeline, and only for a file that needs it.
     */
    List<String> list() throws IOException;

    /**
     * The paths that differ between {@code ref} and the commit ({@code rules:changes:compare_to});
     * empty when there is no such ref.
     */
    Optional<List<String>> changedSince(String ref) throws IOException;
}
