package io.armrunner.codebuild.fake;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.CreateLogGroupResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.DeleteLogGroupRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.DeleteLogGroupResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.DescribeLogGroupsRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.DescribeLogGroupsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetLogEventsRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.GetLogEventsResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.ListTagsForResourceRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.ListTagsForResourceResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.LogGroup;
import software.amazon.awssdk.services.cloudwatchlogs.model.OutputLogEvent;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutRetentionPolicyRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.PutRetentionPolicyResponse;
import software.amazon.awssdk.services.cloudwatchlogs.model.TagResourceRequest;
import software.amazon.awssdk.services.cloudwatchlogs.model.TagResourceResponse;

/** CloudWatch Logs, as far as builds write there and a manager reads. Thread-safe. */
public final class FakeLogs implements Service {
    private static final int PAGE = 10_000;

    /** What PutRetentionPolicy accepts, as far as a runner may ask. */
    private static final List<Integer> DAYS = List.of(1, 3, 5, 7, 14, 30, 60, 90, 180, 365);

    private record Group(
            String arn,
            long created,
            Map<String, List<OutputLogEvent>> streams,
            Map<String, String> tags,
            Optional<Integer> days) {}

    private final String arnPrefix;
    private final AwsTime time;
    private final Map<String, Group> groups = new TreeMap<>();
    private Duration late = Duration.ZERO;

    FakeLogs(String region, String account, AwsTime time) {
        this.arnPrefix = "arn:aws:logs:" + region + ":" + account + ":log-group:";
        this.time = time;
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.cloudwatchlogs";
    }

    @Override
    public String prefix() {
        return "logs";
    }

    String arn(String group) {
        return arnPrefix + group;
    }

    /** Whether there is such a group. */
    synchronized boolean has(String group) {
        return groups.containsKey(group);
    }

    /** Adds a line; makes the stream, but never the group. */
    synchronized void append(String group, String stream, String line) {
        Group known = groups.get(group);
        if (known != null) {
            long now = time.millis();
            known.streams()
                    .computeIfAbsent(stream, _ -> new ArrayList<>())
                    .add(
                            OutputLogEvent.builder()
                                    .timestamp(now)
                                    .ingestionTime(now)
                                    .message(line + "\n")
                                    .build());
        }
    }

    /** New lines are shown only after that time; in AWS it takes some seconds. */
    public synchronized void lateBy(Duration time) {
        late = time;
    }

    /** All lines that ever came, for tests. */
    public synchronized List<String> lines() {
        return groups.values().stream()
                .flatMap(group -> group.streams().values().stream())
                .flatMap(List::stream)
                .map(event -> event.message().strip())
                .toList();
    }

    @Override
    public List<String> resources(SdkPojo request) {
        return switch (request) {
            case CreateLogGroupRequest r -> List.of(arn(r.logGroupName()));
            case DeleteLogGroupRequest r -> List.of(arn(r.logGroupName()) + ":*");
            case PutRetentionPolicyRequest r -> List.of(arn(r.logGroupName()) + ":*");
            case GetLogEventsRequest r ->
                    List.of(arn(r.logGroupName()) + ":log-stream:" + r.logStreamName());
            case ListTagsForResourceRequest r -> List.of(r.resourceArn());
            case TagResourceRequest r -> List.of(r.resourceArn());
            case DescribeLogGroupsRequest _ -> List.of(arn("*"));
            default -> List.of("*");
        };
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case CreateLogGroupRequest r -> create(r);
            case DeleteLogGroupRequest r -> {
                group(r.logGroupName());
                groups.remove(r.logGroupName());
                yield DeleteLogGroupResponse.builder().build();
            }
            case PutRetentionPolicyRequest r -> keep(r);
            case DescribeLogGroupsRequest r -> describe(r);
            case ListTagsForResourceRequest r ->
                    ListTagsForResourceResponse.builder()
                            .tags(byArn(r.resourceArn()).tags())
                            .build();
            case TagResourceRequest r -> {
                byArn(r.resourceArn()).tags().putAll(r.tags());
                yield TagResourceResponse.builder().build();
            }
            case GetLogEventsRequest r -> events(r);
            default -> throw Service.unknown(request);
        };
    }

    private SdkPojo create(CreateLogGroupRequest r) throws ServiceError {
        if (groups.containsKey(r.logGroupName())) {
            throw new ServiceError(
                    400,
                    "ResourceAlreadyExistsException",
                    "The specified log group already exists");
        }
        groups.put(
                r.logGroupName(),
                new Group(
                        arn(r.logGroupName()),
                        time.millis(),
                        new TreeMap<>(),
                        new LinkedHashMap<>(r.tags()),
                        Optional.empty()));
        return CreateLogGroupResponse.builder().build();
    }

    private SdkPojo keep(PutRetentionPolicyRequest r) throws ServiceError {
        Group old = group(r.logGroupName());
        if (!DAYS.contains(r.retentionInDays())) {
            throw new ServiceError(
                    400, "InvalidParameterException", "1 validation error: retentionInDays");
        }
        groups.put(
                r.logGroupName(),
                new Group(
                        old.arn(),
                        old.created(),
                        old.streams(),
                        old.tags(),
                        Optional.of(r.retentionInDays())));
        return PutRetentionPolicyResponse.builder().build();
    }

    private SdkPojo describe(DescribeLogGroupsRequest r) {
        String prefix = r.logGroupNamePrefix() == null ? "" : r.logGroupNamePrefix();
        List<LogGroup> found = new ArrayList<>();
        groups.forEach((name, group) -> {
            if (name.startsWith(prefix)) {
                found.add(
                        LogGroup.builder()
                                .logGroupName(name)
                                .arn(group.arn() + ":*")
                                .logGroupArn(group.arn())
                                .creationTime(group.created())
                                .retentionInDays(group.days().orElse(null))
                                .build());
            }
        });
        return DescribeLogGroupsResponse.builder().logGroups(found).build();
    }

    private SdkPojo events(GetLogEventsRequest r) throws ServiceError {
        List<OutputLogEvent> written = group(r.logGroupName()).streams().get(r.logStreamName());
        if (written == null) {
            throw new ServiceError(
                    400, "ResourceNotFoundException", "The specified log stream does not exist.");
        }
        long until = time.millis() - late.toMillis();
        List<OutputLogEvent> all =
                written.stream().takeWhile(event -> event.timestamp() <= until).toList();
        int limit = r.limit() == null ? PAGE : r.limit();
        boolean head = Boolean.TRUE.equals(r.startFromHead());
        int from =
                r.nextToken() != null
                        ? Integer.parseInt(r.nextToken().substring(2))
                        : head ? 0 : Math.max(0, all.size() - limit);
        int to = Math.min(all.size(), from + limit);
        return GetLogEventsResponse.builder()
                .events(all.subList(from, to))
                .nextForwardToken("f/" + to)
                .nextBackwardToken("b/" + from)
                .build();
    }

    private Group group(String name) throws ServiceError {
        Group group = groups.get(name);
        if (group == null) {
            throw new ServiceError(
                    400, "ResourceNotFoundException", "The specified log group does not exist.");
        }
        return group;
    }

    private Group byArn(String arn) throws ServiceError {
        return group(arn.startsWith(arnPrefix) ? arn.substring(arnPrefix.length()) : arn);
    }
}
