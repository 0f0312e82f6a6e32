package io.armrunner.status;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The books of a service as another process reads them from its state directory; of one moment.
 *
 * @param state the directory
 * @param heading the service, its runners and troubles, as {@code /api/status} has them
 * @param running what runs, the longest first; what ran when it ended, if the service is gone
 * @param ended the latest first
 */
public record StateView(
        Path state, JsonNode heading, List<JobRecord> running, List<JobRecord> ended) {
    public StateView {
        running = List.copyOf(running);
        ended = List.copyOf(ended);
    }

    /** Whether a service has ever kept books there. */
    public static boolean isThere(Path state) {
        return Files.exists(state.resolve(JobBook.RUNNING));
    }

    /** Reads them. */
    public static StateView read(Path state) throws IOException {
        JsonNode heading;
        try {
            heading = Wire.tree(Files.readAllBytes(state.resolve(JobBook.RUNNING)));
        } catch (JsonProcessingException e) {
            throw new IOException(
                    "%s is broken: %s; the service writes it anew with its next job"
                            .formatted(state.resolve(JobBook.RUNNING), e.getOriginalMessage()),
                    e);
        }
        List<JobRecord> running = new ArrayList<>();
        heading.path("running").forEach(job -> JobRecord.of(job).ifPresent(running::add));
        List<JobRecord> ended = new ArrayList<>(History.read(state.resolve(JobBook.HISTORY)));
        // The file of what runs is up to a second behind: the log has moved by then.
        running.removeIf(job ->
                ended.stream()
                        .anyMatch(over ->
                                over.key().equals(job.key())
                                        && over.accepted().equals(job.accepted())));
        Collections.reverse(ended);
        return new StateView(
                state, heading, running, ended.subList(0, Math.min(ended.size(), History.MOST)));
    }

    /** The process of the service. */
    public long pid() {
        return heading.path("service").path("pid").asLong();
    }

    /** The jobs with this id, running ones first: several runners may have one. */
    public List<JobRecord> jobs(long id) {
        List<JobRecord> all = new ArrayList<>(running);
        all.addAll(ended);
        return all.stream().filter(job -> job.key().job() == id).toList();
    }

    /** Where the log of a job is, if it is still there. */
    public Optional<Path> log(JobRecord job) {
        return job.log().isEmpty()
                ? Optional.empty()
                : Optional.of(state.resolve(job.log())).filter(Files::exists);
    }

    /** All of it, as {@code /api/status} has it. */
    public byte[] json() {
        ObjectNode all = heading.deepCopy();
        ArrayNode list = all.putArray("ended");
        ended.forEach(job -> list.add(job.json()));
        return Wire.bytes(all);
    }
}
