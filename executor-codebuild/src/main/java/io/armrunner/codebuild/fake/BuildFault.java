package io.armrunner.codebuild.fake;

import software.amazon.awssdk.services.codebuild.model.BuildPhaseType;
import software.amazon.awssdk.services.codebuild.model.StatusType;

/**
 * How a build goes wrong before or outside its commands.
 *
 * @param phase where
 * @param status {@code FAILED}, or {@code FAULT} when it is AWS's own
 * @param code of the phase's context
 * @param message of the phase's context
 */
public record BuildFault(BuildPhaseType phase, StatusType status, String code, String message) {
    /** The image cannot be had. */
    public static BuildFault imagePull(String why) {
        return new BuildFault(
                BuildPhaseType.PROVISIONING,
                StatusType.FAILED,
                "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
                "Unable to pull customer's container image. CannotPullContainerError: " + why);
    }

    /** AWS breaks. */
    public static BuildFault ofService() {
        return new BuildFault(
                BuildPhaseType.PROVISIONING,
                StatusType.FAULT,
                "INTERNAL_SERVICE_ERROR",
                "Internal service error");
    }

    /** The image has no shell, or the container was killed. */
    public static BuildFault deadContainer() {
        return new BuildFault(
                BuildPhaseType.BUILD,
                StatusType.FAILED,
                "CLIENT_ERROR",
                "Build container found dead before completing the build. Build container died because it was out of memory, or the Docker image is not supported.");
    }

    /** There is no address left in the subnet. */
    public static BuildFault subnet() {
        return new BuildFault(
                BuildPhaseType.QUEUED,
                StatusType.FAILED,
                "INSUFFICIENT_SUBNET",
                "The subnet has no free addresses");
    }
}
