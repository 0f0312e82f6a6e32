package io.armrunner.codebuild.lane;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsPlace;

/** A lane's part in one region. Closed with the lane. */
final class RegionLane implements AutoCloseable {
    final String name;
    final String bucket;
    final AwsClients clients;
    final BuildQuota quota;
    final BuildStarter starter;
    final BuildWatcher watcher;
    final AgentStore agents;

    RegionLane(
            AwsPlace place,
            CodeBuildSettings settings,
            BuildStarter.Tools tools,
            AgentBundle.Maker bundle) {
        name = place.region();
        bucket = settings.bucketIn(name);
        clients = AwsClients.open(place);
        quota = new BuildQuota(tools.ticker());
        starter = new BuildStarter(clients, settings, name, quota, tools);
        watcher = new BuildWatcher(clients, name, tools.times(), tools.ticker());
        agents = new AgentStore(clients.s3(), bucket, settings.kmsKey(), bundle);
    }

    @Override
    public void close() {
        watcher.close();
        clients.close();
    }
}
