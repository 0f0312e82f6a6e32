package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.LogGroup;

/** The log group, with an end: CodeBuild's own would keep its lines for ever. */
final class LogPart implements Part {
    private final Installation installation;
    private final CloudWatchLogsClient logs;
    private final String name;

    LogPart(Installation installation, AwsClients clients) {
        this.installation = installation;
        this.logs = clients.logs();
        this.name = installation.logGroup();
    }

    @Override
    public String title() {
        return "log group " + name;
    }

    private Optional<LogGroup> found() {
        return logs.describeLogGroups(r -> r.logGroupNamePrefix(name)).logGroups().stream()
                .filter(group -> group.logGroupName().equals(name))
                .findAny();
    }

    @Override
    public Presence presence() {
        Optional<LogGroup> group = found();
        if (group.isEmpty()) {
            return Presence.ABSENT;
        }
        String arn =
                "arn:%s:logs:%s:%s:log-group:%s"
                        .formatted(
                                installation.partition(),
                                installation.region(),
                                installation.account(),
                                name);
        Map<String, String> tags = logs.listTagsForResource(r -> r.resourceArn(arn)).tags();
        return installation.name().equals(tags.get(Installation.TAG))
                ? Presence.OURS
                : Presence.FOREIGN;
    }

    @Override
    public Change look() throws SetupException {
        Optional<LogGroup> group = found();
        if (group.isEmpty()) {
            return Change.create();
        }
        Parts.mustBeOurs(this, installation);
        Integer days = group.get().retentionInDays();
        boolean right = days != null && days == installation.logDays();
        return Change.update(right ? List.of() : List.of("days to keep"));
    }

    @Override
    public void make() {
        if (found().isEmpty()) {
            logs.createLogGroup(
                    r -> r.logGroupName(name).tags(Map.of(Installation.TAG, installation.name())));
        }
        logs.putRetentionPolicy(r -> r.logGroupName(name).retentionInDays(installation.logDays()));
    }

    @Override
    public void remove() {
        logs.deleteLogGroup(r -> r.logGroupName(name));
    }
}
