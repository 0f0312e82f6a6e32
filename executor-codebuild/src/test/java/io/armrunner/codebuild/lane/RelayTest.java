package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.PartSizes;
import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.http.EventLoops;
import io.armrunner.lane.RemoteJob;
import io.armrunner.plan.JobPlan;
import io.armrunner.protocol.ArtifactStore;
import io.armrunner.testing.HandTicker;
import io.armrunner.testing.Plans;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.sync.RequestBody;

/** The manager's end of a build's line to GitLab, on objects in S3. */
final class RelayTest {
    private static final String BUCKET = "relay";

    @TempDir Path directory;
    private final EventLoops loops = EventLoops.open(1);
    private final HandTicker ticker = new HandTicker();
    private final FakeAws aws;
    private final AwsClients clients;

    RelayTest() throws Exception {
        Path own = Files.createTempDirectory("relay-test-");
        own.toFile().deleteOnExit();
        aws =
                FakeAws.start(
                        loops,
                        FakeAwsSettings.of(own, Map.of("PATH", "/usr/bin:/bin"), new Random(1)));
        clients = AwsClients.open(aws.place());
    }

    @BeforeEach
    void makeBucket() {
        clients.s3()
                .createBucket(create ->
                        create.bucket(BUCKET)
                                .createBucketConfiguration(where ->
                                        where.locationConstraint(clients.place().region())));
    }

    @AfterEach
    void close() {
        clients.close();
        aws.close();
        loops.close();
    }

    /** A job that is only its log. */
    private final class OnlyLog implements RemoteJob {
        private final ByteArrayOutputStream log = new ByteArrayOutputStream();
        private final Path own;

        OnlyLog(String name) throws IOException {
            own = Files.createDirectories(directory.resolve(name));
        }

        String text() {
            return log.toString(UTF_8);
        }

