package io.armrunner.files;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The directory over which an archive is extracted, and out of which nothing gets (job-semantics
 * §6.7). {@link #place} is called by one thread; the static methods by any.
 */
final class Target {
    private final Path root;
    private final Path realRoot;
    private final Set<String> known = new HashSet<>();

    Target(Path root) throws IOException {
        this.root = root;
        this.realRoot = root.toRealPath();
        known.add("");
    }

    Path root() {
        return root;
    }

    /**
     * The entry's name, cleaned.
     *
     * @throws ArchiveException if it leads out
     */
    String clean(String name) throws ArchiveException {
        List<String> elements = new ArrayList<>();
        for (String element : name.split("/", -1)) {
            if (element.isEmpty() || element.equals(".")) {
                continue;
            }
            if (!element.equals("..")) {
                elements.add(element);
            } else if (elements.isEmpty()) {
                throw outside(name);
            } else {
                elements.removeLast();
            }
        }
        if (name.indexOf('\0') >= 0) {
            throw outside(name);
        }
        return String.join("/", elements);
    }

    /** Makes room for a file or link: its parents are there, and nothing else of its name. */
    Path place(String clean) throws IOException {
        Path path = inside(clean);
        clear(path, clean);
        return path;
    }

    /** Where a file belongs; its parents are there, and something else of its name may be. */
    Path inside(String clean) throws IOException {
        int slash = clean.lastIndexOf('/');
        directory(slash < 0 ? "" : clean.substring(0, slash));
        return PathNames.resolve(root, clean);
    }

    /** Removes what stands there, unless it is a directory with something in it. */
    static void clear(Path path, String clean) throws IOException {
        try {
            Files.deleteIfExists(path);
        } catch (DirectoryNotEmptyException e) {
            throw new ArchiveException(
                    clean + " cannot be extracted: there is a directory of that name", e);
        }
    }

    /** Makes a directory and its parents, with the permissions that new ones get. */
    Path directory(String clean) throws IOException {
        Path path = PathNames.resolve(root, clean);
        if (known.contains(clean)) {
            return path;
        }
        int slash = clean.lastIndexOf('/');
        directory(slash < 0 ? "" : clean.substring(0, slash));
        try {
            Files.createDirectory(path);
        } catch (FileAlreadyExistsException e) {
            keepOrReplace(path, clean);
        }
        known.add(clean);
        return path;
    }

    // A link that stays inside is a directory like any other; what leads out is not followed.
    private void keepOrReplace(Path path, String clean) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isSymbolicLink(path)) {
            throw new ArchiveException(
                    clean + " cannot be extracted: there is a file of that name");
        }
        try {
            Path real = path.toRealPath();
            if (!real.startsWith(realRoot)) {
                throw outside(clean);
            }
            if (Files.isDirectory(real)) {
                return;
            }
        } catch (NoSuchFileException e) {
            // It leads nowhere: a directory takes its place.
        }
        Files.delete(path);
        Files.createDirectory(path);
    }

    private ArchiveException outside(String name) {
        return new ArchiveException(
                "%s cannot be extracted outside of chroot (%s)".formatted(name, root));
    }

    /** Gives a file or directory its owner, permissions and time, the owner if we may. */
    static void attributes(Path path, ZipDirectory.Entry entry) throws IOException {
        if (entry.uid() != -1) {
            own(path, entry);
        }
        Files.setAttribute(path, "unix:mode", entry.mode() & 07777);
        if (entry.modified() >= 0) {
            BasicFileAttributeView view =
                    Files.getFileAttributeView(path, BasicFileAttributeView.class);
            view.setTimes(
                    FileTime.from(java.time.Instant.ofEpochSecond(entry.modified())), null, null);
        }
    }

    private static void own(Path path, ZipDirectory.Entry entry) throws IOException {
        Map<String, Object> now =
                Files.readAttributes(path, "unix:uid,gid", LinkOption.NOFOLLOW_LINKS);
        if (now.equals(Map.of("uid", entry.uid(), "gid", entry.gid()))) {
            return;
        }
        try {
            Files.setAttribute(path, "unix:uid", entry.uid(), LinkOption.NOFOLLOW_LINKS);
            Files.setAttribute(path, "unix:gid", entry.gid(), LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            // Only root gives files away: for all others the file stays with the job's user.
            return;
        }
    }
}
