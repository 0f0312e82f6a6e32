package io.armrunner.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A commit of the working tree as it is now, in a repository of its own that borrows the user's
 * objects, so that nothing of the user's is written: no object, index, ref or stash.
 *
 * @param repository a bare repository, to be served to jobs
 * @param sha the commit
 */
record SourceSnapshot(Path repository, String sha) {
    private static final String NAME = "armrunner";
    private static final String MAIL = "armrunner@localhost";

    /** Makes it in {@code directory}, which must not exist. A clean tree needs no git process. */
    static SourceSnapshot make(LocalGit git, WorkingTree tree, Path directory)
            throws IOException, InterruptedException {
        bare(tree, directory);
        String sha = tree.isClean() ? tree.head().orElseThrow() : commit(git, tree, directory);
        if (!tree.branch().equals("HEAD")) {
            ref(directory, "refs/heads/" + tree.branch(), sha);
        }
        return new SourceSnapshot(directory, sha);
    }

    /** What {@code git init --bare} would make, for a fraction of the time. */
    private static void bare(WorkingTree tree, Path directory) throws IOException {
        Files.createDirectories(directory.resolve("objects/info"));
        Files.createDirectories(directory.resolve("refs/heads"));
        write(directory.resolve("HEAD"), "ref: refs/heads/main\n");
        boolean sha256 = tree.head().filter(sha -> sha.length() == 64).isPresent();
        write(
                directory.resolve("config"),
                sha256
                        ? "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
                        : "[core]\n\trepositoryformatversion = 0\n\tbare = true\n");
        if (tree.place().isPresent()) {
            GitPlace place = tree.place().get();
            write(directory.resolve("objects/info/alternates"), place.objects() + "\n");
            if (Files.exists(place.shallow())) {
                Files.copy(place.shallow(), directory.resolve("shallow"));
            }
        }
    }

    private static String commit(LocalGit git, WorkingTree tree, Path directory)
            throws IOException, InterruptedException {
        Path index = directory.resolve("snapshot-index");
        Map<String, String> environment = new HashMap<>();
        environment.put("GIT_WORK_TREE", tree.root().toString());
        environment.put("GIT_INDEX_FILE", index.toString());
        environment.put("GIT_OBJECT_DIRECTORY", directory.resolve("objects").toString());
        if (tree.place().isPresent()) {
            GitPlace place = tree.place().get();
            environment.put("GIT_DIR", place.gitDirectory().toString());
            environment.put("GIT_ALTERNATE_OBJECT_DIRECTORIES", place.objects().toString());
            Path theirs = place.gitDirectory().resolve("index");
            if (Files.exists(theirs)) {
                Files.copy(theirs, index);
            }
        } else {
            environment.put("GIT_DIR", directory.toString());
        }
        git.run(
                tree.root(),
                environment,
                List.of(
                        "-c",
                        "core.splitIndex=false",
                        "-c",
                        "core.safecrlf=false",
                        "-c",
                        "advice.addEmbeddedRepo=false",
                        "add",
                        "--all",
                        "."));
        String files = git.run(tree.root(), environment, List.of("write-tree")).text().strip();
        person(environment, "AUTHOR", tree);
        person(environment, "COMMITTER", tree);
        List<String> command = new java.util.ArrayList<>(List.of("commit-tree", files));
        tree.head().ifPresent(head -> command.addAll(List.of("-p", head)));
        command.addAll(
                List.of("-m", tree.message().isEmpty() ? "Files as they are" : tree.message()));
        String sha = git.run(tree.root(), environment, command).text().strip();
        Files.deleteIfExists(index);
        return sha;
    }

    /** The same files make the same commit again: its time is that of the commit before. */
    private static void person(Map<String, String> environment, String role, WorkingTree tree) {
        environment.put("GIT_" + role + "_NAME", NAME);
        environment.put("GIT_" + role + "_EMAIL", MAIL);
        environment.put("GIT_" + role + "_DATE", tree.timestamp());
    }

    /** Names a commit of the repository. */
    private static void ref(Path directory, String name, String sha) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.resolveSibling("."));
        write(file, sha + "\n");
    }

    private static void write(Path file, String text) throws IOException {
        Files.writeString(file, text, StandardCharsets.UTF_8);
    }
}
