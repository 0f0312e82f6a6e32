package io.armrunner.cache;

import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.files.PathNames;
import io.armrunner.plan.JobPlan;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/**
 * Removes the paths of a cache from the project after a failed extraction, and nothing outside of
 * it (FF_CLEAN_UP_FAILED_CACHE_EXTRACT). A path with wildcards is taken literally, as GitLab Runner
 * does it.
 */
final class ProjectPath {
    private final JobPlan plan;
    private final Path project;

    ProjectPath(JobPlan plan) {
        this.plan = plan;
        this.project = Path.of(plan.directories().project()).normalize();
    }

    void remove(List<String> paths, HelperLines lines) throws IOException {
        HelperEnvironment environment = HelperEnvironment.of(plan);
        for (String configured : paths) {
            String path = environment.expand(configured);
            lines.log().noticePlain("Removing " + path);
            Path target = resolve(path).normalize();
            if (!target.startsWith(project) || target.equals(project)) {
                lines.warning(path + " is not removed: it is not below the project directory");
            } else if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                // A link on the way may lead out.
                Path parent = target.getParent();
                if (parent == null || !parent.toRealPath().startsWith(project.toRealPath())) {
                    lines.warning(path + " is not removed: a link on its way leads out");
                } else {
                    Files.walkFileTree(target, new Removal());
                }
            }
        }
    }

    private Path resolve(String path) {
        return path.startsWith("/")
                ? PathNames.resolve(Path.of("/"), path.substring(1))
                : PathNames.resolve(project, path);
    }

    private static final class Removal extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (failure instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE;
            }
            throw failure;
        }

        @Override
        public FileVisitResult postVisitDirectory(
                Path directory, @org.jspecify.annotations.Nullable IOException failure)
                throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
