package io.armrunner.codebuild.setup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The policies, once for the SDK and the templates. A placeholder is {@code <name>}, {@code
 * <region>}, {@code <account>}, {@code <partition>}, {@code <key>} or {@code <repositories>};
 * {@code ${codebuild:buildArn}} is IAM's own variable and stays.
 */
final class Documents {
    private static final ObjectMapper JSON = new ObjectMapper();

    static final String BUCKET = "armrunner-<name>-<account>-<region>";
    static final String PROJECT = "armrunner-<name>";
    static final String ROLE = "armrunner-<name>-build-<region>";
    static final String LOG_GROUP = "/armrunner/<name>/boot";

    /** Stands for a list. */
    static final String REPOSITORIES = "<repositories>";

    static final String PULL_SID = "Pull";
    static final String LOGIN = "ecr:GetAuthorizationToken";
    static final List<String> PULL =
            List.of(
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:BatchGetImage");

    /** Runs when somebody starts the project by hand: a lane's builds bring their own. */
    static final String BUILDSPEC =
            "version: 0.2\nenv: {shell: /bin/sh}\nphases: {build: {commands: ['uname -m']}}\n";

    private static final String BUCKET_ARN = "arn:<partition>:s3:::" + BUCKET;
    private static final String LOGS_ARN =
            "arn:<partition>:logs:<region>:<account>:log-group:" + LOG_GROUP;
    private static final String PROJECT_ARN =
            "arn:<partition>:codebuild:<region>:<account>:project/" + PROJECT;
    private static final String ROLE_ARN = "arn:<partition>:iam::<account>:role/" + ROLE;

    private Documents() {}

    /** Who may act as the build role: CodeBuild, for this project only. */
    static ObjectNode trust() {
        return policy(
                """
                [{"Effect":"Allow","Principal":{"Service":"codebuild.amazonaws.com"},"Action":"sts:AssumeRole",
                  "Condition":{"StringEquals":{"aws:SourceAccount":"<account>"},"ArnLike":{"aws:SourceArn":"%s"}}}]
                """
                        .formatted(PROJECT_ARN));
    }

    /**
     * What a build may do, and so every job in it: read the agent, and use the one prefix that
     * bears its own ARN.
     */
    static ObjectNode build() {
        return policy(
                """
                [{"Sid":"Agent","Effect":"Allow","Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":"%1$s/agent/*"},
                 {"Sid":"Location","Effect":"Allow","Action":["s3:GetBucketAcl","s3:GetBucketLocation"],"Resource":"%1$s"},
                 {"Sid":"OwnPrefix","Effect":"Allow",
                  "Action":["s3:GetObject","s3:PutObject","s3:DeleteObject","s3:DeleteObjectVersion","s3:AbortMultipartUpload"],
                  "Resource":"%1$s/jobs/${codebuild:buildArn}/*"},
                 {"Sid":"BootLog","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],
                  "Resource":["%2$s","%2$s:*"]}]
                """
                        .formatted(BUCKET_ARN, LOGS_ARN));
    }

    /** What CodeBuild itself needs to give builds an address in a network of the user's. */
    static ObjectNode network() {
        return policy(
                """
                [{"Sid":"Look","Effect":"Allow","Action":["ec2:CreateNetworkInterface","ec2:DescribeDhcpOptions",
                   "ec2:DescribeNetworkInterfaces","ec2:DeleteNetworkInterface","ec2:DescribeSubnets",
                   "ec2:DescribeSecurityGroups","ec2:DescribeVpcs"],"Resource":"*"},
                 {"Sid":"Lend","Effect":"Allow","Action":"ec2:CreateNetworkInterfacePermission",
                  "Resource":"arn:<partition>:ec2:<region>:<account>:network-interface/*",
                  "Condition":{"StringEquals":{"ec2:AuthorizedService":"codebuild.amazonaws.com"}}}]
                """);
    }

    /**
     * What the runner's own machine may do. Without the right to list, S3 would call a cache that
     * is not there forbidden.
     */
    static ObjectNode manager(boolean ownKey) {
        ObjectNode policy =
                policy(
                        """
                        [{"Sid":"Builds","Effect":"Allow",
                          "Action":["codebuild:StartBuild","codebuild:StopBuild","codebuild:BatchGetBuilds",
                           "codebuild:ListBuildsForProject","codebuild:BatchGetProjects"],"Resource":"%3$s"},
                         {"Sid":"Objects","Effect":"Allow",
                          "Action":["s3:PutObject","s3:GetObject","s3:GetObjectVersion","s3:DeleteObject","s3:DeleteObjectVersion"],
                          "Resource":["%1$s/jobs/*","%1$s/agent/*","%1$s/cache/*"]},
                         {"Sid":"List","Effect":"Allow","Action":["s3:ListBucket","s3:ListBucketVersions"],"Resource":"%1$s"},
                         {"Sid":"BootLog","Effect":"Allow","Action":"logs:GetLogEvents","Resource":"%2$s:*"},
                         {"Sid":"Tokens","Effect":"Allow","Action":"ssm:GetParameter",
                          "Resource":"arn:<partition>:ssm:<region>:<account>:parameter/armrunner/*"},
                         {"Sid":"Secrets","Effect":"Allow","Action":"secretsmanager:GetSecretValue",
                          "Resource":"arn:<partition>:secretsmanager:<region>:<account>:secret:armrunner/*"},
                         {"Sid":"Quota","Effect":"Allow","Action":"servicequotas:GetServiceQuota","Resource":"*"}]
                        """
                                .formatted(BUCKET_ARN, LOGS_ARN, PROJECT_ARN));
        if (ownKey) {
            ((ArrayNode) policy.path("Statement")).addAll((ArrayNode) key().path("Statement"));
        }
        return policy;
    }

    /** What one needs to set all of it up and take it down; {@code manager} comes on top. */
    static ObjectNode installer() {
        return policy(
                """
                [{"Sid":"Project","Effect":"Allow","Action":["codebuild:CreateProject","codebuild:UpdateProject",
                   "codebuild:DeleteProject","codebuild:BatchGetProjects","codebuild:ListBuildsForProject",
                   "codebuild:BatchGetBuilds"],"Resource":"%3$s"},
                 {"Sid":"Role","Effect":"Allow","Action":["iam:CreateRole","iam:GetRole","iam:TagRole","iam:DeleteRole",
                   "iam:UpdateAssumeRolePolicy","iam:PutRolePolicy","iam:GetRolePolicy","iam:ListRolePolicies",
                   "iam:DeleteRolePolicy","iam:SimulatePrincipalPolicy"],"Resource":"%4$s"},
                 {"Sid":"HandOver","Effect":"Allow","Action":"iam:PassRole","Resource":"%4$s",
                  "Condition":{"StringEquals":{"iam:PassedToService":"codebuild.amazonaws.com"}}},
                 {"Sid":"Bucket","Effect":"Allow","Action":["s3:CreateBucket","s3:DeleteBucket","s3:ListBucket",
                   "s3:ListBucketVersions","s3:GetBucketLocation","s3:GetEncryptionConfiguration","s3:PutEncryptionConfiguration",
                   "s3:GetBucketPublicAccessBlock","s3:PutBucketPublicAccessBlock","s3:GetLifecycleConfiguration",
                   "s3:PutLifecycleConfiguration","s3:GetBucketPolicy","s3:PutBucketPolicy","s3:GetBucketTagging",
                   "s3:PutBucketTagging","s3:GetBucketVersioning","s3:PutBucketVersioning",
                   "s3:GetBucketOwnershipControls","s3:PutBucketOwnershipControls"],"Resource":"%1$s"},
                 {"Sid":"Empty","Effect":"Allow","Action":["s3:DeleteObject","s3:DeleteObjectVersion"],"Resource":"%1$s/*"},
                 {"Sid":"FindLogs","Effect":"Allow","Action":"logs:DescribeLogGroups","Resource":"*"},
                 {"Sid":"Logs","Effect":"Allow","Action":["logs:CreateLogGroup","logs:DeleteLogGroup",
                   "logs:PutRetentionPolicy","logs:TagResource","logs:ListTagsForResource"],"Resource":["%2$s","%2$s:*"]},
                 {"Sid":"Network","Effect":"Allow","Action":["ec2:DescribeVpcs","ec2:DescribeSubnets",
                   "ec2:DescribeSecurityGroups"],"Resource":"*"}]
                """
                        .formatted(BUCKET_ARN, LOGS_ARN, PROJECT_ARN, ROLE_ARN));
    }

    /**
     * What holds for everybody: TLS only, and payloads are encrypted by a key with a policy. Who
     * says nothing about encryption gets the bucket's, which is such a key.
     */
    static ObjectNode bucket() {
        return policy(
                """
                [{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["%1$s","%1$s/*"],
                  "Condition":{"Bool":{"aws:SecureTransport":"false"}}},
                 {"Sid":"EncryptedJobs","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"%1$s/jobs/*",
                  "Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"},
                   "Null":{"s3:x-amz-server-side-encryption":"false"}}}]
                """
                        .formatted(BUCKET_ARN));
    }

    /** The use of a key of the user's own, by way of S3 only; AWS's key needs no such right. */
    static ObjectNode key() {
        return policy(
                """
                [{"Sid":"Key","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"<key>",
                  "Condition":{"StringEquals":{"kms:ViaService":"s3.<region>.amazonaws.com"}}}]
                """);
    }

    /** What ECR wants of who pulls an image. The first is a right to log in, and sees nothing. */
    static ObjectNode images() {
        return policy(
                """
                [{"Sid":"Login","Effect":"Allow","Action":"%s","Resource":"*"},
                 {"Sid":"%s","Effect":"Allow","Action":["%s"],"Resource":["%s"]}]
                """
                        .formatted(LOGIN, PULL_SID, String.join("\",\"", PULL), REPOSITORIES));
    }

    private static ObjectNode policy(String statements) {
        ObjectNode policy = JSON.createObjectNode();
        policy.put("Version", "2012-10-17");
        policy.set("Statement", parse(statements));
        return policy;
    }

    private static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a document of our own is no JSON", e);
        }
    }

    /** Fills the placeholders of a text. */
    static String filled(String text, UnaryOperator<String> value) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int open = text.indexOf('<'); open >= 0; open = text.indexOf('<', from)) {
            int close = text.indexOf('>', open);
            out.append(text, from, open).append(value.apply(text.substring(open + 1, close)));
            from = close + 1;
        }
        return out.append(text.substring(from)).toString();
    }

    /** A document with values, as the SDK sends it. */
    static String filled(ObjectNode document, Installation installation) {
        return filled(document.toString(), installation::value);
    }

    /** Whether two documents say the same, however they are written. */
    static boolean areEqual(String one, String other) {
        return parse(one).equals(parse(other));
    }
}
