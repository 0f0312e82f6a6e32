package io.armrunner.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser, wide and narrow, light and dark. */
class StatusPageTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Where the pictures go that a person looks at. */
    private static final Path PICTURES = Path.of("target", "screenshots");

    @TempDir static Path profile;
    @TempDir Path state;
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        browser = Browser.start(profile);
        Files.createDirectories(PICTURES);
    }

    @AfterAll
    static void stop() throws Exception {
        browser.close();
    }

    @BeforeEach
    void forget() throws Exception {
        browser.open("about:blank");
        await().atMost(LIMIT)
                .until(() -> browser.evaluate("document.URL").asText().equals("about:blank"));
        browser.complaints().clear();
        browser.requests().clear();
    }

    private static void awaitText(String selector, String... texts) {
        await().atMost(LIMIT)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(browser.text(selector)).contains(texts));
    }

    private void onlyFrom(OperationsFixture service) {
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests())
                .isNotEmpty()
                .allMatch(url ->
                        url.startsWith(service.url() + "/")
                                || url.startsWith("data:")
                                || url.equals("about:blank"));
    }

    private static OperationsFixture busy(Path state) throws Exception {
        OperationsFixture service = new OperationsFixture(state).listening();
        String[][] ended = {
            {"lint", "platform/api"},
            {"unit tests", "platform/api"},
            {"build image", "platform/api"},
            {"deploy staging", "platform/web"},
            {"e2e: firefox", "platform/web"},
            {"unit tests", "tools/release-notes"},
            {"docs", "tools/release-notes"},
        };
        for (int i = 0; i < ended.length; i++) {
            JobKey job = service.begin(4200 + i, ended[i][0], ended[i][1]);
            service.operations.stage(job, "step_script");
            service.clock.pass(Duration.ofSeconds(17 + 41L * i));
            if (i == 3) {
                service.fail(job, "script_failure");
            } else if (i == 5) {
                service.fail(job, "job_execution_timeout");
            } else {
                service.succeed(job);
            }
            service.clock.pass(Duration.ofMinutes(9 - i));
        }
        JobKey build = service.begin(4711, "build", "platform/api");
        service.operations.stage(build, "step_script");
        service.clock.pass(Duration.ofSeconds(64));
        JobKey tests = service.begin(4712, "integration tests", "platform/web");
        service.operations.stage(tests, "get_sources");
        service.write(
                build,
                log -> {
                    log.plain("Running with armrunner 1.0.0 (abcdef12)");
                    log.sectionStart(
                            "step_script", "Executing \"step_script\" stage of the job script");
                    OperationsFixture.output(log, "\u001b[32;1m$ make -j4\u001b[0;m\n");
                    for (int i = 1; i <= 14; i++) {
                        OperationsFixture.output(log, "CC    src/module_" + i + ".c\n");
                    }
                    OperationsFixture.output(
                            log, "\u001b[33mwarning:\u001b[0m unused variable 'n'\n");
                    OperationsFixture.output(log, "10%\r50%\rLD    build/app\n");
                });
        service.clock.pass(Duration.ofSeconds(13));
        return service;
    }

    @Test
    void showsWhatRunsAndWhatRanOnAWideScreen() throws Exception {
        try (OperationsFixture service = busy(state)) {
            browser.size(1200, 1000, false);
            browser.dark(false);
            browser.open(service.url() + "/");
            awaitText("#running", "build", "integration tests", "platform/api #4711");
            awaitText("#ended", "deploy staging", "script failure", "passed");
            awaitText("#health", "healthy");
            awaitText("#runners", "rack one", "https://gitlab.example.com");
            browser.screenshot(PICTURES.resolve("status-page.png"));

            service.operations.trouble(
                    "disk", Optional.of("100 MB free in /builds, 512 MB wanted"));
            awaitText("#health", "needs attention");
            awaitText("#troubles", "100 MB free in /builds");
            service.succeed(new JobKey("Zk3QpW9xL", 4711));
            await().atMost(LIMIT).until(() -> !browser.text("#running").contains("4711"));
            onlyFrom(service);
        }
    }

    @Test
    void followsALogLive() throws Exception {
        try (OperationsFixture service = busy(state)) {
            browser.size(1200, 900, false);
            browser.dark(true);
            browser.open(service.url() + "/#Zk3QpW9xL.4711");
            awaitText("#log", "$ make -j4", "src/module_14.c", "LD    build/app");
            assertThat(browser.text("#log"))
                    .doesNotContain("section_start", "2026-11-23T", "50%", "\u001b");
            awaitText("#job-place", "platform/api #4711");
            awaitText("#job-facts", "Script after");
            assertThat(browser.evaluate("document.querySelector('#job-link').href").asText())
                    .isEqualTo("https://gitlab.example.com/group/project/-/jobs/4711");
            browser.screenshot(PICTURES.resolve("status-page-job.png"));
            service.write(
                    new JobKey("Zk3QpW9xL", 4711),
                    log -> {
                        OperationsFixture.output(
                                log, "token " + OperationsFixture.SECRET + " é✓ done\n");
                    });
            awaitText("#log", "token [MASKED] é✓ done");
            service.succeed(new JobKey("Zk3QpW9xL", 4711));
            awaitText("#job-title", "passed");
            awaitText("#log", "token [MASKED] é✓ done");
            onlyFrom(service);
        }
    }

    @Test
    void fitsAPhone() throws Exception {
        try (OperationsFixture service = busy(state)) {
            browser.size(390, 844, true);
            browser.dark(true);
            browser.open(service.url() + "/");
            awaitText("#running", "integration tests");
            assertThat(
                            browser.evaluate(
                                            "document.documentElement.scrollWidth <= window.innerWidth")
                                    .asBoolean())
                    .as("nothing is wider than the screen")
                    .isTrue();
            browser.screenshot(PICTURES.resolve("status-page-phone.png"));
            browser.evaluate("document.querySelector('#running a').click()");
            awaitText("#log", "src/module_14.c");
            assertThat(
                            browser.evaluate(
                                            "document.documentElement.scrollWidth <= window.innerWidth")
                                    .asBoolean())
                    .isTrue();
            browser.evaluate("document.querySelector('.back').click()");
            awaitText("#running", "integration tests");
            onlyFrom(service);
        }
    }

    @Test
    void whatAJobIsCalledOrPrintsIsNeverMarkup() throws Exception {
        String attack = "<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script>";
        try (OperationsFixture service = new OperationsFixture(state).listening()) {
            JobKey job = service.begin(1, attack, attack);
            service.operations.stage(job, attack);
            service.operations.trouble(attack, Optional.of(attack));
            service.write(
                    job,
                    log -> OperationsFixture.output(log, attack + "\u001b[31m" + attack + "\n"));
            browser.size(1200, 900, false);
            browser.open(service.url() + "/");
            awaitText("#running", attack);
            awaitText("#troubles", attack);
            browser.evaluate("document.querySelector('#running a').click()");
            awaitText("#log", attack);
            assertThat(browser.evaluate("window.broken === undefined").asBoolean()).isTrue();
            assertThat(browser.evaluate("document.querySelectorAll('img').length").asInt())
                    .isZero();
            onlyFrom(service);
        }
    }

    @Test
    void aLongLogShowsItsEnd() throws Exception {
        try (OperationsFixture service = new OperationsFixture(state).listening()) {
            JobKey job = service.begin(1, "long");
            service.write(
                    job,
                    log -> {
                        for (int i = 0; i < 20_000; i++) {
                            OperationsFixture.output(log, "line number " + i + "\n");
                        }
                    });
            browser.size(1200, 900, false);
            browser.open(service.url() + "/#Zk3QpW9xL.1");
            awaitText("#log", "line number 19999");
            awaitText("#job-note", "only its end");
            assertThat(browser.text("#log")).doesNotContain("line number 1000\n");
            onlyFrom(service);
        }
    }
}
