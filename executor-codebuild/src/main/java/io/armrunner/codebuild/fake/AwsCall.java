package io.armrunner.codebuild.fake;

import java.util.Map;

/**
 * One request that reached the fake, and what came of it.
 *
 * @param service the name in its signature: {@code codebuild}, {@code s3}, {@code ssm}, …
 * @param operation such as {@code StartBuild}
 * @param region of its signature
 * @param caller the ARN of who signed it; empty when nobody known did
 * @param target path and query
 * @param headers without the signature, names in lower case
 * @param body as text; of an S3 object empty, because objects are where secrets belong
 * @param outcome {@code ok}, or the code of the error
 */
public record AwsCall(
        String service,
        String operation,
        String region,
        String caller,
        String target,
        Map<String, String> headers,
        String body,
        String outcome) {
    public AwsCall {
        headers = Map.copyOf(headers);
    }

    /** All that AWS got to see and may keep or show, in one text. */
    public String seen() {
        return target + "\n" + headers + "\n" + body;
    }

    /** {@code codebuild:StartBuild}. */
    public String name() {
        return service + ":" + operation;
    }

    @Override
    public String toString() {
        return name() + " " + target + " -> " + outcome;
    }
}
