package io.armrunner.files;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds what {@code paths}, {@code exclude} and {@code untracked} mean in a project directory, and
 * says in the log what it found (job-semantics §6.3). Used for one list, by one thread.
 */
public final class FileFinder {
    /**
     * What to look for, variables expanded.
     *
     * @param exclude patterns for whole relative paths; none for caches
     * @param untracked whether files that git does not track belong to it
     */
    public record Selection(List<String> paths, List<String> exclude, boolean untracked) {
        public Selection {
            paths = List.copyOf(paths);
            exclude = List.copyOf(exclude);
        }
    }

    private record Rule(String text, Glob glob) {}

    private final Path project;
    private final Map<String, String> environment;
    private final HelperLines lines;
    private final List<Path> found = new ArrayList<>();
    private final List<Rule> excludes = new ArrayList<>();
    private long[] excluded = new long[0];
    private long counted;

    /**
     * @param project absolute, without {@code .} and {@code ..}
     * @param environment of git, for {@code untracked}; needs {@code PATH}
     */
    public FileFinder(Path project, Map<String, String> environment, HelperLines lines) {
        this.project = project;
        this.environment = Map.copyOf(environment);
        this.lines = lines;
    }

    /**
     * The files, directories and links, relative to the project directory, sorted, each once. What
     * is no file, directory or link is among them too: archives pass it over.
     */
    public List<Path> find(Selection selection) throws IOException, InterruptedException {
        for (String exclude : selection.exclude()) {
            try {
                excludes.add(new Rule(exclude, Glob.of(exclude)));
            } catch (IllegalArgumentException e) {
                lines.warning(exclude + ": " + e.getMessage());
            }
        }
        excluded = new long[excludes.size()];
        for (String path : selection.paths()) {
            findPath(path);
        }
        if (selection.untracked()) {
            findUntracked();
        }
        for (int i = 0; i < excluded.length; i++) {
            if (excluded[i] > 0) {
                lines.info(excludes.get(i).text() + ": excluded " + excluded[i] + " files");
            }
        }
        Collections.sort(found);
        List<Path> once = new ArrayList<>(found.size());
        for (Path path : found) {
            if (once.isEmpty() || !once.getLast().equals(path)) {
                once.add(path);
            }
        }
        return Collections.unmodifiableList(once);
    }

    private void findPath(String path) throws IOException {
        if (path.isEmpty()) {
            lines.warning("No matching files. Path is empty.");
            return;
        }
        List<String> elements = new ArrayList<>();
        if (!relative(path, elements)) {
            lines.warning(
                    "processPath: artifact path is not a subpath of project directory: " + path);
            return;
        }
        int literal = 0;
        while (literal < elements.size() && !isPattern(elements, literal)) {
            literal++;
        }
        counted = 0;
        Path base = PathNames.resolve(project, String.join("/", elements.subList(0, literal)));
        if (literal == elements.size()) {
            walk(base, null, new long[0], 1);
        } else {
            try {
                Glob glob = Glob.of(String.join("/", elements.subList(literal, elements.size())));
                long[] start = glob.start();
                // a/** is also a itself; the project directory alone is nobody's artifact.
                int matched = literal > 0 && glob.accepts(start) ? 1 : 0;
                if (Files.isDirectory(base)) {
                    if (matched > 0) {
                        add(base, matched);
                    }
                    children(base, glob, start, matched);
                }
            } catch (IllegalArgumentException e) {
                lines.warning(path + ": " + e.getMessage());
                return;
            }
        }
        if (counted == 0) {
            lines.warning(
                    path
                            + ": no matching files. Ensure that the artifact path is relative to the working directory ("
                            + project
                            + ")");
        } else {
            lines.info(path + ": found " + counted + " matching artifact files and directories");
        }
    }

    // A brace may hold a slash: {a/b,c}. What comes before it in the same element is no name then.
    private static boolean isPattern(List<String> elements, int index) {
        return Glob.isPattern(elements.get(index));
    }

