package io.armrunner.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.armrunner.process.ProcessGroup;
import io.armrunner.testing.CoordinatorExtension;
import io.armrunner.testing.TestRepository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class CoordinatorGitTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @RegisterExtension final CoordinatorExtension gitlab = new CoordinatorExtension();

    private Coordinator coordinator;
    private RunnerClient client;
    private TestRepository repository;
    private Project project;
    private CoordinatorJob job;

    @BeforeEach
    void startAJob() throws IOException, InterruptedException {
        coordinator = gitlab.coordinator();
        client = new RunnerClient(coordinator.url());
        repository = TestRepository.create(gitlab.directory().resolve("app"));
        project = coordinator.addProject("group/app", repository.directory());
        job = coordinator.job("build").project(project).script("true").enqueue();
        CoordinatorRunner runner = coordinator.registerRunner(RunnerSpec.tagged());
        assertThat(client.requestJob(runner).statusCode()).isEqualTo(201);
    }

    @AfterEach
    void endIt() throws IOException, InterruptedException {
        if (job.state().isExecuting()) {
            assertThat(client.succeed(job, "").statusCode()).isEqualTo(200);
        }
        client.close();
    }

    private String url() {
        return job.payload().path("git_info").path("repo_url").asText();
    }

    private Path target() {
        return gitlab.directory().resolve("clone");
    }

    @Test
    void cloneGetsAllBranchesAndTags() throws IOException, InterruptedException {
        repository.branch("feature/a");
        repository.commit("a.txt", "a".repeat(300_000), "big");
        repository.tag("v1.0");
        TestRepository.run(
                gitlab.directory(), "clone", "--quiet", "--branch", "feature/a", url(), "clone");
        assertThat(TestRepository.run(target(), "branch", "-r"))
                .contains("origin/main", "origin/feature/a");
        assertThat(TestRepository.run(target(), "tag")).isEqualTo("v1.0");
        assertThat(target().resolve("a.txt")).hasSize(300_000);
    }

    @Test
    void fetchByHashWithDepthAsTheRefspecsSay() throws IOException, InterruptedException {
        String old = repository.commit("a.txt", "1", "one");
        repository.commit("a.txt", "2", "two");
        for (String version : new String[] {"0", "1", "2"}) {
            Path into = gitlab.directory().resolve("v" + version);
            Files.createDirectories(into);
            TestRepository.run(into, "init", "--quiet");
            TestRepository.run(
                    into,
                    "-c",
                    "protocol.version=" + version,
                    "fetch",
                    "--quiet",
                    "--depth",
                    "1",
                    url(),
                    "+" + old + ":refs/pipelines/900");
            assertThat(TestRepository.run(into, "rev-list", "refs/pipelines/900")).isEqualTo(old);
        }
    }

    @Test
    void submodulesComeFromTheSameServer() throws IOException, InterruptedException {
        TestRepository library = TestRepository.create(gitlab.directory().resolve("lib"));
        coordinator.addProject("group/lib", library.directory());
        repository.submodule(library, "../lib.git", "lib");
        TestRepository.run(
                gitlab.directory(), "clone", "--quiet", "--recurse-submodules", url(), "clone");
        assertThat(target().resolve("lib/README.md")).hasContent("first");
    }

    @Test
    void aWrongOrDeadTokenIsRefused() throws IOException, InterruptedException {
        String wrong = url().replace(job.token().value(), "glcbt-wrong");
        assertThatThrownBy(() -> TestRepository.run(gitlab.directory(), "ls-remote", wrong))
                .hasMessageContaining("Authentication failed");
        assertThat(client.succeed(job, "").statusCode()).isEqualTo(200);
        assertThatThrownBy(() -> TestRepository.run(gitlab.directory(), "ls-remote", url()))
                .hasMessageContaining("Authentication failed");
        assertThat(coordinator.requests(Endpoint.GIT_REFS))
                .allMatch(request -> request.status() == 401);
    }

    @Test
    void aPushIsTakenOnlyWhereItIsAllowed() throws IOException, InterruptedException {
        TestRepository.run(gitlab.directory(), "clone", "--quiet", url(), "clone");
        assertThatThrownBy(() ->
                        TestRepository.run(
                                target(), "push", "--quiet", "origin", "HEAD:refs/heads/new"))
                .hasMessageContaining("403");
        TestRepository open = TestRepository.create(gitlab.directory().resolve("open"));
        coordinator.addWritableProject("group/open", open.directory());
        String url = url().replace("group/app", "group/open");
        TestRepository.run(target(), "push", "--quiet", "--force", url, "HEAD:refs/heads/new");
        assertThat(open.git("rev-parse", "new")).isEqualTo(repository.head());
    }

    @Test
    void gitEndsWithItsClient() throws IOException, InterruptedException {
        repository.commit("noise.txt", noise(), "noise");
        coordinator.faults().on(Endpoint.GIT_FETCH).always().slow(100, Duration.ofMillis(50));
        Process clone =
                new ProcessBuilder("setsid", "git", "clone", "--quiet", url(), target().toString())
                        .redirectErrorStream(true)
                        .start();
        await("the server's own git answers")
                .atMost(LIMIT)
                .until(() -> coordinator.requestsInFlight() == 1 && serverGit(clone) > 0);
        assertThat(ProcessGroup.signal(clone.pid(), ProcessGroup.Signal.KILL)).isTrue();
        // None of them is left that would write where the test's files are removed.
        await().atMost(LIMIT).until(() -> !ProcessGroup.isAlive(clone.pid()));
        await().atMost(LIMIT).until(() -> coordinator.requestsInFlight() == 0);
        await("the server's git has gone").atMost(LIMIT).until(() -> serverGit(clone) == 0);
        coordinator.faults().clear();
    }

    /** How many processes besides the client's this JVM has started. */
    private static long serverGit(Process client) {
        Set<ProcessHandle> clients = client.descendants().collect(Collectors.toSet());
        return ProcessHandle.current()
                .descendants()
                .filter(process -> process.pid() != client.pid() && !clients.contains(process))
                .count();
    }

    /** Text that does not compress, a few times what a socket buffers. */
    private static String noise() {
        Random random = new Random(1);
        var text = new StringBuilder();
        for (int i = 0; i < 500_000; i++) {
            text.append(Long.toHexString(random.nextLong()));
        }
        return text.toString();
    }

    @Test
    void anUnknownProjectIsNotFound() {
        String unknown = url().replace("group/app", "group/none");
        assertThatThrownBy(() -> TestRepository.run(gitlab.directory(), "ls-remote", unknown))
                .hasMessageContaining("not found");
    }
}
