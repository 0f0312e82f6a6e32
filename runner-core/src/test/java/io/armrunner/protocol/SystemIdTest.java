package io.armrunner.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SystemIdTest {
    private static final String FORMAT = "^[sr]_[0-9a-zA-Z]{12}$";

    @TempDir private Path directory;

    private Path file() {
        return directory.resolve("home/.runner_system_id");
    }

    private SystemId load(long seed, Path... machineIds) {
        return SystemId.load(directory.resolve("home"), List.of(machineIds), new Random(seed));
    }

    @Test
    @Tag("RP-3")
    void anIdentityIsMadeOnceAndKeptForTheOwnerOnly() throws IOException {
        SystemId made = load(1);
        assertThat(made.value()).matches(FORMAT).startsWith("r_");
        assertThat(load(2)).isEqualTo(made);
        assertThat(file()).hasContent(made.value());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
                .isEqualTo("rw-------");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(directory.resolve("home"))))
                .isEqualTo("rwx------");
        try (var files = Files.list(directory.resolve("home"))) {
            assertThat(files).containsExactly(file());
        }
    }

    @Test
    @Tag("RP-3")
    void aMachineGivesTheSameIdentityToEveryLossOfTheFile() throws IOException {
        Path machineId = Files.writeString(directory.resolve("machine-id"), "0123456789abcdef\n");
        SystemId made = load(1, directory.resolve("missing"), machineId);
        // HMAC-SHA256, computed by another program.
        assertThat(made.value()).matches(FORMAT).isEqualTo("s_ab850e4caba7");
        Files.delete(file());
        assertThat(load(2, machineId)).isEqualTo(made);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "x", "s_0123", "s_0123456789ab0", "t_0123456789ab", "s_0123456789a-"})
    @Tag("RP-4")
    void aMalformedFileIsReplaced(String content) throws IOException {
        Files.createDirectories(file().getParent());
        Files.writeString(file(), content);
        SystemId made = load(1);
        assertThat(made.value()).matches(FORMAT);
        assertThat(file()).hasContent(made.value());
    }

    @Test
    @Tag("RP-4")
    void bytesThatAreNoTextAreReplacedToo() throws IOException {
        Files.createDirectories(file().getParent());
        Files.write(file(), new byte[] {(byte) 0xff, 0});
        assertThat(file()).exists();
        assertThat(load(1).value()).isEqualTo(Files.readString(file()));
    }

    @Test
    @Tag("RP-4")
    void aDirectoryThatCannotBeWrittenToIsNoObstacle() throws IOException {
        // A file in the directory's place stops root too, whom permissions do not.
        Files.writeString(directory.resolve("home"), "");
        assertThat(load(1).value()).matches(FORMAT);
    }

    @Test
    void spaceAroundAKeptIdentityDoesNotCount() throws IOException {
        Files.createDirectories(file().getParent());
        Files.writeString(file(), " s_0123456789aB\n");
        assertThat(load(1)).isEqualTo(new SystemId("s_0123456789aB"));
    }

    @Test
    void anythingElseIsNoIdentity() {
        assertThatThrownBy(() -> new SystemId("s_x")).isInstanceOf(IllegalArgumentException.class);
    }
}
