package io.armrunner.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.PartsSigned;
import io.armrunner.codebuild.handover.PartsWanted;
import io.armrunner.coordinator.CoordinatorJob;
import io.armrunner.coordinator.JobBuilder;
import io.armrunner.coordinator.JobState;
import io.armrunner.spec.Wire;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.S3Object;

/** Caches of jobs in builds, which are machines that nobody has seen before. */
@Tag("CB-32")
final class CodeBuildCachesTest {
    @RegisterExtension final CloudUnderTest cloud = new CloudUnderTest();

    private static ObjectNode cache(String path, String key, String policy, String... fallbacks) {
        ObjectNode entry = Wire.mapper().createObjectNode();
        entry.put("key", key).put("untracked", false).put("policy", policy).put("when", "always");
        entry.putArray("paths").add(path);
        var others = entry.putArray("fallback_keys");
        for (String other : fallbacks) {
            others.add(other);
        }
        return entry;
    }

    private CoordinatorJob ran(JobBuilder job) throws Exception {
        CoordinatorJob done = cloud.run(job);
        assertThat(done.state()).as(CloudUnderTest.log(done)).isEqualTo(JobState.SUCCESS);
        // Each build has a disk of its own, and so has each of ours.
        cloud.newDisk();
        return done;
    }

    private List<String> objects(String bucket) {
        return cloud.clients().s3().listObjectsV2(list -> list.bucket(bucket)).contents().stream()
                .map(S3Object::key)
                .filter(key -> !key.startsWith("agent/"))
                .toList();
    }

    @Test
    void withoutAnyConfigurationALaneKeepsCachesInItsOwnBucketAndNoCacheFailsAJob()
            throws Exception {
        cloud.start();
        CoordinatorJob first =
                ran(
                        cloud.job()
                                .script(
                                        "for each in one two three four; do mkdir $each; echo made-$each-$CI_JOB_ID > $each/it; done")
                                .cache(cache("one/", "$CI_COMMIT_REF_SLUG-deps", "pull-push"))
                                .cache(cache("two/", "main", "push"))
                                .cache(cache("three/", "deps-protected", "push"))
                                .cache(cache("four/", "broken", "push")));
        assertThat(CloudUnderTest.log(first))
                .contains("file does not exist", "Failed to extract cache", "Created cache")
                .contains("Not downloading cache main due to policy");
        assertThat(objects(CloudUnderTest.BUCKET))
                .hasSize(4)
                .allMatch(key -> key.matches("cache/runner/[^/]+/project/[0-9]+/[a-z-]+"));
        String broken =
                objects(CloudUnderTest.BUCKET).stream()
                        .filter(key -> key.endsWith("/broken"))
                        .findFirst()
                        .orElseThrow();
        cloud.clients()
                .s3()
                .putObject(
                        put -> put.bucket(CloudUnderTest.BUCKET).key(broken),
                        RequestBody.fromString("this is no archive"));

        CoordinatorJob second =
                ran(
                        cloud.job()
                                .script(
                                        "for each in one two three four; do cat $each/it || echo no-$each; done")
                                .variable("CACHE_FALLBACK_KEY", "deps-protected")
                                .cache(cache("one/", "$CI_COMMIT_REF_SLUG-deps", "pull"))
                                .cache(cache("two/", "branch", "pull", "other", "main"))
                                .cache(cache("three/", "deps-non_protected", "pull"))
                                .cache(cache("four/", "broken", "pull")));
        assertThat(CloudUnderTest.log(second))
                .contains("made-one-" + first.id(), "made-two-" + first.id())
                .contains("no-three", "no-four", "Job succeeded")
                .contains(
                        "CACHE_FALLBACK_KEY \"deps-protected\" not allowed to end in \"-protected\"")
                .contains("Not uploading cache main-deps due to policy")
                .containsSubsequence(
                        "Checking cache for branch...",
                        "Failed to extract cache",
                        "Checking cache for other...",
                        "Checking cache for main...",
                        "Successfully extracted cache")
                .doesNotContain("X-Amz-Signature");
    }

    @Test
    void aCacheIsSavedAfterTheEndsThatItIsFor() throws Exception {
        cloud.start();
        CoordinatorJob bad =
                cloud.run(
                        cloud.job()
                                .script(
                                        "for each in a b c; do mkdir $each; date > $each/it; done",
                                        "exit 3")
                                .cache(cache("a/", "good-only", "push").put("when", "on_success"))
                                .cache(cache("b/", "bad-only", "push").put("when", "on_failure"))
                                .cache(cache("c/", "any", "push").put("when", "always")));

        assertThat(bad.exitCode()).as(CloudUnderTest.log(bad)).hasValue(3);
        assertThat(objects(CloudUnderTest.BUCKET))
                .map(key -> key.substring(key.lastIndexOf('/') + 1))
                .containsExactlyInAnyOrder("bad-only", "any");
    }