    /** Fills in the elements of the path below the project directory; false if it leads out. */
    private boolean relative(String path, List<String> elements) {
        String text = path;
        if (path.startsWith("/")) {
            String root = PathNames.text(project);
            String clean = "/" + String.join("/", clean(path));
            if (!clean.equals(root) && !clean.startsWith(root + "/")) {
                return false;
            }
            text = clean.substring(root.length());
        }
        List<String> clean = clean(text);
        elements.addAll(clean);
        return clean.isEmpty() || !clean.getFirst().equals("..");
    }

    private static List<String> clean(String path) {
        List<String> clean = new ArrayList<>();
        for (String element : path.split("/", -1)) {
            if (element.isEmpty() || element.equals(".")) {
                continue;
            }
            if (element.equals("..") && !clean.isEmpty() && !clean.getLast().equals("..")) {
                clean.removeLast();
            } else {
                clean.add(element);
            }
        }
        return clean;
    }

    /** A directory to be looked into. */
    private static final class Open {
        private final Path directory;
        private final long[] state;
        private final int matched;

        Open(Path directory, long[] state, int matched) {
            this.directory = directory;
            this.state = state;
            this.matched = matched;
        }
    }

    /**
     * Takes an entry and all below it.
     *
     * @param matched how many times it was matched: GitLab Runner walks below each match, so that
     *     what lies under two of them counts twice
     */
    private void walk(Path top, @Nullable Glob glob, long[] state, int matched) throws IOException {
        if (add(top, matched)) {
            children(top, glob, state, matched);
        }
    }

    private void children(Path top, @Nullable Glob glob, long[] state, int matched)
            throws IOException {
        Deque<Open> open = new ArrayDeque<>();
        open.push(new Open(top, state, matched));
        while (!open.isEmpty()) {
            Open here = open.pop();
            for (Path child : list(here.directory)) {
                long[] next = here.state;
                int times = here.matched;
                if (glob != null) {
                    next = glob.step(next, PathNames.text(child.getFileName()));
                    times += glob.accepts(next) ? 1 : 0;
                }
                boolean wanted = times > 0;
                boolean further = wanted || (glob != null && glob.leadsOn(next));
                if (further) {
                    boolean directory = wanted ? add(child, times) : isDirectory(child);
                    if (directory) {
                        open.push(new Open(child, next, times));
                    }
                }
            }
        }
    }

    private List<Path> list(Path directory) throws IOException {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(children::add);
        } catch (NoSuchFileException e) {
            // It vanished while we were looking: as if it had not been there.
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (IOException e) {
            lines.warning(
                    PathNames.text(project.relativize(directory)) + ": could not be read: " + e);
        }
        return children;
    }

    private static boolean isDirectory(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    /** Notes an entry, unless it is excluded or gone; whether it is a directory to look into. */
    private boolean add(Path path, int times) {
        boolean directory;
        try {
            directory =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                            .isDirectory();
        } catch (IOException e) {
            return false;
        }
        Path relative = project.relativize(path);
        if (!isExcluded(relative, times)) {
            counted += times;
            if (!relative.toString().isEmpty()) {
                found.add(relative);
            }
        }
        return directory;
    }

    private boolean isExcluded(Path relative, int times) {
        if (excluded.length == 0) {
            return false;
        }
        String text = PathNames.text(relative);
        for (int i = 0; i < excluded.length; i++) {
            if (excludes.get(i).glob().matches(text)) {
                excluded[i] += times;
                return true;
            }
        }
        return false;
    }

    private void findUntracked() throws InterruptedException {
        counted = 0;
        try {
            for (String path : new UntrackedFiles(environment).list(project)) {
                add(PathNames.resolve(project, path), 1);
            }
        } catch (IOException e) {
            lines.warning("untracked: " + e.getMessage());
            return;
        }
        if (counted == 0) {
            lines.warning("untracked: no files");
        } else {
            lines.info("untracked: found " + counted + " files");
        }
    }
}
