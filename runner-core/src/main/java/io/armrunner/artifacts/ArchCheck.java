package io.armrunner.artifacts;

import io.armrunner.files.HelperEnvironment;
import io.armrunner.files.HelperLines;
import io.armrunner.spec.JobFailure;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Says for which machine the native files of an artifact are, so that an x86-64 library in a
 * package for ARM is seen here and not in production. Looks into wheels, jars, tar archives and
 * packages too.
 *
 * <p>{@code ARMRUNNER_ARCH_CHECK} is {@code off}, {@code warn} (the default) or {@code fail};
 * {@code ARMRUNNER_EXPECT_ARCH} names the machine, {@code aarch64} if it is not set. {@link #file}
 * is called by the thread that writes one archive, {@link #finish} by the job's when it was sent.
 */
final class ArchCheck {
    private static final int SHOWN = 50;

    private enum Mode {
        WARN,
        FAIL
    }

    /** A file that is not for the expected machine. */
    private record Other(String name, String machine) {}

    private final Mode mode;
    private final String expected;
    private final Path project;
    private final HelperLines lines;
    private final List<Other> others = new ArrayList<>();
    private final List<String> containers = new ArrayList<>();
    private final List<String> unread = new ArrayList<>();
    private long natives;

    private ArchCheck(Mode mode, String expected, Path project, HelperLines lines) {
        this.mode = mode;
        this.expected = expected;
        this.project = project;
        this.lines = lines;
    }

    /** The check that the job wants; empty if it is off. */
    static Optional<ArchCheck> of(HelperEnvironment environment, Path project, HelperLines lines) {
        String machine = environment.get("ARMRUNNER_EXPECT_ARCH");
        String expected = machine.isEmpty() ? ElfHead.AARCH64 : ElfHead.canonical(machine);
        String word = environment.get("ARMRUNNER_ARCH_CHECK");
        return switch (word) {
            case "off" -> Optional.empty();
            case "fail" -> Optional.of(new ArchCheck(Mode.FAIL, expected, project, lines));
            case "", "warn" -> Optional.of(new ArchCheck(Mode.WARN, expected, project, lines));
            default -> {
                lines.warning(
                        "ARMRUNNER_ARCH_CHECK \"%s\" is not known, using warn: off, warn and fail are"
                                .formatted(word));
                yield Optional.of(new ArchCheck(Mode.WARN, expected, project, lines));
            }
        };
    }

    /** The same for another try: what the one before counts meanwhile is not seen here. */
    ArchCheck anew() {
        return new ArchCheck(mode, expected, project, lines);
    }

    /** A file goes into the archive. */
    void file(String name, byte[] head, int length) {
        Optional<String> machine = ElfHead.machine(head, length);
        if (machine.isPresent()) {
            found(name, machine.get());
        } else if (Containers.isOne(name, head, length)) {
            containers.add(name);
        }
    }

    private void found(String name, String machine) {
        natives++;
        if (!machine.equals(expected)) {
            others.add(new Other(name, machine));
        }
    }

    /**
     * Looks into the archives among the files and tells the result.
     *
     * @throws JobFailure if there are others and the job wants to fail then
     */
    void finish() throws JobFailure {
        for (String name : containers) {
            String why = Containers.scan(project.resolve(name), name, this::found);
            if (!why.isEmpty()) {
                unread.add(name + ": " + why);
            }
        }
        String check = (expected.equals(ElfHead.AARCH64) ? "arm64" : expected) + " check: ";
        unread.forEach(one -> lines.warning(check + "could not look into " + one));
        if (others.isEmpty()) {
            if (natives > 0) {
                lines.info(check + count(natives) + ", all " + expected);
            }
            return;
        }
        String summary = check + others.size() + " of " + count(natives) + " not for " + expected;
        say(summary);
        others.stream()
                .limit(SHOWN)
                .forEach(other -> say("  " + other.name() + ": " + other.machine()));
        if (others.size() > SHOWN) {
            say("  and " + (others.size() - SHOWN) + " more");
        }
        if (mode == Mode.FAIL) {
            throw ArtifactStages.failed(lines, summary);
        }
    }

    private static String count(long natives) {
        return natives + (natives == 1 ? " native file" : " native files");
    }

    private void say(String text) {
        switch (mode) {
            case WARN -> lines.warning(text);
            case FAIL -> lines.error(text);
        }
    }
}