        @Override
        public JobPlan plan() {
            try {
                return Plans.of("{\"id\": 7}");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public byte[] raw() {
            return new byte[0];
        }

        @Override
        public Path directory() {
            return own;
        }

        @Override
        public void say(String line) {
            throw new IllegalStateException(line);
        }

        @Override
        public Stop stop() {
            return Stop.NONE;
        }

        @Override
        public void pause(Duration time) {
            throw new IllegalStateException("a relay does not wait");
        }

        @Override
        public long release() {
            throw new IllegalStateException("a relayed job is not released");
        }

        @Override
        public void relay() {
            throw new IllegalStateException("it is relayed already");
        }

        @Override
        public void append(byte[] bytes, int from, int length) {
            log.write(bytes, from, length);
        }

        @Override
        public long written() {
            return log.size();
        }

        @Override
        public boolean isOver() {
            return false;
        }
    }

    /** No test here has artifacts. */
    private static final class NoStore implements ArtifactStore {
        @Override
        public UploadReply upload(Upload upload, URI server) {
            throw new IllegalStateException(upload.filename());
        }

        @Override
        public DownloadReply download(Download download) {
            throw new IllegalStateException("job " + download.jobId());
        }

        @Override
        public boolean isReachable() {
            return true;
        }

        @Override
        public URI server() {
            return URI.create("https://gitlab.example.com");
        }
    }

    private static String arn(String build) {
        return "arn:aws:codebuild:eu-west-3:123456789012:build/p:" + build;
    }

    private Relay relay(OnlyLog job, String build) throws IOException {
        return new Relay(
                job,
                new Mailbox(clients.s3(), BUCKET, Optional.empty(), arn(build)),
                new NoStore(),
                Duration.ofSeconds(5),
                ticker);
    }

    private void says(String build, long number, long offset, String text) {
        clients.s3()
                .putObject(
                        put -> put.bucket(BUCKET).key(new JobKeys(arn(build)).message(number)),
                        RequestBody.fromBytes(
                                new RelayMessage.Log(offset, text.getBytes(UTF_8)).encoded()));
    }

    @Test
    @Tag("CB-63")
    void whatAProcessBeforeHasAppliedIsNotAppliedAgain() throws Exception {
        OnlyLog job = new OnlyLog("one");
        says("a", 0, 0, "ab");
        says("a", 1, 2, "cd");
        relay(job, "a").take();
        assertThat(job.text()).isEqualTo("abcd");

        // It was killed between the log and its note of the number, and in the middle of a piece.
        Files.writeString(job.directory().resolve("relay"), "0");
        says("a", 0, 0, "ab");
        says("a", 1, 2, "cdef");
        says("a", 2, 6, "gh");
        Relay next = relay(job, "a");
        next.take();

        assertThat(job.text()).isEqualTo("abcdefgh");
        assertThat(next.has(8)).isTrue();
        assertThat(next.has(9)).isFalse();
        assertThat(Files.readString(job.directory().resolve("relay"))).isEqualTo("3");
    }

    @Test
    @Tag("CB-64")
    void aMissingMessageStallsItsOwnJobOnlyAndIsToldAfterAMinute() throws Exception {
        OnlyLog job = new OnlyLog("one");
        OnlyLog other = new OnlyLog("other");
        says("a", 0, 0, "ab");
        says("a", 2, 4, "ef");
        Relay relay = relay(job, "a");
        Relay beside = relay(other, "b");
        relay.step();
        assertThat(job.text()).isEqualTo("ab");

        ticker.moveTo(Duration.ofSeconds(59));
        says("b", 0, 0, "on it goes");
        relay.step();
        beside.step();
        assertThat(relay.isStalled()).isFalse();
        assertThat(other.text()).isEqualTo("on it goes");

        ticker.moveTo(Duration.ofSeconds(66));
        relay.step();
        beside.step();
        assertThat(relay.isStalled()).isTrue();
        assertThat(beside.isStalled()).as("nothing to say is no gap").isFalse();

        ticker.moveTo(Duration.ofSeconds(80));
        says("a", 1, 2, "cd");
        relay.step();
        assertThat(job.text()).isEqualTo("abcdef");
        assertThat(relay.isStalled()).isFalse();
    }

    @Test
    void aPieceThatDoesNotFollowIsRefused() throws Exception {
        OnlyLog job = new OnlyLog("one");
        says("a", 0, 5, "late");
        Relay relay = relay(job, "a");

        assertThatThrownBy(relay::take)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has 0 bytes and message 0 goes on at 5");
        assertThat(job.text()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "https://h/group/app.git, ../middle.git,       https://h/group/middle.git",
        "https://h/group/app.git, ../../o/x.git,       https://h/o/x.git",
        "https://h/group/app.git, ./deep.git,          https://h/group/app.git/deep.git",
        "https://h/group/app.git, https://o/y.git,     https://o/y.git",
    })
    void addressesOfSubmodulesAreReadAsGitReadsThem(String parent, String url, String resolved) {
        assertThat(RelayedSources.resolved(parent, url)).isEqualTo(resolved);
    }

    @Test
    void filesForABuildGoInPartsWhereTheyAreTooLargeForOneRequest() throws Exception {
        byte[] bytes = new byte[(10 << 20) + 7];
        new Random(3).nextBytes(bytes);
        Path file = Files.write(directory.resolve("large"), bytes);
        Mailbox mailbox =
                new Mailbox(
                        clients.s3(),
                        BUCKET,
                        Optional.empty(),
                        arn("large"),
                        new PartSizes(5 << 20, 5 << 20));

        mailbox.putFile(3, file);
        mailbox.putSources(file);

        try (InputStream there = mailbox.openFile(3)) {
            assertThat(there.readAllBytes()).isEqualTo(bytes);
        }
        assertThat(aws.count("s3:UploadPart")).isEqualTo(6);
        assertThat(
                        clients.s3()
                                .getObjectAsBytes(get ->
                                        get.bucket(BUCKET).key(new JobKeys(arn("large")).sources()))
                                .asByteArray())
                .isEqualTo(bytes);
        mailbox.clearRelay();
    }

    @Test
    void repositoriesStayBelowTheirDirectory() throws Exception {
        assertThat(RelayedSources.place("https://u:t@h:8443/gitlab/group/app.git"))
                .isEqualTo("gitlab/group/app.git");
        assertThatThrownBy(() -> RelayedSources.place("https://h/../../etc"))
                .hasMessageContaining("leads elsewhere");
        assertThatThrownBy(() -> RelayedSources.place("ssh://git@h/app.git"))
                .hasMessageContaining("http or https");
    }
}
