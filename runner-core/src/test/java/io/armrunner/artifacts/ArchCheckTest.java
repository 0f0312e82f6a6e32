package io.armrunner.artifacts;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.plan.JobPlan;
import io.armrunner.spec.JobFailure;
import io.armrunner.testing.CoordinatorExtension;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

@Timeout(120)
class ArchCheckTest {
    private static final int AARCH64 = 183;
    private static final int X86_64 = 62;

    @RegisterExtension final CoordinatorExtension gitlab = new CoordinatorExtension();

    private ArtifactJob runner;

    @BeforeEach
    void connect() {
        runner = new ArtifactJob(gitlab);
    }

    @AfterEach
    void disconnect() throws IOException, InterruptedException {
        runner.finish();
    }

    private JobPlan taken(Map<String, String> variables)
            throws IOException, InterruptedException, JobFailure {
        ObjectNode entry = ArtifactJob.entry("archive", "zip", "");
        entry.putArray("paths").add("out/");
        JobBuilder job = runner.gitlab.job("pack").artifacts(entry);
        variables.forEach(job::variable);
        JobPlan plan = runner.take(job);
        Files.createDirectories(out(plan));
        return plan;
    }

    private static Path out(JobPlan plan) {
        return ArtifactJob.project(plan).resolve("out");
    }

    private static byte[] elf(int machine) {
        byte[] bytes = new byte[200];
        bytes[0] = 0x7f;
        bytes[1] = 'E';
        bytes[2] = 'L';
        bytes[3] = 'F';
        bytes[4] = 2;
        bytes[5] = 1;
        bytes[6] = 1;
        bytes[16] = 3;
        bytes[18] = (byte) machine;
        return bytes;
    }

    private static String last(ArtifactJob.Ran ran) {
        return ran.log().lines().toList().getLast().strip();
    }

    @Test
    void theLogEndsWithTheMachineOfTheNativeFiles()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken(Map.of());
        for (int i = 0; i < 14; i++) {
            Files.write(out(plan).resolve("lib" + i + ".so"), elf(AARCH64));
        }
        Files.writeString(out(plan).resolve("readme"), "text");
        assertThat(last(runner.upload(plan)))
                .isEqualTo("arm64 check: 14 native files, all aarch64");
    }

    @Test
    void nothingIsSaidWithoutNativeFilesOrWhenItIsOff()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken(Map.of());
        Files.writeString(out(plan).resolve("readme"), "text");
        assertThat(runner.upload(plan).log()).doesNotContain("check");
        JobPlan off = taken(Map.of("ARMRUNNER_ARCH_CHECK", "off"));
        Files.write(out(off).resolve("x"), elf(X86_64));
        assertThat(runner.upload(off).log()).doesNotContain("check");
    }

    @Test
    void eachFileForAnotherMachineIsNamed() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken(Map.of());
        Files.write(out(plan).resolve("good.so"), elf(AARCH64));
        Files.write(out(plan).resolve("bad.so"), elf(X86_64));
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isFalse();
        assertThat(ran.log())
                .contains("WARNING: arm64 check: 1 of 2 native files not for aarch64")
                .contains("WARNING:   out/bad.so: x86-64");
    }

    @Test
    void theJobMayWantToFailAndExpectAnotherMachine()
            throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken(Map.of("ARMRUNNER_ARCH_CHECK", "fail"));
        Files.write(out(plan).resolve("bad.so"), elf(X86_64));
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.failed()).isTrue();
        assertThat(ran.log()).contains("FATAL: arm64 check: 1 of 1 native file not for aarch64");
        assertThat(runner.job(plan).artifacts()).hasSize(1);
        JobPlan other =
                taken(Map.of("ARMRUNNER_ARCH_CHECK", "fail", "ARMRUNNER_EXPECT_ARCH", "amd64"));
        Files.write(out(other).resolve("bad.so"), elf(X86_64));
        assertThat(last(runner.upload(other))).isEqualTo("x86-64 check: 1 native file, all x86-64");
    }

    @Test
    void archivesInTheArtifactAreLookedInto() throws IOException, InterruptedException, JobFailure {
        JobPlan plan = taken(Map.of());
        Path out = out(plan);
        Path tree = Files.createDirectories(gitlab.directory().resolve("tree/usr/lib"));
        Files.write(tree.resolve("libx.so"), elf(X86_64));
        Files.write(
                Files.createDirectories(tree.resolve("d".repeat(90) + "/" + "e".repeat(90)))
                        .resolve("liba.so"),
                elf(AARCH64));
        Files.createDirectories(gitlab.directory().resolve("tree/DEBIAN"));
        Files.writeString(
                gitlab.directory().resolve("tree/DEBIAN/control"),
                "Package: x\nVersion: 1\nArchitecture: arm64\nMaintainer: a <a@example.com>\nDescription: x\n");
        bash(
                "cd "
                        + gitlab.directory().resolve("tree")
                        + "\nO="
                        + out
                        + "\ntar cf $O/a.tar usr\ntar czf $O/a.tgz usr\ntar cJf $O/a.tar.xz usr"
                        + "\ntar cf - usr | zstd -q >$O/a.tar.zst\nzip -qr $O/a.whl usr\nzip -q0r $O/a.jar usr"
                        + "\ndpkg-deb -Zxz --build . $O/xz.deb >/dev/null\ndpkg-deb -Zgzip --build . $O/gz.deb >/dev/null"
                        + "\nhead -c 300 $O/a.jar >$O/broken.zip");
        ArtifactJob.Ran ran = runner.upload(plan);
        assertThat(ran.log())
                .contains("arm64 check: could not look into out/broken.zip")
                .contains("arm64 check: 8 of 16 native files not for aarch64");
        for (String name :
                new String[] {
                    "a.tar", "a.tgz", "a.tar.xz", "a.tar.zst", "a.whl", "a.jar", "xz.deb", "gz.deb"
                }) {
            assertThat(ran.log()).contains("WARNING:   out/" + name + "!/usr/lib/libx.so: x86-64");
        }
    }

    private static void bash(String script) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder("bash", "-ec", script).redirectErrorStream(true).start();
        String out =
                new String(
                        process.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out).isZero();
    }
}
