package io.armrunner.codebuild.aws;

import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** What an exception of the SDK means, in one line with the next step. */
public final class AwsFailure {
    private static final Pattern NOT_AUTHORIZED =
            Pattern.compile(
                    "User: (\\S+) is not authorized to perform: (\\S+)(?: on resource: \"?([^\\s\"]+)\"?)?");

    private AwsFailure() {}

    /**
     * Says it.
     *
     * @param attempt what was tried, such as {@code create the project armrunner-main}
     * @param place where
     */
    public static String describe(String attempt, AwsPlace place, SdkException failure) {
        return describe(attempt, place.region(), failure);
    }

    /** The same in a region. */
    public static String describe(String attempt, String region, SdkException failure) {
        return "Could not %s in %s: %s".formatted(attempt, region, reason(region, failure));
    }

    private static String reason(String region, SdkException failure) {
        if (failure instanceof AwsServiceException service && service.awsErrorDetails() != null) {
            return ofService(region, service);
        }
        if (isCausedBy(failure, UnknownHostException.class)) {
            return "there is no such address. Check the region's name (\"%s\") and this machine's network."
                    .formatted(region);
        }
        String message = String.valueOf(failure.getMessage());
        if (message.contains("Unable to load credentials")
                || message.contains("credentials from any")) {
            return "there are no AWS credentials here. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run on a machine with a role.";
        }
        if (message.contains("Profile file contained no credentials")
                || message.contains("Profile")) {
            return firstLine(message) + " Check --profile and the files in ~/.aws.";
        }
        return firstLine(message) + " Check this machine's way to AWS.";
    }

    private static String ofService(String region, AwsServiceException failure) {
        AwsErrorDetails details = failure.awsErrorDetails();
        String message = details.errorMessage() == null ? "" : details.errorMessage();
        if (details.errorCode() == null) {
            return "HTTP status %d without a text.".formatted(failure.statusCode());
        }
        if (isDenied(failure)) {
            return denied(message);
        }
        return switch (details.errorCode()) {
            case "ExpiredTokenException", "ExpiredToken" ->
                    "the AWS credentials have expired. Sign in again.";
            case "UnrecognizedClientException",
                    "InvalidClientTokenId",
                    "InvalidAccessKeyId",
                    "AuthFailure" ->
                    "AWS does not know the access key, or the region %s is not enabled for the account."
                            .formatted(region);
            case "SignatureDoesNotMatch", "InvalidSignatureException" ->
                    "the secret access key is wrong.";
            case "RequestTimeTooSkewed" -> "this machine's clock is wrong by more than 15 minutes.";
            default -> "%s: %s".formatted(details.errorCode(), firstLine(message));
        };
    }

    /** Whether a policy is what stands in the way. */
    public static boolean isDenied(SdkException failure) {
        if (!(failure instanceof AwsServiceException service)
                || service.awsErrorDetails() == null) {
            return false;
        }
        @Nullable String code = service.awsErrorDetails().errorCode();
        return code != null
                && (code.startsWith("AccessDenied") || code.equals("UnauthorizedOperation"));
    }

    /** The error's code, such as {@code ResourceNotFoundException}; empty when no service spoke. */
    public static String code(SdkException failure) {
        return failure instanceof AwsServiceException service
                        && service.awsErrorDetails() != null
                        && service.awsErrorDetails().errorCode() != null
                ? service.awsErrorDetails().errorCode()
                : "";
    }

    /** The action that is missing, such as {@code codebuild:StartBuild}, if the message says it. */
    public static Optional<String> missingAction(SdkException failure) {
        Matcher matcher = matcher(failure);
        return matcher.find() ? Optional.of(matcher.group(2)) : Optional.empty();
    }

    private static Matcher matcher(SdkException failure) {
        String message =
                failure instanceof AwsServiceException service
                                && service.awsErrorDetails() != null
                                && service.awsErrorDetails().errorMessage() != null
                        ? service.awsErrorDetails().errorMessage()
                        : "";
        return NOT_AUTHORIZED.matcher(message);
    }

    private static String denied(String message) {
        Matcher matcher = NOT_AUTHORIZED.matcher(message);
        if (!matcher.find()) {
            return "access denied (%s). See docs/codebuild.md for the rights."
                    .formatted(firstLine(message));
        }
        return "%s may not do %s%s%s. Add that to its policy."
                .formatted(
                        matcher.group(1),
                        matcher.group(2),
                        matcher.group(3) == null ? "" : " on " + matcher.group(3),
                        message.contains("explicit deny") ? " (a policy denies it)" : "");
    }

    private static boolean isCausedBy(Throwable failure, Class<? extends Throwable> type) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (type.isInstance(each)) {
                return true;
            }
        }
        return false;
    }

    // The SDK appends service, status and request id in brackets, which tell a user nothing.
    private static String firstLine(String message) {
        String line = message.strip().split("\n", 2)[0];
        int brackets = line.indexOf(" (Service: ");
        String text = brackets < 0 ? line : line.substring(0, brackets);
        return text.endsWith(".") || text.isEmpty() ? text : text + ".";
    }
}
