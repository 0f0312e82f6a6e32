package io.armrunner.codebuild.setup;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.armrunner.codebuild.aws.BuildSize;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/**
 * The installation as a template of CloudFormation and as a module of Terraform, from the same
 * documents that {@link Setup} sends.
 */
public final class Templates {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    private static final String NOTICE =
            "Made from the same source as \"armrunner codebuild setup\"; a test holds the two together.";

    private static final Map<String, String> CLOUD_FORMATION =
            Map.of(
                    "name", "${Name}",
                    "region", "${AWS::Region}",
                    "account", "${AWS::AccountId}",
                    "partition", "${AWS::Partition}",
                    "key", "${KeyArn}");

    /** The parameter that has the list which {@link Documents#REPOSITORIES} stands for. */
    private static final String REPOSITORIES = "EcrRepositories";

    private static final Map<String, String> TERRAFORM =
            Map.of(
                    "name", "${var.name}",
                    "region", "${data.aws_region.current.id}",
                    "account", "${data.aws_caller_identity.current.account_id}",
                    "partition", "${data.aws_partition.current.partition}",
                    "key", "${var.key_arn}",
                    // Between the quotation marks of one text.
                    "repositories", "${join(\"\\\",\\\"\", var.ecr_repositories)}");

    private Templates() {}

    /** The template, as YAML. */
    public static String cloudFormation() {
        ObjectNode template = read(cloudFormationFrame());
        ObjectNode resources = (ObjectNode) template.path("Resources");
        ObjectNode role = properties(resources, "Role");
        role.set("RoleName", cloudFormation(TextNode.valueOf(Documents.ROLE)));
        role.set("AssumeRolePolicyDocument", cloudFormation(Documents.trust()));
        ArrayNode policies = role.putArray("Policies");
        policies.add(policy("build", Documents.build()));
        policies.add(onlyIf("HasKey", policy("key", Documents.key())));
        policies.add(onlyIf("HasNetwork", policy("network", Documents.network())));
        policies.add(onlyIf("HasRepositories", policy("images", Documents.images())));
        properties(resources, "Bucket")
                .set("BucketName", cloudFormation(TextNode.valueOf(Documents.BUCKET)));
        properties(resources, "BucketPolicy")
                .set("PolicyDocument", cloudFormation(Documents.bucket()));
        properties(resources, "Log")
                .set("LogGroupName", cloudFormation(TextNode.valueOf(Documents.LOG_GROUP)));
        ObjectNode project = properties(resources, "Project");
        project.set("Name", cloudFormation(TextNode.valueOf(Documents.PROJECT)));
        ((ObjectNode) project.path("Source")).put("BuildSpec", Documents.BUILDSPEC);
        ObjectNode manager = properties(resources, "Manager");
        manager.set(
                "ManagedPolicyName",
                cloudFormation(TextNode.valueOf(Documents.PROJECT + "-manager-<region>")));
        ObjectNode rights = (ObjectNode) cloudFormation(Documents.manager(false));
        ((ArrayNode) rights.path("Statement"))
                .add(
                        onlyIf(
                                "HasKey",
                                (ObjectNode)
                                        cloudFormation(Documents.key()).path("Statement").get(0)));
        manager.set("PolicyDocument", rights);
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setWidth(160);
        options.setSplitLines(false);
        return "# "
                + NOTICE
                + "\n"
                + new Yaml(options).dump(JSON.convertValue(template, Object.class));
    }

