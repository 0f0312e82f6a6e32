package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.CreateBucketRequest;
import software.amazon.awssdk.services.s3.model.DeleteMarkerEntry;
import software.amazon.awssdk.services.s3.model.ExpirationStatus;
import software.amazon.awssdk.services.s3.model.LifecycleRule;
import software.amazon.awssdk.services.s3.model.ListObjectVersionsResponse;
import software.amazon.awssdk.services.s3.model.ObjectOwnership;
import software.amazon.awssdk.services.s3.model.ObjectVersion;
import software.amazon.awssdk.services.s3.model.OwnershipControlsRule;
import software.amazon.awssdk.services.s3.model.PublicAccessBlockConfiguration;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.ServerSideEncryption;
import software.amazon.awssdk.services.s3.model.ServerSideEncryptionRule;
import software.amazon.awssdk.services.s3.model.Tag;

/**
 * The bucket for hand-overs, caches and the agent: private, encrypted, versioned, and forgetful.
 */
final class BucketPart implements Part {
    // Both are a net below the lane's own deleting. S3 counts in whole days.
    static final int JOB_DAYS = 3;
    static final int OLD_VERSION_DAYS = 1;

    /** A cache that was not written for so long is made anew. */
    static final int CACHE_DAYS = 30;

    private static final String NOT_FOUND = "NoSuch";

    /** One setting: whether it is right, and how to make it so. */
    private record Setting(BooleanSupplier isRight, Runnable make) {}

    private final Installation installation;
    private final S3Client s3;
    private final String name;
    private final Map<String, Setting> settings = new LinkedHashMap<>();

    BucketPart(Installation installation, AwsClients clients) {
        this.installation = installation;
        this.s3 = clients.s3();
        this.name = installation.bucket();
        settings.put("tag", new Setting(this::isTagged, this::tag));
        settings.put("no public access", new Setting(this::isPrivate, this::makePrivate));
        settings.put("ownership", new Setting(this::isOwned, this::own));
        settings.put("encryption", new Setting(this::isEncrypted, this::encrypt));
        settings.put("versions", new Setting(this::isVersioned, this::version));
        settings.put("lifecycle", new Setting(this::forgets, this::forget));
        settings.put("policy", new Setting(this::hasPolicy, this::putPolicy));
    }

    @Override
    public String title() {
        return "bucket " + name;
    }

