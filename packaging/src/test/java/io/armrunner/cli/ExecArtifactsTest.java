package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExecArtifactsTest {
    private final Path kept;
    private final LocalProject project;

    ExecArtifactsTest(@TempDir Path directory) throws IOException {
        kept = directory.toRealPath().resolve("kept/deep");
        project = new LocalProject(directory.toRealPath());
    }

    private LocalProject.Run exec() {
        return project.exec(Map.of(), "--artifacts-dir", kept.toString());
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.walk(kept)) {
            return all.filter(Files::isRegularFile)
                    .map(path -> kept.relativize(path).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void eachJobHasADirectoryWithItsFilesAndOneWithItsReports() throws Exception {
        project.pipeline(
                        """
                        stages: [one, two]
                        build:
                          stage: one
                          script: [mkdir -p out, echo hello > out/a.txt, chmod 755 out/a.txt]
                          artifacts: {paths: [out/]}
                        test:
                          stage: two
                          script: [cat out/a.txt, echo '<testsuites/>' > tests.xml]
                          artifacts: {reports: {junit: tests.xml}}
                        nothing: {stage: two, script: [echo nothing]}
                        """)
                .commit("Start");

        LocalProject.Run run = exec();

        assertThat(run.status()).as(run.out() + run.err()).isZero();
        assertThat(names()).containsExactly("build/out/a.txt", "test.reports/junit/junit.xml.gz");
        assertThat(kept.resolve("build/out/a.txt")).hasContent("hello\n").isExecutable();
        try (InputStream report =
                new GZIPInputStream(
                        Files.newInputStream(kept.resolve("test.reports/junit/junit.xml.gz")))) {
            assertThat(new String(report.readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("<testsuites/>\n");
        }
        assertThat(project.leftovers()).isEmpty();
    }

    @Test
    void aFailedJobsArtifactsAreKeptAndFilesOfAnEarlierRunStay() throws Exception {
        project.pipeline(
                        """
                        breaks:
                          script: [echo log > log.txt, exit 3]
                          artifacts: {paths: [log.txt], when: on_failure}
                        """)
                .commit("Start");
        Files.createDirectories(kept.resolve("breaks"));
        Files.writeString(kept.resolve("breaks/log.txt"), "old\n");
        Files.writeString(kept.resolve("breaks/mine.txt"), "mine\n");

        assertThat(exec().status()).isEqualTo(1);

        assertThat(names()).containsExactly("breaks/log.txt", "breaks/mine.txt");
        assertThat(kept.resolve("breaks/log.txt")).hasContent("log\n");
    }

    @Test
    void jobsWhoseNamesAreNoNamesOfDirectoriesDoNotMeet() throws Exception {
        project.pipeline(
                        """
                        .job: &job {script: [echo $CI_JOB_NAME > name], artifacts: {paths: [name]}}
                        a/b: *job
                        a-b: *job
                        """)
                .commit("Start");

        assertThat(exec().status()).isZero();

        assertThat(names()).containsExactly("a-b-2/name", "a-b/name");
        assertThat(kept.resolve("a-b/name")).hasContent("a/b\n");
        assertThat(kept.resolve("a-b-2/name")).hasContent("a-b\n");
    }

    @Test
    void aDirectoryThatCannotBeMadeIsSaidBeforeAJobRuns() throws Exception {
        project.write("file", "").pipeline("job: {script: [echo ran]}\n").commit("Start");

        LocalProject.Run run = project.exec(Map.of(), "--artifacts-dir", "file/below");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.out()).doesNotContain("ran");
        assertThat(run.err()).contains("file/below for artifacts cannot be made");
    }
}
