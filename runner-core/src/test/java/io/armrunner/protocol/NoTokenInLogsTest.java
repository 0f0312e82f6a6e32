package io.armrunner.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.armrunner.spec.Secret;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** All calls, well and badly answered, with every logger of the process at its most talkative. */
@Timeout(120)
class NoTokenInLogsTest {
    private static final Secret CREATED = Secret.of("glrt-t1_RUNNERsecretRUNNERsecret");
    private static final Secret LEGACY = Secret.of("glrtr-LEGACYsecretLEGACYsecret");
    private static final Secret REGISTRATION = Secret.of("GR1348941REGISTRATIONsecret");
    private static final Secret JOB = Secret.of("glcbt-64_JOBsecretJOBsecretJOB");
    private static final Secret NEW = Secret.of("glrt-NEWsecretNEWsecretNEWsecret");
    private static final List<Secret> ALL = List.of(CREATED, LEGACY, REGISTRATION, JOB, NEW);
    private static final SystemId SYSTEM_ID = new SystemId("s_0a1b2c3d4e5f");

    private final ConcurrentLinkedQueue<String> lines = new ConcurrentLinkedQueue<>();
    private final Logger root = Logger.getLogger("");
    private final Level before = root.getLevel();
    private final Handler[] handlersBefore = root.getHandlers();
    private final Handler capture = new Capture();

    private final class Capture extends Handler {
        private final Formatter formatter = new SimpleFormatter();

        @Override
        public void publish(LogRecord entry) {
            StringWriter text = new StringWriter();
            text.append(formatter.formatMessage(entry));
            Throwable thrown = entry.getThrown();
            if (thrown != null) {
                thrown.printStackTrace(new PrintWriter(text, true));
            }
            lines.add(entry.getLoggerName() + " " + text);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @BeforeEach
    void listen() {
        for (Handler handler : handlersBefore) {
            root.removeHandler(handler);
        }
        capture.setLevel(Level.ALL);
        root.addHandler(capture);
        root.setLevel(Level.ALL);
    }

    @AfterEach
    void stopListening() {
        root.setLevel(before);
        root.removeHandler(capture);
        for (Handler handler : handlersBefore) {
            root.addHandler(handler);
        }
    }

    @Test
    @Tag("RP-11")
    void noTokenIsInAnyLineOfTheLog() throws Exception {
        try (ScriptedGitLab gitLab = new ScriptedGitLab()) {
            GitLabClient client =
                    new GitLabClient(
                            gitLab.caller(),
                            gitLab.url(),
                            CREATED,
                            SYSTEM_ID.value(),
                            ScriptedGitLab.INFO);
            RunnersApi api = new RunnersApi(gitLab.caller(), gitLab.url(), ScriptedGitLab.INFO);
            String described =
                    "{\"id\":0,\"token\":\"%s\",\"token_expires_at\":\"soon\"}"
                            .formatted(NEW.value());
            gitLab.will(200, described).willSay(200, NEW.value()).willSay(403, CREATED.value());
            api.verify(CREATED, SYSTEM_ID);
            api.verify(CREATED, SYSTEM_ID);
            gitLab.will(201, described)
                    .will(201, described + "}{")
                    .will(201, "{\"token\":\"" + NEW.value());
            api.register(REGISTRATION, plain());
            api.resetToken(CREATED);
            api.resetToken(CREATED);
            gitLab.will(204).will(500).will(403);
            api.unregister(CREATED, SYSTEM_ID);
            api.unregister(LEGACY, SYSTEM_ID);
            gitLab.will(201, "{\"id\":7,\"token\":\"" + JOB.value() + "\"}")
                    .will(201, "{\"id\":7,\"token\":\"" + JOB.value())
                    .willSay(201, JOB.value())
                    .will(204)
                    .will(403)
                    .will(409);
            for (int i = 0; i < 6; i++) {
                client.request(true);
            }
            JobReports reports = client.reports(7, JOB, false);
            gitLab.will(403).will(202).will(404).will(412);
            reports.patch(0, JOB.value().getBytes(UTF_8), 10);
            reports.patch(0, JOB.value().getBytes(UTF_8), 10);
            reports.update(new JobUpdate.Accepted());
            reports.update(new JobUpdate.Success(new JobUpdate.LogState(0, 0)));
            // Nothing is prepared any more: five attempts, each with a line in the log.
            reports.update(new JobUpdate.Accepted());
        }
        refusedConnection();
        assertThat(lines).anyMatch(line -> line.contains("gitlab.retry"));
        assertThat(lines).anyMatch(line -> line.contains("gitlab.job-lost"));
        assertThat(lines).anyMatch(line -> line.startsWith("reactor.netty"));
        for (Secret secret : ALL) {
            String shown = secret.value().substring(secret.value().length() - 12);
            assertThat(lines).noneMatch(line -> line.contains(shown));
        }
    }

    private static Registration plain() {
        return new Registration("", "", List.of(), false, true, "", OptionalInt.empty(), false);
    }

    private void refusedConnection() throws InterruptedException, IOException {
        ScriptedGitLab gone = new ScriptedGitLab();
        GitLabUrl nobody = GitLabUrl.of("http://127.0.0.1:1/");
        try (gone) {
            new RunnersApi(gone.caller(), nobody, ScriptedGitLab.INFO).verify(CREATED, SYSTEM_ID);
        } catch (IOException e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text, true));
            lines.add("thrown " + text);
        }
    }
}
