package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.aws.CuratedImages;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.codebuild.model.CacheType;
import software.amazon.awssdk.services.codebuild.model.ProjectCache;
import software.amazon.awssdk.services.codebuild.model.ProjectEnvironment;
import software.amazon.awssdk.services.codebuild.model.StartBuildRequest;
import software.amazon.awssdk.services.codebuild.model.VpcConfig;

/**
 * What CodeBuild's Lambda compute refuses, in AWS's words as far as anybody has reported them
 * ({@code Cannot specify timeoutInMinutes for lambda compute}). Pure.
 */
final class LambdaCompute {
    /** When every build on it ends. */
    static final Duration LIMIT = Duration.ofMinutes(15);

    private LambdaCompute() {}

    static boolean isUsed(ProjectEnvironment environment) {
        return environment.typeAsString().endsWith("_LAMBDA_CONTAINER");
    }

    /** Type, size, image, region and what an environment may say. */
    static void check(ProjectEnvironment environment, String region) throws ServiceError {
        String compute = String.valueOf(environment.computeTypeAsString());
        if (isUsed(environment) != compute.startsWith("BUILD_LAMBDA_")) {
            throw ServiceError.invalidInput(
                    "Invalid compute type %s for environment type %s"
                            .formatted(compute, environment.typeAsString()));
        }
        BuildSize size = isUsed(environment) ? BuildSize.LAMBDA_1GB : BuildSize.SMALL;
        if (CuratedImages.unfit(environment.image(), size).isPresent()) {
            throw ServiceError.invalidInput(
                    "Invalid image %s for environment type %s"
                            .formatted(environment.image(), environment.typeAsString()));
        }
        if (!isUsed(environment)) {
            return;
        }
        if (!ArmRegions.has(region, size)) {
            throw ServiceError.invalidInput(
                    "The environment type %s is not supported in region %s"
                            .formatted(environment.typeAsString(), region));
        }
        refuse("privilegedMode", Boolean.TRUE.equals(environment.privilegedMode()));
        refuse("certificate", environment.certificate() != null);
        refuse("registryCredential", environment.registryCredential() != null);
    }

    /** Time-outs that somebody says. */
    static void check(
            ProjectEnvironment environment,
            @Nullable Integer timeoutInMinutes,
            @Nullable Integer queuedTimeoutInMinutes)
            throws ServiceError {
        if (isUsed(environment)) {
            refuse("timeoutInMinutes", timeoutInMinutes != null);
            refuse("queuedTimeoutInMinutes", queuedTimeoutInMinutes != null);
        }
    }

    /** Caches and networks of the user's. */
    static void check(
            ProjectEnvironment environment, @Nullable ProjectCache cache, @Nullable VpcConfig vpc)
            throws ServiceError {
        if (isUsed(environment)) {
            refuse("cache", cache != null && cache.type() != CacheType.NO_CACHE);
            refuse("vpcConfig", vpc != null && vpc.vpcId() != null);
        }
    }

    /** What one build overrides. */
    static void check(ProjectEnvironment environment, StartBuildRequest request)
            throws ServiceError {
        check(
                environment,
                request.timeoutInMinutesOverride(),
                request.queuedTimeoutInMinutesOverride());
        if (isUsed(environment)) {
            refuse("debugSession", Boolean.TRUE.equals(request.debugSessionEnabled()));
        }
    }

    private static void refuse(String what, boolean isSaid) throws ServiceError {
        if (isSaid) {
            throw ServiceError.invalidInput("Cannot specify %s for lambda compute".formatted(what));
        }
    }
}
