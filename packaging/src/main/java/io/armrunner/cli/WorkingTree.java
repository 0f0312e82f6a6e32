package io.armrunner.cli;

import io.armrunner.ci.GitContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The project as it lies on the disk, and what git knows of it.
 *
 * @param root the project's top directory
 * @param place its repository; empty when the project is not the top of one
 * @param head the commit checked out; empty when there is none
 * @param branch the branch checked out
 * @param parent the commit before; {@link GitContext#NO_COMMIT} when there is none
 * @param message the commit's message
 * @param author its author, {@code Name <mail>}
 * @param timestamp its time, ISO 8601
 * @param committed the paths that the commit changed; empty for a first one
 * @param uncommitted the paths that differ from the commit, not ignored ones only
 */
record WorkingTree(
        Path root,
        Optional<GitPlace> place,
        Optional<String> head,
        String branch,
        String parent,
        String message,
        String author,
        String timestamp,
        Optional<List<String>> committed,
        List<String> uncommitted) {
    private static final String NOBODY = "armrunner <armrunner@localhost>";

    /**
     * Finds the project of {@code directory} and asks git about it, with two processes side by
     * side.
     *
     * <p>The directory is the project when it has the pipeline's file or is the top of a working
     * tree; otherwise it is the working tree that it lies in.
     */
    static WorkingTree read(LocalGit git, Path directory, Path file)
            throws IOException, InterruptedException {
        Optional<GitPlace> place = GitPlace.at(directory);
        if (place.isEmpty() && !Files.exists(directory.resolve(file))) {
            place =
                    GitPlace.above(directory)
                            .filter(above -> Files.exists(above.workTree().resolve(file)));
        }
        return place.isPresent() ? of(git, place.get()) : ofFiles(directory);
    }

    private static WorkingTree ofFiles(Path directory) {
        return new WorkingTree(
                directory,
                Optional.empty(),
                Optional.empty(),
                "main",
                GitContext.NO_COMMIT,
                "",
                NOBODY,
                "1970-01-01T00:00:00+00:00",
                Optional.empty(),
                List.of());
    }

    private static WorkingTree of(LocalGit git, GitPlace place)
            throws IOException, InterruptedException {
        SideBySide<LocalGit.Answer> log =
                SideBySide.start(
                        "git-log",
                        () ->
                                git.ask(
                                        place.workTree(),
                                        Map.of(),
                                        List.of(
                                                "log",
                                                "-1",
                                                "-z",
                                                "--no-color",
                                                "--no-show-signature",
                                                "--name-only",
                                                "--no-renames",
                                                "-m",
                                                "--first-parent",
                                                "--format=%P%x00%an <%ae>%x00%cI%x00%B%x00")));
        Status status =
                Status.of(
                        git.run(
                                        place.workTree(),
                                        Map.of(),
                                        List.of(
                                                "status",
                                                "--porcelain=v2",
                                                "--branch",
                                                "-z",
                                                "--untracked-files=all",
                                                "--no-renames"))
                                .parts());
        LocalGit.Answer answer = log.result();
        if (status.head().isEmpty()) {
            WorkingTree files = ofFiles(place.workTree());
            return new WorkingTree(
                    files.root,
                    Optional.of(place),
                    Optional.empty(),
                    status.branch(),
                    files.parent,
                    files.message,
                    files.author,
                    files.timestamp,
                    Optional.empty(),
                    status.paths());
        }
        if (answer.status() != 0) {
            throw new IOException(
                    "git log in " + place.workTree() + " failed: " + answer.complaint());
        }
        List<String> parts = answer.parts();
        List<String> parents = List.of(parts.getFirst().split(" ", -1));
        return new WorkingTree(
                place.workTree(),
                Optional.of(place),
                status.head(),
                status.branch(),
                parents.getFirst().isEmpty() ? GitContext.NO_COMMIT : parents.getFirst(),
                parts.get(3).strip(),
                parts.get(1),
                parts.get(2),
                parents.getFirst().isEmpty() ? Optional.empty() : Optional.of(names(parts)),
                status.paths());
    }

    /**
     * What follows the format: an empty part, then the names, the first of which has a newline
     * before it.
     */
    private static List<String> names(List<String> parts) {
        List<String> names = new ArrayList<>();
        for (String part : parts.subList(4, parts.size())) {
            String name = part.startsWith("\n") ? part.substring(1) : part;
            if (!name.isEmpty()) {
                names.add(name);
            }
        }
        return names;
    }

    /** Whether the commit alone is what the user sees. */
    boolean isClean() {
        return head.isPresent() && uncommitted.isEmpty();
    }

    /** The commit as the pipeline is told of it. */
    GitContext context(String sha, Optional<String> tag) throws IOException {
        Optional<List<String>> changed = committed.map(this::withUncommitted);
        String mainLine = place.isPresent() ? place.get().defaultBranch().orElse(branch) : branch;
        return new GitContext(
                branch,
                tag,
                sha,
                parent,
                mainLine,
                projectPath(),
                branch.equals(mainLine),
                message,
                author,
                timestamp,
                changed);
    }

    private List<String> withUncommitted(List<String> paths) {
        Set<String> all = new LinkedHashSet<>(paths);
        all.addAll(uncommitted);
        return List.copyOf(all);
    }

    /**
     * Group and name as the remote's URL has them; {@code local/} and the directory's name without
     * one.
     */
    String projectPath() throws IOException {
        Optional<String> url = place.isPresent() ? place.get().originUrl() : Optional.empty();
        Optional<String> path = url.map(WorkingTree::pathOf).filter(found -> found.contains("/"));
        if (path.isPresent()) {
            return path.get();
        }
        Path name = root.toAbsolutePath().normalize().getFileName();
        return "local/" + plain(name == null ? "project" : name.toString());
    }

    private static String pathOf(String url) {
        int scheme = url.indexOf("://");
        String rest = scheme < 0 ? url : url.substring(scheme + 3);
        int host = scheme < 0 ? rest.indexOf(':') : rest.indexOf('/');
        if (host < 0 || url.startsWith("file:")) {
            return "";
        }
        String path = rest.substring(host + 1);
        while (path.startsWith("/")) {
            path = path.substring(1);
        }
        if (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        return plain(path.endsWith(".git") ? path.substring(0, path.length() - 4) : path);
    }

    /** GitLab allows letters, digits, dots, dashes and underscores in a path. */
    private static String plain(String path) {
        StringBuilder out = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean allowed =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || "/._-".indexOf(c) >= 0;
            out.append(allowed ? c : '-');
        }
        return out.toString();
    }

    /** What {@code git status --porcelain=v2 --branch -z} says. */
    record Status(Optional<String> head, String branch, List<String> paths) {
        private static final String OID = "# branch.oid ";
        private static final String HEAD = "# branch.head ";

        static Status of(List<String> parts) {
            Optional<String> head = Optional.empty();
            String branch = "HEAD";
            List<String> paths = new ArrayList<>();
            for (String part : parts) {
                if (part.startsWith(OID)) {
                    head =
                            Optional.of(part.substring(OID.length()))
                                    .filter(oid -> !oid.startsWith("("));
                } else if (part.startsWith(HEAD)) {
                    String name = part.substring(HEAD.length());
                    branch = name.startsWith("(") ? "HEAD" : name;
                } else if (!part.startsWith("#")) {
                    paths.add(path(part));
                }
            }
            return new Status(head, branch, paths);
        }

        /**
         * The path stands after 8 fields of a changed entry, 10 of an unmerged one, 1 of an
         * untracked one.
         */
        private static String path(String part) {
            int fields =
                    switch (part.charAt(0)) {
                        case '1' -> 8;
                        case 'u' -> 10;
                        default -> 1;
                    };
            return part.split(" ", fields + 1)[fields];
        }
    }
}
