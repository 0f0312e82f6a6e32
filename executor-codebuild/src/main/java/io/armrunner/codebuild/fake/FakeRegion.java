package io.armrunner.codebuild.fake;

/** The services of one region. Thread-safe. */
public final class FakeRegion {
    private final FakeAws aws;
    private final String name;
    private final FakeLogs logs;
    private final FakeParameters parameters;
    private final FakeSecrets secrets;
    private final FakeNetwork network = new FakeNetwork();
    private final FakeQuotas quotas;
    private final FakeBuilds builds;
    private volatile boolean down;

    FakeRegion(FakeAws aws, String name) {
        this.aws = aws;
        this.name = name;
        this.logs = new FakeLogs(name, aws.account(), aws.time());
        this.parameters = new FakeParameters(name, aws.account(), aws.time());
        this.secrets = new FakeSecrets(name, aws.account());
        this.quotas = new FakeQuotas(name, aws.account(), aws.settings().quota());
        this.builds = new FakeBuilds(this);
    }

    public String name() {
        return name;
    }

    public FakeBuilds codeBuild() {
        return builds;
    }

    public FakeLogs logs() {
        return logs;
    }

    public FakeNetwork network() {
        return network;
    }

    public FakeQuotas quotas() {
        return quotas;
    }

    /** Takes the region off the net, or brings it back: until then every call of it fails. */
    public void down(boolean now) {
        down = now;
    }

    boolean isDown() {
        return down;
    }

    FakeParameters parameters() {
        return parameters;
    }

    FakeSecrets secrets() {
        return secrets;
    }

    FakeAws aws() {
        return aws;
    }

    AwsTime time() {
        return aws.time();
    }
}
