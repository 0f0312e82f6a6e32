package io.armrunner.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.armrunner.coordinator.Coordinator;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.CoordinatorSettings;
import io.armrunner.coordinator.JobState;
import io.armrunner.coordinator.LogPatch;
import io.armrunner.coordinator.StateUpdate;
import io.armrunner.http.EventLoops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Gives each test a coordinator of its own and checks after it, whatever the test was about: every
 * log is without gaps, every accepted job has exactly one final state, no masked value is in a log,
 * the coordinator found nothing to blame, and no process and no file of the coordinator is left.
 *
 * <p>Register it with {@code @RegisterExtension} in a field that is not static.
 */
public final class CoordinatorExtension implements BeforeEachCallback, AfterEachCallback {
    private static final Duration LEAVING = Duration.ofSeconds(60);

    private final UnaryOperator<CoordinatorSettings> settings;
    private @Nullable EventLoops loops;
    private @Nullable Coordinator coordinator;
    private @Nullable Path directory;
    private Set<Long> processesBefore = Set.of();
    private boolean violationsExpected;
    private boolean openJobsExpected;

    /** With GitLab's defaults. */
    public CoordinatorExtension() {
        this(UnaryOperator.identity());
    }

    /** With changed settings. */
    public CoordinatorExtension(UnaryOperator<CoordinatorSettings> settings) {
        this.settings = settings;
    }

    /** The test's coordinator. */
    public Coordinator coordinator() {
        if (coordinator == null) {
            throw new IllegalStateException("there is a coordinator only while a test runs");
        }
        return coordinator;
    }

    /** The event loops of the test, for its clients too. */
    public EventLoops eventLoops() {
        if (loops == null) {
            throw new IllegalStateException("there are event loops only while a test runs");
        }
        return loops;
    }

    /** A directory for the test's own files; removed after it. */
    public Path directory() {
        if (directory == null) {
            throw new IllegalStateException("there is a directory only while a test runs");
        }
        return directory;
    }

    /** Says that this test breaks the rules on purpose. */
    public void expectViolations() {
        violationsExpected = true;
    }

    /** Says that this test leaves jobs running on purpose. */
    public void expectOpenJobs() {
        openJobsExpected = true;
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        violationsExpected = false;
        openJobsExpected = false;
        processesBefore = children();
        Path made = Files.createTempDirectory("armrunner-test-");
        directory = made;
        CoordinatorSettings plain =
                CoordinatorSettings.of(
                        made.resolve("coordinator"),
                        TestRepository.environment(),
                        InstantSource.system(),
                        new Random());
        EventLoops opened = EventLoops.open(1);
        loops = opened;
        coordinator = Coordinator.start(opened, settings.apply(plain));
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        Coordinator used = coordinator();
        Path made = directory();
        List<String> problems = new ArrayList<>();
        try {
            // What is looked at below must not change meanwhile.
            used.goDown();
            used.jobs().forEach(job -> check(job, problems));
            if (!violationsExpected) {
                problems.addAll(used.violations());
            }
        } finally {
            used.close();
            coordinator = null;
            eventLoops().close();
            loops = null;
        }
        try {
            // Who still runs may still write where the files are removed.
            await("no child process is left")
                    .atMost(LEAVING)
                    .until(() -> processesBefore.containsAll(children()));
        } finally {
            try (Stream<Path> left = Files.list(made.resolve("coordinator"))) {
                left.forEach(file -> problems.add("the coordinator left " + file));
            }
            remove(made);
            directory = null;
        }
        assertThat(problems).as("what the runner did wrong").isEmpty();
    }

    private void check(CoordinatorJob job, List<String> problems) {
        long expected = 0;
        for (LogPatch patch : job.logPatches()) {
            if (patch.offset() != expected) {
                problems.add(
                        job
                                + ": a piece of the log starts at "
                                + patch.offset()
                                + ", not at "
                                + expected);
            }
            expected = patch.offset() + patch.length();
        }
        if (expected != job.logSize()) {
            problems.add(
                    job + ": its pieces have " + expected + " bytes, its log " + job.logSize());
        }
        long ends =
                job.updates().stream()
                        .filter(update -> update.isFinal() && update.isAccepted())
                        .count();
        JobState state = job.state();
        if (ends > 1) {
            problems.add(job + " was ended " + ends + " times");
        }
        if (state.isExecuting() && !openJobsExpected) {
            problems.add(
                    job
                            + " was accepted and never ended; its updates: "
                            + job.updates().stream()
                                    .map(StateUpdate::state)
                                    .collect(Collectors.joining(", ")));
        }
        if (violationsExpected) {
            return;
        }
        String log = new String(job.log(), StandardCharsets.ISO_8859_1);
        for (JsonNode variable : job.payload().path("variables")) {
            String value =
                    new String(
                            variable.path("value")
                                    .asText("")
                                    .strip()
                                    .getBytes(StandardCharsets.UTF_8),
                            StandardCharsets.ISO_8859_1);
            if (variable.path("masked").asBoolean() && !value.isEmpty() && log.contains(value)) {
                problems.add(job + ": its log shows the masked " + variable.path("key").asText());
            }
        }
    }

    private static Set<Long> children() {
        return ProcessHandle.current()
                .descendants()
                .map(ProcessHandle::pid)
                .collect(Collectors.toSet());
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
