package io.armrunner.cache;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.files.PathNames;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The directory of one key on this machine (job-semantics §7.2): the archive {@code cache.zip},
 * {@code metadata.json} with the key as people know it, and {@code remote.json} with what the
 * object store is known to hold. Files are written aside and moved into place, so that jobs that
 * share a cache never see half of one. Used by one thread; several may use the same directory.
 */
final class LocalCache {
    private static final String ARCHIVE = "cache.zip";
    private static final String PART = "archive_";
    // No job takes this long to pack: what is older was left by a process that was killed.
    private static final Duration ABANDONED = Duration.ofDays(2);

    /**
     * What the object store held when this machine last sent or fetched it.
     *
     * @param content says what is in the archive, whatever its times are
     * @param etag the store's own mark of it
     */
    record Known(String content, String etag) {}

    private final Path directory;
    private final Path archive;

    private LocalCache(Path directory) {
        this.directory = directory;
        this.archive = directory.resolve(ARCHIVE);
    }

    /**
     * The place of a key.
     *
     * @throws IOException when no file system can have such a name
     */
    static LocalCache of(JobPlan plan, CacheKey key) throws IOException {
        try {
            return new LocalCache(
                    PathNames.resolve(Path.of(plan.directories().cache()), key.path()));
        } catch (IllegalArgumentException e) {
            throw new IOException(
                    "the cache key \"%s\" cannot be the name of a directory: %s"
                            .formatted(key.human(), e.getMessage()),
                    e);
        }
    }

    Path archive() {
        return archive;
    }

    /** When the archive was made; empty if there is none. */
    Optional<FileTime> modified() throws IOException {
        try {
            return Optional.of(Files.getLastModifiedTime(archive, LinkOption.NOFOLLOW_LINKS));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** A new file beside the archive, for this user alone. The caller moves or deletes it. */
    Path part(Instant now) throws IOException {
        Files.createDirectories(directory, mode("rwx------"));
        removeAbandoned(now);
        return Files.createTempFile(directory, PART, "", mode("rw-------"));
    }

    /** Makes a finished file the archive of this key. */
    void replace(Path part, CacheKey key, FileTime modified) throws IOException {
        Files.setLastModifiedTime(part, modified);
        Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
        write("metadata.json", Map.of("cachekey", key.human()));
    }

    /** What the store is known to hold; empty if nothing is known. */
    Optional<Known> known() throws IOException {
        try {
            JsonNode tree = Wire.tree(Files.readAllBytes(directory.resolve("remote.json")));
            return Optional.of(
                    new Known(tree.path("content").asText(), tree.path("etag").asText()));
        } catch (NoSuchFileException | com.fasterxml.jackson.core.JsonProcessingException e) {
            // Knowing nothing costs one transfer.
            return Optional.empty();
        }
    }

    void know(Known known) throws IOException {
        Map<String, String> values = new LinkedHashMap<>();
        values.put("content", known.content());
        values.put("etag", known.etag());
        write("remote.json", values);
    }

    /**
     * The archive cannot be extracted: as it is older than anything now, the next save makes a new
     * one and the next restore fetches it anew.
     */
    void distrust() throws IOException {
        Files.setLastModifiedTime(archive, FileTime.fromMillis(0));
        Files.deleteIfExists(directory.resolve("remote.json"));
    }

    private void write(String name, Map<String, String> values) throws IOException {
        Path part = Files.createTempFile(directory, PART, "", mode("rw-------"));
        try {
            Files.write(part, Wire.bytes(values));
            Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rw-r-----"));
            Files.move(part, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void removeAbandoned(Instant now) throws IOException {
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, PART + "*")) {
            for (Path part : parts) {
                if (isAbandoned(part, now)) {
                    Files.deleteIfExists(part);
                }
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        }
    }

    private static boolean isAbandoned(Path part, Instant now) throws IOException {
        try {
            return Files.isRegularFile(part, LinkOption.NOFOLLOW_LINKS)
                    && Files.getLastModifiedTime(part, LinkOption.NOFOLLOW_LINKS)
                            .toInstant()
                            .isBefore(now.minus(ABANDONED));
        } catch (NoSuchFileException e) {
            // Its owner has just finished with it.
            return false;
        }
    }

    private static FileAttribute<?> mode(String permissions) {
        return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
    }
}
