package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import java.util.EnumSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.codebuild.model.ResourceNotFoundException;

/** A lane's part in one region. Closed with the lane. */
final class RegionLane implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RegionLane.class);

    final String name;
    final String bucket;
    final AwsClients clients;
    final BuildQuota quota;
    final BuildStarter starter;
    final BuildWatcher watcher;
    final AgentStore agents;
    final ReferenceValues references;

    RegionLane(
            AwsPlace place,
            CodeBuildSettings settings,
            BuildStarter.Tools tools,
            AgentBundle.Maker bundle) {
        name = place.region();
        bucket = settings.bucketIn(name);
        clients = AwsClients.open(place);
        quota = new BuildQuota(tools.ticker(), tools.times().growth());
        watcher = new BuildWatcher(clients, name, tools.times(), tools.ticker());
        starter = new BuildStarter(clients, settings, name, quota, watcher, tools);
        references = new ReferenceValues(clients, tools.ticker());
        agents =
                new AgentStore(
                        clients.s3(),
                        bucket,
                        settings.kmsKey(),
                        settings.machine().architecture(),
                        bundle);
    }

    /** Reads how many builds the account may have at once, of all sizes that jobs can have here. */
    void granted(CodeBuildSettings settings) {
        int all = 0;
        Set<BuildSize> sizes = EnumSet.of(settings.size());
        sizes.addAll(settings.sizes());
        if (settings.machine() != CodeBuildSettings.Machine.ARM64) {
            // The codes of the other machines are not known here.
            return;
        }
        try {
            for (BuildSize size : sizes) {
                all +=
                        clients.quotas()
                                .getServiceQuota(ask ->
                                        ask.serviceCode("codebuild").quotaCode(size.quotaCode()))
                                .quota()
                                .value()
                                .intValue();
            }
        } catch (SdkException e) {
            // Often not allowed, and of no need: a refusal of AWS teaches the same.
            LOG.debug("quota_unread region={} error=\"{}\"", name, e.getMessage());
            all = 0;
        }
        quota.granted(all);
    }

    /** Ends a build; says whether AWS has heard it, or does not know the build. */
    boolean stop(String arn) {
        try {
            clients.codeBuild().stopBuild(ask -> ask.id(arn));
            return true;
        } catch (ResourceNotFoundException _) {
            // It is gone, which is what is wanted.
            return true;
        } catch (SdkException e) {
            LOG.warn("build_not_stopped build={} error=\"{}\"", arn, e.getMessage());
            return false;
        }
    }

    @Override
    public void close() {
        watcher.close();
        clients.close();
    }
}
