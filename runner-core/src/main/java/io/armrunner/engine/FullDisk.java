package io.armrunner.engine;

import io.armrunner.spec.FailureReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds out whether a job failed because a disk is full. A script that can't write ends with an
 * exit code like any other; that it was the runner's disk, the user can't see.
 */
final class FullDisk {
    /** A page or two are free on most full disks. */
    private static final int PROBE = 64 * 1024;

    /** Above this a disk is not full, and nothing has to be tried. */
    private static final long ROOM = 16L << 20;

    private FullDisk() {}

    /** The failure as it is, or the disk's where one of these places takes no more. */
    static Outcome.Failed blamed(Outcome.Failed failed, List<Path> places) {
        if (failed.reason() != FailureReason.SCRIPT_FAILURE) {
            return failed;
        }
        for (Path place : places) {
            Optional<String> refusal = refusal(place);
            if (refusal.isPresent()) {
                return new Outcome.Failed(
                        FailureReason.RUNNER_SYSTEM_FAILURE,
                        "the runner's disk is full at %s: %s (the script ended with: %s)"
                                .formatted(place, refusal.get(), failed.explanation()),
                        0);
            }
        }
        return failed;
    }

    /** Why a place takes no bytes; empty if it does, or if it is not here. */
    private static Optional<String> refusal(Path place) {
        if (!Files.isDirectory(place) || place.toFile().getUsableSpace() >= ROOM) {
            return Optional.empty();
        }
        Path probe = place.resolve(".armrunner-probe");
        try {
            Files.write(probe, new byte[PROBE]);
            return Optional.empty();
        } catch (IOException full) {
            return Optional.of(String.valueOf(full.getMessage()));
        } finally {
            try {
                Files.deleteIfExists(probe);
            } catch (IOException _) {
                // An empty file is left on a disk that is broken anyway.
            }
        }
    }
}
