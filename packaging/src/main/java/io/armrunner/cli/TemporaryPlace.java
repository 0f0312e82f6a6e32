package io.armrunner.cli;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** A directory of our own, which goes when it is closed, whatever jobs left in it. */
record TemporaryPlace(Path directory) implements AutoCloseable {
    static TemporaryPlace in(Path parent) throws IOException {
        return new TemporaryPlace(
                Files.createTempDirectory(parent, "armrunner-exec-").toRealPath());
    }

    @Override
    public void close() throws IOException {
        Files.walkFileTree(
                directory,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult preVisitDirectory(
                            Path each, BasicFileAttributes attributes) throws IOException {
                        // Package managers write their downloads read-only.
                        if (!Files.isWritable(each) || !Files.isExecutable(each)) {
                            Files.setPosixFilePermissions(
                                    each, PosixFilePermissions.fromString("rwx------"));
                        }
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFile(Path each, BasicFileAttributes attributes)
                            throws IOException {
                        Files.deleteIfExists(each);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult visitFileFailed(Path each, IOException failure)
                            throws IOException {
                        if (failure instanceof java.nio.file.NoSuchFileException) {
                            return FileVisitResult.CONTINUE;
                        }
                        if (failure instanceof java.nio.file.AccessDeniedException
                                && Files.isDirectory(
                                        each, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
                            Files.setPosixFilePermissions(
                                    each, PosixFilePermissions.fromString("rwx------"));
                            Files.walkFileTree(each, this);
                            return FileVisitResult.CONTINUE;
                        }
                        throw failure;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path each, @org.jspecify.annotations.Nullable IOException failure)
                            throws IOException {
                        if (failure != null) {
                            throw failure;
                        }
                        Files.deleteIfExists(each);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
