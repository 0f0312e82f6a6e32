package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/** What the job is called and where it belongs (runner-protocol §3.8.2). */
public record JobInfo(
        String name,
        String stage,
        @JsonProperty("pipeline_id") long pipelineId,
        @JsonProperty("project_id") long projectId,
        @JsonProperty("project_name") String projectName,
        @JsonProperty("project_full_path") String projectFullPath,
        @JsonProperty("namespace_id") long namespaceId,
        @JsonProperty("root_namespace_id") long rootNamespaceId,
        @JsonProperty("organization_id") long organizationId,
        @JsonProperty("instance_id") String instanceId,
        @JsonProperty("user_id") long userId,
        @JsonProperty("time_in_queue_seconds") double timeInQueueSeconds,
        @JsonProperty("project_jobs_running_on_instance_runners_count")
                String projectJobsRunningOnInstanceRunnersCount,
        @JsonProperty("queue_size") long queueSize,
        @JsonProperty("queue_depth") long queueDepth) {
    /** What stands for an absent one. */
    public static final JobInfo EMPTY =
            new JobInfo(null, null, 0, 0, null, null, 0, 0, 0, null, 0, 0, null, 0, 0);

    public JobInfo(
            @Nullable String name,
            @Nullable String stage,
            @JsonProperty("pipeline_id") long pipelineId,
            @JsonProperty("project_id") long projectId,
            @JsonProperty("project_name") @Nullable String projectName,
            @JsonProperty("project_full_path") @Nullable String projectFullPath,
            @JsonProperty("namespace_id") long namespaceId,
            @JsonProperty("root_namespace_id") long rootNamespaceId,
            @JsonProperty("organization_id") long organizationId,
            @JsonProperty("instance_id") @Nullable String instanceId,
            @JsonProperty("user_id") long userId,
            @JsonProperty("time_in_queue_seconds") double timeInQueueSeconds,
            @JsonProperty("project_jobs_running_on_instance_runners_count")
                    @Nullable String projectJobsRunningOnInstanceRunnersCount,
            @JsonProperty("queue_size") long queueSize,
            @JsonProperty("queue_depth") long queueDepth) {
        this.name = Absent.string(name);
        this.stage = Absent.string(stage);
        this.pipelineId = pipelineId;
        this.projectId = projectId;
        this.projectName = Absent.string(projectName);
        this.projectFullPath = Absent.string(projectFullPath);
        this.namespaceId = namespaceId;
        this.rootNamespaceId = rootNamespaceId;
        this.organizationId = organizationId;
        this.instanceId = Absent.string(instanceId);
        this.userId = userId;
        this.timeInQueueSeconds = timeInQueueSeconds;
        this.projectJobsRunningOnInstanceRunnersCount =
                Absent.string(projectJobsRunningOnInstanceRunnersCount);
        this.queueSize = queueSize;
        this.queueDepth = queueDepth;
    }
}
