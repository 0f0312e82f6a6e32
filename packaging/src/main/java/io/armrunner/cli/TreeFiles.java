package io.armrunner.cli;

import io.armrunner.ci.ProjectFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The files of the working tree, as the pipeline's file may ask for them. */
final class TreeFiles implements ProjectFiles {
    private final LocalGit git;
    private final WorkingTree tree;

    TreeFiles(LocalGit git, WorkingTree tree) {
        this.git = git;
        this.tree = tree;
    }

    @Override
    public Optional<String> read(String path) throws IOException {
        Path file = tree.root().resolve(path);
        return Files.isRegularFile(file)
                ? Optional.of(Files.readString(file, StandardCharsets.UTF_8))
                : Optional.empty();
    }

    @Override
    public List<String> list() throws IOException {
        if (tree.place().isEmpty()) {
            return walk();
        }
        return interruptible(() ->
                git
                        .run(
                                tree.root(),
                                Map.of(),
                                List.of(
                                        "ls-files",
                                        "-z",
                                        "--cached",
                                        "--others",
                                        "--exclude-standard"))
                        .parts()
                        .stream()
                        .distinct()
                        .filter(name -> Files.exists(tree.root().resolve(name)))
                        .toList());
    }

    private List<String> walk() throws IOException {
        List<String> names = new ArrayList<>();
        Files.walkFileTree(
                tree.root(),
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path directory, BasicFileAttributes attributes) {
                        return directory.endsWith(".git")
                                ? FileVisitResult.SKIP_SUBTREE
                                : FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                        names.add(tree.root().relativize(file).toString());
                        return FileVisitResult.CONTINUE;
                    }
                });
        return names;
    }

    @Override
    public Optional<List<String>> changedSince(String ref) throws IOException {
        if (tree.head().isEmpty() || ref.startsWith("-")) {
            return Optional.empty();
        }
        LocalGit.Answer answer =
                interruptible(() ->
                        git.ask(
                                tree.root(),
                                Map.of(),
                                List.of(
                                        "diff",
                                        "--name-only",
                                        "-z",
                                        "--no-renames",
                                        "--merge-base",
                                        ref,
                                        "--")));
        if (answer.status() != 0) {
            return Optional.empty();
        }
        Set<String> paths = new LinkedHashSet<>(answer.parts());
        paths.addAll(tree.uncommitted());
        return Optional.of(List.copyOf(paths));
    }

    private interface Question<T> {
        T ask() throws IOException, InterruptedException;
    }

    private static <T> T interruptible(Question<T> question) throws IOException {
        try {
            return question.ask();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while git looked at the project", e);
        }
    }
}
