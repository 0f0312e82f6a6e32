package io.armrunner.codebuild.lane;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.cloudwatchlogs.CloudWatchLogsClient;
import software.amazon.awssdk.services.cloudwatchlogs.model.OutputLogEvent;

/**
 * What {@code boot.sh} and the agent said in CloudWatch before they had a job, which is the only
 * place for it. Read once for a build that left no receipt, and never for another.
 */
final class BootLog {
    private static final Logger LOG = LoggerFactory.getLogger(BootLog.class);

    /** How our own lines begin; no other line of a build is shown to anybody. */
    private static final String OURS = "armrunner agent: ";

    private static final int LINES = 50;

    private BootLog() {}

    /** Why the agent of a build could not begin, in its own words; empty if it said nothing. */
    static Optional<String> lastWord(CloudWatchLogsClient logs, BuildView build) {
        if (build.logs().isEmpty()) {
            return Optional.empty();
        }
        BuildView.Logs where = build.logs().get();
        try {
            return logs
                    .getLogEvents(ask ->
                            ask.logGroupName(where.group())
                                    .logStreamName(where.stream())
                                    .startFromHead(false)
                                    .limit(LINES))
                    .events()
                    .stream()
                    .map(OutputLogEvent::message)
                    .filter(line -> line.startsWith(OURS))
                    .map(line -> line.substring(OURS.length()).strip())
                    .reduce((_, later) -> later);
        } catch (SdkException e) {
            LOG.warn("boot_log_unread build={} error=\"{}\"", build.arn(), e.getMessage());
            return Optional.empty();
        }
    }
}
