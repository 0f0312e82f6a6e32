package io.armrunner.codebuild.fake;

import java.util.List;
import java.util.Map;

/**
 * Who makes a request: a user of the account, or a build.
 *
 * @param arn as messages and records show it
 * @param principal what a bucket's policy compares: for a build the ARN of its role
 * @param policies what it may do
 * @param context values for variables and conditions in policies
 */
record Caller(
        String arn, String principal, List<Policy> policies, Map<String, List<String>> context) {
    Caller {
        policies = List.copyOf(policies);
        context = Map.copyOf(context);
    }
}
