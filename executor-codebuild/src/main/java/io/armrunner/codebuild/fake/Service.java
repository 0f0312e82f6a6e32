package io.armrunner.codebuild.fake;

import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.SdkPojo;

/** One service of AWS with typed requests. Called on the thread of the request. */
interface Service {
    /** The package of its model classes, without {@code .model}. */
    String packageName();

    /** The prefix of its actions in policies. */
    String prefix();

    /**
     * What a request is about, as policies name it; every one must be allowed.
     *
     * @return {@code *} where AWS knows no finer grain
     */
    List<String> resources(SdkPojo request) throws ServiceError;

    /** Values that conditions may look at. */
    default Map<String, List<String>> context(SdkPojo request) {
        return Map.of();
    }

    /** Does it. */
    SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError;

    /** The error for an operation that it does not have. */
    static ServiceError unknown(SdkPojo request) {
        return new ServiceError(
                400,
                "UnknownOperationException",
                "the fake does not know " + request.getClass().getSimpleName());
    }
}