    /** The module, in Terraform's JSON syntax: {@code main.tf.json}. */
    public static String terraform() {
        ObjectNode module = read(terraformFrame());
        module.put("//", NOTICE);
        ObjectNode sizes = ((ObjectNode) module.path("locals")).putObject("sizes");
        Arrays.stream(BuildSize.values())
                .forEach(size -> sizes.put(size.word(), size.computeType()));
        JsonNode resources = module.path("resource");
        object(resources, "aws_iam_role", "build")
                .put("name", terraform(Documents.ROLE))
                .put("assume_role_policy", terraform(Documents.trust().toString()));
        object(resources, "aws_iam_role_policy", "build")
                .put("policy", terraform(Documents.build().toString()));
        object(resources, "aws_iam_role_policy", "key")
                .put("policy", terraform(Documents.key().toString()));
        object(resources, "aws_iam_role_policy", "network")
                .put("policy", terraform(Documents.network().toString()));
        object(resources, "aws_iam_role_policy", "images")
                .put("policy", terraform(Documents.images().toString()));
        object(resources, "aws_s3_bucket", "jobs").put("bucket", terraform(Documents.BUCKET));
        object(resources, "aws_s3_bucket_policy", "jobs")
                .put("policy", terraform(Documents.bucket().toString()));
        object(resources, "aws_cloudwatch_log_group", "boot")
                .put("name", terraform(Documents.LOG_GROUP));
        object(resources, "aws_codebuild_project", "builds")
                .put("name", terraform(Documents.PROJECT));
        ((ObjectNode) object(resources, "aws_codebuild_project", "builds").path("source"))
                .put("buildspec", Documents.BUILDSPEC);
        object(resources, "aws_iam_policy", "manager")
                .put("name", terraform(Documents.PROJECT + "-manager-<region>"))
                .put("policy", terraform(Documents.manager(false).toString()));
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(module) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of our own cannot be written", e);
        }
    }

    private static List<String> sizes() {
        return Arrays.stream(BuildSize.values()).map(Templates::quoted).toList();
    }

    private static List<String> sizesOfLambda() {
        return Arrays.stream(BuildSize.values())
                .filter(BuildSize::isLambda)
                .map(Templates::quoted)
                .toList();
    }

    private static String quoted(BuildSize size) {
        return "\"" + size.computeType() + "\"";
    }

    /** Any of these sizes is chosen. */
    private static String isOneOf(List<String> names) {
        return names.stream()
                .map(name -> "{\"Fn::Equals\":[{\"Ref\":\"Size\"},%s]}".formatted(name))
                .collect(Collectors.joining(",", "{\"Fn::Or\":[", "]}"));
    }

    private static ObjectNode properties(ObjectNode resources, String name) {
        return (ObjectNode) resources.path(name).path("Properties");
    }

    private static ObjectNode object(JsonNode resources, String type, String name) {
        return (ObjectNode) resources.path(type).path(name);
    }

    private static ObjectNode policy(String name, ObjectNode document) {
        ObjectNode policy = JSON.createObjectNode();
        policy.put("PolicyName", name);
        policy.set("PolicyDocument", cloudFormation(document));
        return policy;
    }

    private static ObjectNode onlyIf(String condition, JsonNode value) {
        ObjectNode choice = JSON.createObjectNode();
        ArrayNode list = choice.putArray("Fn::If");
        list.add(condition).add(value).addObject().put("Ref", "AWS::NoValue");
        return choice;
    }

    /** Texts with placeholders become {@code Fn::Sub}; IAM's own variables are kept from it. */
    private static JsonNode cloudFormation(JsonNode node) {
        if (node.isTextual()) {
            String text = node.asText();
            if (text.indexOf('<') < 0) {
                return node;
            }
            ObjectNode sub = JSON.createObjectNode();
            return sub.put("Fn::Sub", filled(text.replace("${", "${!"), CLOUD_FORMATION));
        }
        if (node.isArray()) {
            if (node.path(0).asText().equals(Documents.REPOSITORIES)) {
                return JSON.createObjectNode().put("Ref", REPOSITORIES);
            }
            ArrayNode list = JSON.createArrayNode();
            node.forEach(each -> list.add(cloudFormation(each)));
            return list;
        }
        if (node.isObject()) {
            ObjectNode object = JSON.createObjectNode();
            node.properties()
                    .forEach(each -> object.set(each.getKey(), cloudFormation(each.getValue())));
            return object;
        }
        return node;
    }

    private static String terraform(String text) {
        return filled(text.replace("${", "$${"), TERRAFORM);
    }

    private static String filled(String text, Map<String, String> values) {
        UnaryOperator<String> value = name -> values.getOrDefault(name, "");
        return Documents.filled(text, value);
    }

    private static ObjectNode read(String text) {
        try {
            return (ObjectNode) JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a template of our own is no JSON", e);
        }
    }

    private static String cloudFormationFrame() {
        return """
        {"AWSTemplateFormatVersion":"2010-09-09",
         "Description":"What armrunner's CodeBuild lane needs: a project for arm64 builds, its role, a bucket and a log group.",
         "Parameters":{
          "Name":{"Type":"String","Default":"main","AllowedPattern":"[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?",
           "Description":"Tells several installations of one account apart."},
          "Size":{"Type":"String","Default":"BUILD_GENERAL1_SMALL","AllowedValues":%1$s,
           "Description":"The machines, when a job asks for none."},
          "Image":{"Type":"String","Default":"","Description":"The curated image, when a job asks for none; one with Java 25 when empty."},
          "LogDays":{"Type":"Number","Default":%3$d,"Description":"For how long boot logs are kept."},
          "KeyArn":{"Type":"String","Default":"","Description":"A KMS key for the bucket; AWS's own when empty."},
          "EcrRepositories":{"Type":"CommaDelimitedList","Default":"","Description":"ARNs of private repositories in ECR whose images builds may run in."},
          "VpcId":{"Type":"String","Default":"","Description":"A network for the builds; AWS's own when empty."},
          "Subnets":{"Type":"CommaDelimitedList","Default":"","Description":"Private subnets of that network."},
          "SecurityGroups":{"Type":"CommaDelimitedList","Default":"","Description":"Security groups of that network."}},
         "Rules":{"LambdaHasNoNetwork":{"RuleCondition":{"Fn::Contains":[%8$s,{"Ref":"Size"}]},
          "Assertions":[{"Assert":{"Fn::Equals":[{"Ref":"VpcId"},""]},
           "AssertDescription":"Lambda compute has no network of your own: leave VpcId empty or take another size."}]}},
         "Conditions":{
          "HasImage":{"Fn::Not":[{"Fn::Equals":[{"Ref":"Image"},""]}]},
          "IsLambda":%9$s,
          "HasKey":{"Fn::Not":[{"Fn::Equals":[{"Ref":"KeyArn"},""]}]},
          "HasNetwork":{"Fn::Not":[{"Fn::Equals":[{"Ref":"VpcId"},""]}]},
          "HasRepositories":{"Fn::Not":[{"Fn::Equals":[{"Fn::Join":["",{"Ref":"EcrRepositories"}]},""]}]}},
         "Resources":{
          "Role":{"Type":"AWS::IAM::Role","Properties":{
           "Description":"Builds of armrunner's CodeBuild lane",
           "Tags":[{"Key":"armrunner","Value":{"Ref":"Name"}}]}},
          "Bucket":{"Type":"AWS::S3::Bucket","DeletionPolicy":"Delete","UpdateReplacePolicy":"Retain","Properties":{
           "BucketEncryption":{"ServerSideEncryptionConfiguration":[{"BucketKeyEnabled":true,
            "ServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms",
             "KMSMasterKeyID":{"Fn::If":["HasKey",{"Ref":"KeyArn"},{"Ref":"AWS::NoValue"}]}}}]},
           "PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,
            "IgnorePublicAcls":true,"RestrictPublicBuckets":true},
           "OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]},
           "VersioningConfiguration":{"Status":"Enabled"},
           "LifecycleConfiguration":{"Rules":[{"Id":"jobs","Status":"Enabled","Prefix":"jobs/","ExpirationInDays":%4$d,
            "NoncurrentVersionExpiration":{"NoncurrentDays":%6$d},
            "AbortIncompleteMultipartUpload":{"DaysAfterInitiation":%6$d}},
            {"Id":"cache","Status":"Enabled","Prefix":"cache/","ExpirationInDays":%5$d,
            "NoncurrentVersionExpiration":{"NoncurrentDays":%6$d},
            "AbortIncompleteMultipartUpload":{"DaysAfterInitiation":%6$d}}]},
           "Tags":[{"Key":"armrunner","Value":{"Ref":"Name"}}]}},
          "BucketPolicy":{"Type":"AWS::S3::BucketPolicy","Properties":{"Bucket":{"Ref":"Bucket"}}},
          "Log":{"Type":"AWS::Logs::LogGroup","DeletionPolicy":"Delete","UpdateReplacePolicy":"Delete","Properties":{
           "RetentionInDays":{"Ref":"LogDays"},"Tags":[{"Key":"armrunner","Value":{"Ref":"Name"}}]}},
          "Project":{"Type":"AWS::CodeBuild::Project","Properties":{
           "Description":"GitLab jobs of armrunner",
           "ServiceRole":{"Fn::GetAtt":["Role","Arn"]},
           "Source":{"Type":"NO_SOURCE"},
           "Artifacts":{"Type":"NO_ARTIFACTS"},
           "Cache":{"Type":"NO_CACHE"},
           "Environment":{"Type":{"Fn::If":["IsLambda","ARM_LAMBDA_CONTAINER","ARM_CONTAINER"]},
            "Image":{"Fn::If":["HasImage",{"Ref":"Image"},{"Fn::If":["IsLambda","%7$s","%2$s"]}]},
            "ComputeType":{"Ref":"Size"},
            "ImagePullCredentialsType":"CODEBUILD","PrivilegedMode":false},
           "TimeoutInMinutes":{"Fn::If":["IsLambda",{"Ref":"AWS::NoValue"},%10$d]},
           "QueuedTimeoutInMinutes":{"Fn::If":["IsLambda",{"Ref":"AWS::NoValue"},%11$d]},
           "AutoRetryLimit":0,
           "LogsConfig":{"CloudWatchLogs":{"Status":"ENABLED","GroupName":{"Ref":"Log"}}},
           "VpcConfig":{"Fn::If":["HasNetwork",
            {"VpcId":{"Ref":"VpcId"},"Subnets":{"Ref":"Subnets"},"SecurityGroupIds":{"Ref":"SecurityGroups"}},
            {"Ref":"AWS::NoValue"}]},
           "Tags":[{"Key":"armrunner","Value":{"Ref":"Name"}}]}},
          "Manager":{"Type":"AWS::IAM::ManagedPolicy","Properties":{
           "Description":"What the machine may do that runs armrunner"}}},
         "Outputs":{
          "Project":{"Description":"The CodeBuild project.","Value":{"Ref":"Project"}},
          "Bucket":{"Description":"The bucket for hand-overs.","Value":{"Ref":"Bucket"}},
          "ManagerPolicy":{"Description":"Attach this to the user or role of the machine that runs armrunner.","Value":{"Ref":"Manager"}}}}
        """
                .formatted(
                        sizes(),
                        Installation.CONTAINER_IMAGE,
                        Installation.DEFAULT_LOG_DAYS,
                        BucketPart.JOB_DAYS,
                        BucketPart.CACHE_DAYS,
                        BucketPart.OLD_VERSION_DAYS,
                        Installation.image(BuildSize.LAMBDA_1GB),
                        sizesOfLambda(),
                        isOneOf(sizesOfLambda()),
                        ProjectPart.TIMEOUT_MINUTES,
                        ProjectPart.QUEUED_MINUTES);
    }

    private static String terraformFrame() {
        return """
        {"//":"",
         "terraform":{"required_version":">= 1.3","required_providers":{"aws":{"source":"hashicorp/aws","version":">= 5.60"}}},
         "variable":{
          "name":{"type":"string","default":"main","description":"Tells several installations of one account apart.",
           "validation":{"condition":"${can(regex(\\"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$\\", var.name))}",
            "error_message":"Use up to 20 small letters, digits and dashes."}},
          "size":{"type":"string","default":"small","description":"The machines, when a job asks for none: small, medium, large, xlarge or 2xlarge; lambda-1gb, -2gb, -4gb, -8gb or -10gb for Lambda compute."},
          "image":{"type":"string","default":"","description":"The curated image, when a job asks for none; one with Java 25 when empty."},
          "log_days":{"type":"number","default":%2$d,"description":"For how long boot logs are kept."},
          "key_arn":{"type":"string","default":"","description":"A KMS key for the bucket; AWS's own when empty."},
          "ecr_repositories":{"type":"list(string)","default":[],"description":"ARNs of private repositories in ECR whose images builds may run in."},
          "vpc_id":{"type":"string","default":"","description":"A network for the builds; AWS's own when empty."},
          "subnets":{"type":"list(string)","default":[],"description":"Private subnets of that network."},
          "security_groups":{"type":"list(string)","default":[],"description":"Security groups of that network."}},
         "locals":{"tags":{"armrunner":"${var.name}"},
          "lambda":"${startswith(var.size, \\"lambda-\\")}",
          "curated_image":"${local.lambda ? \\"%8$s\\" : \\"%1$s\\"}"},
         "data":{"aws_region":{"current":{}},"aws_caller_identity":{"current":{}},"aws_partition":{"current":{}}},
         "resource":{
          "aws_iam_role":{"build":{"description":"Builds of armrunner's CodeBuild lane","tags":"${local.tags}"}},
          "aws_iam_role_policy":{
           "build":{"name":"build","role":"${aws_iam_role.build.id}"},
           "key":{"name":"key","role":"${aws_iam_role.build.id}","count":"${var.key_arn == \\"\\" ? 0 : 1}"},
           "network":{"name":"network","role":"${aws_iam_role.build.id}","count":"${var.vpc_id == \\"\\" ? 0 : 1}"},
           "images":{"name":"images","role":"${aws_iam_role.build.id}","count":"${length(var.ecr_repositories) == 0 ? 0 : 1}"}},
          "aws_s3_bucket":{"jobs":{"force_destroy":true,"tags":"${local.tags}"}},
          "aws_s3_bucket_public_access_block":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}","block_public_acls":true,
           "block_public_policy":true,"ignore_public_acls":true,"restrict_public_buckets":true}},
          "aws_s3_bucket_ownership_controls":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}","rule":{"object_ownership":"BucketOwnerEnforced"}}},
          "aws_s3_bucket_server_side_encryption_configuration":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}",
           "rule":{"bucket_key_enabled":true,"apply_server_side_encryption_by_default":{"sse_algorithm":"aws:kms",
            "kms_master_key_id":"${var.key_arn == \\"\\" ? null : var.key_arn}"}}}},
          "aws_s3_bucket_versioning":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}","versioning_configuration":{"status":"Enabled"}}},
          "aws_s3_bucket_lifecycle_configuration":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}",
           "depends_on":["aws_s3_bucket_versioning.jobs"],
           "rule":[{"id":"jobs","status":"Enabled","filter":{"prefix":"jobs/"},"expiration":{"days":%5$d},
            "noncurrent_version_expiration":{"noncurrent_days":%6$d},
            "abort_incomplete_multipart_upload":{"days_after_initiation":%6$d}},
            {"id":"cache","status":"Enabled","filter":{"prefix":"cache/"},"expiration":{"days":%7$d},
            "noncurrent_version_expiration":{"noncurrent_days":%6$d},
            "abort_incomplete_multipart_upload":{"days_after_initiation":%6$d}}]}},
          "aws_s3_bucket_policy":{"jobs":{"bucket":"${aws_s3_bucket.jobs.id}","depends_on":["aws_s3_bucket_public_access_block.jobs"]}},
          "aws_cloudwatch_log_group":{"boot":{"retention_in_days":"${var.log_days}","tags":"${local.tags}"}},
          "aws_codebuild_project":{"builds":{"description":"GitLab jobs of armrunner",
           "service_role":"${aws_iam_role.build.arn}","build_timeout":%3$d,"queued_timeout":%4$d,"auto_retry_limit":0,
           "source":{"type":"NO_SOURCE"},"artifacts":{"type":"NO_ARTIFACTS"},"cache":{"type":"NO_CACHE"},
           "environment":{"type":"${local.lambda ? \\"ARM_LAMBDA_CONTAINER\\" : \\"ARM_CONTAINER\\"}",
            "image":"${var.image == \\"\\" ? local.curated_image : var.image}","compute_type":"${local.sizes[var.size]}",
            "image_pull_credentials_type":"CODEBUILD","privileged_mode":false},
           "logs_config":{"cloudwatch_logs":{"status":"ENABLED","group_name":"${aws_cloudwatch_log_group.boot.name}"}},
           "dynamic":{"vpc_config":{"for_each":"${var.vpc_id == \\"\\" ? [] : [var.vpc_id]}",
            "content":{"vpc_id":"${vpc_config.value}","subnets":"${var.subnets}","security_group_ids":"${var.security_groups}"}}},
           "lifecycle":{"precondition":[{"condition":"${!local.lambda || var.vpc_id == \\"\\"}",
            "error_message":"Lambda compute has no network of your own: leave vpc_id empty or take another size."}]},
           "depends_on":["aws_iam_role_policy.build"],"tags":"${local.tags}"}},
          "aws_iam_policy":{"manager":{"description":"What the machine may do that runs armrunner","tags":"${local.tags}"}}},
         "output":{
          "project":{"value":"${aws_codebuild_project.builds.name}","description":"The CodeBuild project."},
          "bucket":{"value":"${aws_s3_bucket.jobs.id}","description":"The bucket for hand-overs."},
          "manager_policy":{"value":"${aws_iam_policy.manager.arn}","description":"Attach this to the user or role of the machine that runs armrunner."}}}
        """
                .formatted(
                        Installation.CONTAINER_IMAGE,
                        Installation.DEFAULT_LOG_DAYS,
                        ProjectPart.TIMEOUT_MINUTES,
                        ProjectPart.QUEUED_MINUTES,
                        BucketPart.JOB_DAYS,
                        BucketPart.OLD_VERSION_DAYS,
                        BucketPart.CACHE_DAYS,
                        Installation.image(BuildSize.LAMBDA_1GB));
    }
}