    @Test
    void nobodyGetsThePartsOfACacheThatHisJobMayNotWrite() throws Exception {
        cacheTable();
        cloud.start();
        CoordinatorJob job =
                cloud.job()
                        .script(
                                "echo begun; mkdir kept",
                                "until [ -e %s ]; do sleep 0.1; done"
                                        .formatted(cloud.directory().resolve("go")))
                        .cache(cache("kept/", "k", "push"))
                        .enqueue();
        job.awaitLog("begun", CloudUnderTest.LIMIT);
        JobKeys keys = new JobKeys(cloud.aws().codeBuild().builds().getFirst().arn());
        PartsWanted wanted = new PartsWanted("shelf/project/99/other", "an-upload", 1, 1);
        cloud.clients()
                .s3()
                .putObject(
                        put -> put.bucket(CloudUnderTest.BUCKET).key(keys.wanted()),
                        RequestBody.fromBytes(wanted.json()));

        await().atMost(CloudUnderTest.LIMIT)
                .until(() -> objects(CloudUnderTest.BUCKET).contains(keys.signed()));
        byte[] answer =
                cloud.clients()
                        .s3()
                        .getObjectAsBytes(
                                get -> get.bucket(CloudUnderTest.BUCKET).key(keys.signed()))
                        .asByteArray();
        assertThat(PartsSigned.read(answer))
                .isEqualTo(
                        PartsSigned.refused(
                                wanted, "the job may not write the cache shelf/project/99/other"));
        cloud.clients()
                .s3()
                .deleteObject(delete -> delete.bucket(CloudUnderTest.BUCKET).key(keys.signed()));
        Files.createFile(cloud.directory().resolve("go"));
        job.awaitFinished(CloudUnderTest.LIMIT);
        cloud.awaitIdle();
        assertThat(job.state()).as(CloudUnderTest.log(job)).isEqualTo(JobState.SUCCESS);
    }

    /** The store of this test takes 5 MiB in one request, as S3 takes 5 GiB. */
    @Test
    void aCacheThatIsTooLargeForOneRequestGoesInPartsThatTheManagerSigns() throws Exception {
        cacheTable();
        cloud.start();
        CoordinatorJob first =
                ran(
                        cloud.job()
                                .script("mkdir kept", "head -c 12000000 /dev/urandom > kept/large")
                                .cache(cache("kept/", "k", "push")));
        CoordinatorJob second =
                ran(cloud.job().script("wc -c < kept/large").cache(cache("kept/", "k", "pull")));

        assertThat(CloudUnderTest.log(first))
                .contains("shelf/project/", " in 3 parts", "Created cache")
                .doesNotContain("X-Amz-Signature", "WARNING");
        assertThat(cloud.aws().count("s3:UploadPart")).isEqualTo(3);
        assertThat(CloudUnderTest.log(second)).contains("12000000");
        assertThat(cloud.leftObjects()).isEmpty();
    }

    /** A bucket of its own for caches, in the table of the runner. */
    private void cacheTable() {
        cloud.clients()
                .s3()
                .createBucket(create ->
                        create.bucket("caches")
                                .createBucketConfiguration(where ->
                                        where.locationConstraint(cloud.aws().place().region())));
        var keys = cloud.aws().place().keys().orElseThrow();
        cloud.configured(
                """
                [runners.cache]
                  Type = "s3"
                  Path = "shelf"
                  Shared = true
                  [runners.cache.s3]
                    ServerAddress = "%s"
                    Insecure = true
                    BucketName = "caches"
                    BucketLocation = "%s"
                    AccessKey = "%s"
                    SecretKey = "%s"
                """
                        .formatted(
                                cloud.aws().endpoint().getAuthority(),
                                cloud.aws().place().region(),
                                keys.accessKey(),
                                keys.secretKey().value()));
    }

    @Test
    void theCacheTableOfTheRunnerAppliesUnchanged() throws Exception {
        cacheTable();
        cloud.start();
        CoordinatorJob first =
                ran(
                        cloud.job()
                                .script("mkdir kept", "echo made-$CI_JOB_ID > kept/it")
                                .cache(cache("kept/", "k", "push")));
        CoordinatorJob second =
                ran(cloud.job().script("cat kept/it").cache(cache("kept/", "k", "pull")));

        assertThat(CloudUnderTest.log(first)).contains("Not downloading cache k due to policy");
        assertThat(CloudUnderTest.log(second)).contains("made-" + first.id());
        assertThat(objects("caches")).singleElement().asString().matches("shelf/project/[0-9]+/k");
        assertThat(objects(CloudUnderTest.BUCKET)).isEmpty();
    }
}