    private boolean exists() {
        try {
            s3.headBucket(r -> r.bucket(name));
            return true;
        } catch (S3Exception e) {
            if (e.statusCode() == 404) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public Presence presence() {
        if (!exists()) {
            return Presence.ABSENT;
        }
        return isTagged() ? Presence.OURS : Presence.FOREIGN;
    }

    @Override
    public Change look() throws SetupException {
        if (!exists()) {
            return Change.create();
        }
        Parts.mustBeOurs(this, installation);
        List<String> changes = new ArrayList<>();
        settings.forEach((what, setting) -> {
            if (!setting.isRight().getAsBoolean()) {
                changes.add(what);
            }
        });
        return Change.update(changes);
    }

    @Override
    public void make() {
        if (!exists()) {
            CreateBucketRequest.Builder create = CreateBucketRequest.builder().bucket(name);
            if (!installation.region().equals("us-east-1")) {
                create.createBucketConfiguration(c -> c.locationConstraint(installation.region()));
            }
            s3.createBucket(create.build());
        }
        settings.values().stream()
                .filter(setting -> !setting.isRight().getAsBoolean())
                .forEach(setting -> setting.make().run());
    }

    /** A setting that is absent answers with an error; that is not one here. */
    private static boolean holds(BooleanSupplier question) {
        try {
            return question.getAsBoolean();
        } catch (S3Exception e) {
            String code = AwsFailure.code(e);
            if (code.startsWith(NOT_FOUND) || code.contains("NotFound")) {
                return false;
            }
            throw e;
        }
    }

    private boolean isTagged() {
        Tag ours = Tag.builder().key(Installation.TAG).value(installation.name()).build();
        return holds(() -> s3.getBucketTagging(r -> r.bucket(name)).tagSet().contains(ours));
    }

    private void tag() {
        s3.putBucketTagging(r ->
                r.bucket(name)
                        .tagging(t ->
                                t.tagSet(
                                        Tag.builder()
                                                .key(Installation.TAG)
                                                .value(installation.name())
                                                .build())));
    }

    private static PublicAccessBlockConfiguration noAccess() {
        return PublicAccessBlockConfiguration.builder()
                .blockPublicAcls(true)
                .blockPublicPolicy(true)
                .ignorePublicAcls(true)
                .restrictPublicBuckets(true)
                .build();
    }

    private boolean isPrivate() {
        return holds(() ->
                s3.getPublicAccessBlock(r -> r.bucket(name))
                        .publicAccessBlockConfiguration()
                        .equals(noAccess()));
    }

    private void makePrivate() {
        s3.putPublicAccessBlock(r -> r.bucket(name).publicAccessBlockConfiguration(noAccess()));
    }

    private boolean isOwned() {
        return holds(() ->
                s3
                        .getBucketOwnershipControls(r -> r.bucket(name))
                        .ownershipControls()
                        .rules()
                        .stream()
                        .map(OwnershipControlsRule::objectOwnership)
                        .anyMatch(ObjectOwnership.BUCKET_OWNER_ENFORCED::equals));
    }

    private void own() {
        s3.putBucketOwnershipControls(r ->
                r.bucket(name)
                        .ownershipControls(o ->
                                o.rules(
                                        OwnershipControlsRule.builder()
                                                .objectOwnership(
                                                        ObjectOwnership.BUCKET_OWNER_ENFORCED)
                                                .build())));
    }

    private ServerSideEncryptionRule encryption() {
        return ServerSideEncryptionRule.builder()
                .applyServerSideEncryptionByDefault(d -> {
                    d.sseAlgorithm(ServerSideEncryption.AWS_KMS);
                    installation.key().ifPresent(d::kmsMasterKeyID);
                })
                // One call to KMS for many objects; nothing here depends on the object's own.
                .bucketKeyEnabled(true)
                .build();
    }

    private boolean isEncrypted() {
        return holds(() ->
                s3
                        .getBucketEncryption(r -> r.bucket(name))
                        .serverSideEncryptionConfiguration()
                        .rules()
                        .stream()
                        .anyMatch(rule ->
                                rule.applyServerSideEncryptionByDefault()
                                                .equals(
                                                        encryption()
                                                                .applyServerSideEncryptionByDefault())
                                        && Boolean.TRUE.equals(rule.bucketKeyEnabled())));
    }

    private void encrypt() {
        s3.putBucketEncryption(
                r -> r.bucket(name).serverSideEncryptionConfiguration(c -> c.rules(encryption())));
    }

    private boolean isVersioned() {
        return s3.getBucketVersioning(r -> r.bucket(name)).status()
                == BucketVersioningStatus.ENABLED;
    }

    private void version() {
        s3.putBucketVersioning(r ->
                r.bucket(name)
                        .versioningConfiguration(v -> v.status(BucketVersioningStatus.ENABLED)));
    }

    private static List<LifecycleRule> rules() {
        return List.of(rule("jobs", JOB_DAYS), rule("cache", CACHE_DAYS));
    }

    private static LifecycleRule rule(String name, int days) {
        return LifecycleRule.builder()
                .id(name)
                .status(ExpirationStatus.ENABLED)
                .filter(f -> f.prefix(name + "/"))
                .expiration(e -> e.days(days))
                .noncurrentVersionExpiration(e -> e.noncurrentDays(OLD_VERSION_DAYS))
                .abortIncompleteMultipartUpload(a -> a.daysAfterInitiation(OLD_VERSION_DAYS))
                .build();
    }

    private boolean forgets() {
        return holds(() ->
                s3.getBucketLifecycleConfiguration(r -> r.bucket(name)).rules().equals(rules()));
    }

    private void forget() {
        s3.putBucketLifecycleConfiguration(
                r -> r.bucket(name).lifecycleConfiguration(c -> c.rules(rules())));
    }

    private boolean hasPolicy() {
        String wanted = Documents.filled(Documents.bucket(), installation);
        return holds(
                () -> Documents.areEqual(s3.getBucketPolicy(r -> r.bucket(name)).policy(), wanted));
    }

    private void putPolicy() {
        s3.putBucketPolicy(
                r -> r.bucket(name).policy(Documents.filled(Documents.bucket(), installation)));
    }

    @Override
    public void remove() {
        for (ListObjectVersionsResponse page :
                s3.listObjectVersionsPaginator(r -> r.bucket(name))) {
            for (ObjectVersion version : page.versions()) {
                s3.deleteObject(
                        r -> r.bucket(name).key(version.key()).versionId(version.versionId()));
            }
            for (DeleteMarkerEntry marker : page.deleteMarkers()) {
                s3.deleteObject(
                        r -> r.bucket(name).key(marker.key()).versionId(marker.versionId()));
            }
        }
        s3.deleteBucket(r -> r.bucket(name));
    }
}
