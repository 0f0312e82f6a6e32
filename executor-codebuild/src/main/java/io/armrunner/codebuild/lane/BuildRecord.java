package io.armrunner.codebuild.lane;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How far a job has come, for a later process. Written whole before each step that AWS sees.
 *
 * @param attempt of the build, from 1
 * @param region where it is
 * @param arn of the build; empty before it is known
 * @param released whether the log is written by nobody here any more
 * @param acknowledged how many bytes of the log GitLab had then
 * @param acceptedAt when the job came
 * @param queuedSeconds how long the build waited for a machine
 * @param end how the job ended, once that is known
 */
record BuildRecord(
        int attempt,
        String region,
        String arn,
        boolean released,
        long acknowledged,
        Instant acceptedAt,
        long queuedSeconds,
        Optional<EndNote> end) {
    private static final String FILE = "codebuild.json";

    static BuildRecord first(String region, Instant now) {
        return new BuildRecord(1, region, "", false, 0, now, 0, Optional.empty());
    }

    /** The next attempt, there. */
    BuildRecord again(String where) {
        return new BuildRecord(
                attempt + 1, where, "", released, acknowledged, acceptedAt, 0, Optional.empty());
    }

    BuildRecord started(String build) {
        return new BuildRecord(
                attempt, region, build, released, acknowledged, acceptedAt, queuedSeconds, end);
    }

    BuildRecord released(long sent) {
        return new BuildRecord(attempt, region, arn, true, sent, acceptedAt, queuedSeconds, end);
    }

    BuildRecord queued(Duration time) {
        return new BuildRecord(
                attempt, region, arn, released, acknowledged, acceptedAt, time.toSeconds(), end);
    }

    BuildRecord ended(EndNote note) {
        return new BuildRecord(
                attempt,
                region,
                arn,
                released,
                acknowledged,
                acceptedAt,
                queuedSeconds,
                Optional.of(note));
    }

    /** What a process before this one wrote, or {@code otherwise}. */
    static BuildRecord read(Path directory, BuildRecord otherwise) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return otherwise;
        }
        JsonNode json = Wire.tree(Files.readAllBytes(file));
        return new BuildRecord(
                json.path("attempt").asInt(1),
                json.path("region").asText(),
                json.path("arn").asText(),
                json.path("released").asBoolean(),
                json.path("acknowledged").asLong(),
                Instant.ofEpochMilli(json.path("accepted_at").asLong()),
                json.path("queued_seconds").asLong(),
                json.has("end") ? Optional.of(EndNote.read(json.path("end"))) : Optional.empty());
    }

    /** Writes it; it is on the disk when this returns. */
    BuildRecord save(Path directory) throws IOException {
        ObjectNode json =
                Wire.mapper()
                        .createObjectNode()
                        .put("attempt", attempt)
                        .put("region", region)
                        .put("arn", arn)
                        .put("released", released)
                        .put("acknowledged", acknowledged)
                        .put("accepted_at", acceptedAt.toEpochMilli())
                        .put("queued_seconds", queuedSeconds);
        end.ifPresent(note -> json.set("end", note.json()));
        byte[] bytes = Wire.bytes(json);
        Path aside = directory.resolve(FILE + ".new");
        try (FileChannel file =
                FileChannel.open(
                        aside,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                file.write(left);
            }
            file.force(true);
        }
        Files.move(aside, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
        return this;
    }
}
