package io.armrunner.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.testing.LogDecoder;
import java.util.List;

/** A job that is over, as its page shows it. */
record Ended(CoordinatorJob job) {
    /** The whole log as a reader sees it. */
    String log() {
        return LogDecoder.plain(job.log());
    }

    /** The log without stamps, with escape sequences and section markers. */
    String text() {
        return LogDecoder.text(job.log());
    }

    /** The stages that have a section, in their order. */
    List<String> stages() {
        return LogDecoder.sections(job.log()).stream().map(LogDecoder.Section::name).toList();
    }

    /** What a stage printed; empty if it is not in the log. */
    String stage(String name) {
        return LogDecoder.sections(job.log()).stream()
                .filter(section -> section.name().equals(name))
                .map(LogDecoder.Section::text)
                .reduce("", String::concat);
    }

    /** The lines of the script's output, without its commands. */
    List<String> output() {
        return output("step_script");
    }

    /** The lines of a stage's output, without its header and commands. */
    List<String> output(String name) {
        return stage(name)
                .lines()
                .skip(1)
                .filter(line -> !line.startsWith("$ ") && !line.isEmpty())
                .toList();
    }

    String lastLine() {
        return log().lines().reduce("", (_, line) -> line);
    }

    JobState state() {
        return job.state();
    }

    /** Its final report. */
    StateUpdate report() {
        return job.updates().stream()
                .filter(update -> update.isFinal() && update.isAccepted())
                .findFirst()
                .orElseThrow(() -> new AssertionError(job + " was never reported"));
    }

    Ended succeeded() {
        assertThat(state()).as(log()).isEqualTo(JobState.SUCCESS);
        return this;
    }

    Ended failed(String reason, String lastLine) {
        assertThat(state()).as(log()).isEqualTo(JobState.FAILED);
        assertThat(job.failureReason()).as(log()).contains(reason);
        assertThat(lastLine()).isEqualTo("ERROR: Job failed" + lastLine);
        return this;
    }
}
