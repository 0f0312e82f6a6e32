package io.armrunner.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a repository keeps its things; found by reading files, as each git process would cost some
 * milliseconds of every start.
 *
 * @param workTree the top of the working tree
 * @param gitDirectory the working tree's own part: {@code HEAD}, {@code index}
 * @param commonDirectory what linked working trees share: {@code objects}, {@code refs}
 */
record GitPlace(Path workTree, Path gitDirectory, Path commonDirectory) {
    private static final String GIT_FILE = "gitdir: ";

    /** The repository whose working tree has its top at {@code directory}. */
    static Optional<GitPlace> at(Path directory) throws IOException {
        Path entry = directory.resolve(".git");
        Path own;
        if (Files.isDirectory(entry)) {
            own = entry;
        } else if (Files.isRegularFile(entry)) {
            // A linked working tree, or a submodule.
            String text = Files.readString(entry, StandardCharsets.UTF_8).strip();
            if (!text.startsWith(GIT_FILE)) {
                return Optional.empty();
            }
            own = directory.resolve(text.substring(GIT_FILE.length())).normalize();
        } else {
            return Optional.empty();
        }
        if (!Files.exists(own.resolve("HEAD"))) {
            return Optional.empty();
        }
        Path common = own.resolve("commondir");
        return Optional.of(
                new GitPlace(
                        directory,
                        own,
                        Files.exists(common)
                                ? own.resolve(
                                                Files.readString(common, StandardCharsets.UTF_8)
                                                        .strip())
                                        .normalize()
                                : own));
    }

    /** The repository that {@code directory} is in, at any depth. */
    static Optional<GitPlace> above(Path directory) throws IOException {
        for (Path at = directory; at != null; at = at.getParent()) {
            Optional<GitPlace> place = at(at);
            if (place.isPresent()) {
                return place;
            }
        }
        return Optional.empty();
    }

    Path objects() {
        return commonDirectory.resolve("objects");
    }

    /** The file that lists where a shallow clone's history ends. */
    Path shallow() {
        return commonDirectory.resolve("shallow");
    }

    /** The main line: what the remote says it is, or else {@code main} or {@code master}. */
    Optional<String> defaultBranch() throws IOException {
        Path head = commonDirectory.resolve("refs/remotes/origin/HEAD");
        String start = "ref: refs/remotes/origin/";
        if (Files.exists(head)) {
            String text = Files.readString(head, StandardCharsets.UTF_8).strip();
            if (text.startsWith(start)) {
                return Optional.of(text.substring(start.length()));
            }
        }
        Path packed = commonDirectory.resolve("packed-refs");
        String refs = Files.exists(packed) ? Files.readString(packed, StandardCharsets.UTF_8) : "";
        for (String usual : new String[] {"main", "master"}) {
            if (Files.exists(commonDirectory.resolve("refs/heads/" + usual))
                    || refs.contains(" refs/heads/" + usual + "\n")
                    || refs.contains(" refs/remotes/origin/" + usual + "\n")) {
                return Optional.of(usual);
            }
        }
        return Optional.empty();
    }

    /** {@code remote.origin.url}, when the repository's own file has it. */
    Optional<String> originUrl() throws IOException {
        Path file = commonDirectory.resolve("config");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        boolean origin = false;
        for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n", -1)) {
            String text = line.strip();
            if (text.startsWith("[")) {
                origin = text.equals("[remote \"origin\"]");
            } else if (origin && text.startsWith("url")) {
                int equals = text.indexOf('=');
                if (equals > 0 && text.substring(0, equals).strip().equals("url")) {
                    return Optional.of(text.substring(equals + 1).strip());
                }
            }
        }
        return Optional.empty();
    }
}
