package io.armrunner.codebuild.setup;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.BuildSize;
import io.armrunner.codebuild.fake.FakeAws;
import io.armrunner.codebuild.fake.FakeAwsSettings;
import io.armrunner.http.EventLoops;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;
import software.amazon.awssdk.services.codebuild.model.Project;

/** Holds the templates to what the set-up makes. */
class TemplatesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path FILES = Path.of("..", "packaging", "aws");
    private static final Installation INSTALLATION =
            Installation.of("main", "eu-west-3", "123456789012");

    private static final Installation ON_LAMBDA =
            Installation.of("main", "eu-west-1", "123456789012").withSize(BuildSize.LAMBDA_2GB);

    private static final List<String> REPOSITORIES =
            List.of(
                    "arn:aws:ecr:eu-west-3:123456789012:repository/ci/python",
                    "arn:aws:ecr:eu-west-3:123456789012:repository/ci/rust");

    /** Values of the template's parameters and of AWS's own. */
    private static final Map<String, String> VALUES =
            Map.of(
                    "Name", "main",
                    "AWS::Region", "eu-west-3",
                    "AWS::AccountId", "123456789012",
                    "AWS::Partition", "aws",
                    "Size", "BUILD_GENERAL1_SMALL",
                    "Image", "",
                    "Log", "/armrunner/main/boot",
                    "LogDays", "7",
                    "Role", "arn:aws:iam::123456789012:role/armrunner-main-build-eu-west-3");

    @TempDir Path directory;

    @Test
    void theFilesAreWhatTheProgramPrints() throws Exception {
        assertThat(FILES.resolve("cloudformation.yaml")).hasContent(Templates.cloudFormation());
        assertThat(FILES.resolve("terraform").resolve("main.tf.json"))
                .hasContent(Templates.terraform());
    }

    @Test
    void cloudFormationMakesWhatTheSetUpMakes() throws Exception {
        theSameIsMade(INSTALLATION, Map.of(), Set.of());
    }

    @Test
    void cloudFormationMakesWhatTheSetUpMakesForLambdaCompute() throws Exception {
        theSameIsMade(
                ON_LAMBDA,
                Map.of(
                        "Size", "BUILD_LAMBDA_2GB",
                        "AWS::Region", "eu-west-1",
                        "Role", ON_LAMBDA.roleArn()),
                Set.of("IsLambda"));
    }

    @Test
    void cloudFormationMakesWhatTheSetUpMakesForPrivateImages() throws Exception {
        theSameIsMade(
                INSTALLATION.withRepositories(List.of("ci/python", "ci/rust")),
                Map.of("EcrRepositories", String.join(",", REPOSITORIES)),
                Set.of("HasRepositories"));
    }

    private void theSameIsMade(
            Installation installation, Map<String, String> values, Set<String> conditions)
            throws Exception {
        Map<String, String> all = new HashMap<>(VALUES);
        all.putAll(values);
        JsonNode resources = resolved(template(), all, conditions).path("Resources");
        try (EventLoops loops = EventLoops.open(1);
                FakeAws aws =
                        FakeAws.start(
                                loops,
                                FakeAwsSettings.of(
                                                directory,
                                                Map.of("PATH", "/usr/bin:/bin"),
                                                new Random(1))
                                        .withRegion(installation.region()));
                AwsClients clients = AwsClients.open(aws.place())) {
            new Setup(installation, clients).apply(_ -> {});

            Map<String, JsonNode> policies = new TreeMap<>();
            for (JsonNode policy : resources.at("/Role/Properties/Policies")) {
                policies.put(policy.path("PolicyName").asText(), policy.path("PolicyDocument"));
            }
            Map<String, JsonNode> made = new TreeMap<>();
            for (String name :
                    clients.iam()
                            .listRolePolicies(r -> r.roleName(installation.role()))
                            .policyNames()) {
                made.put(
                        name,
                        JSON.readTree(
                                java.net.URLDecoder.decode(
                                        clients.iam()
                                                .getRolePolicy(r ->
                                                        r.roleName(installation.role())
                                                                .policyName(name))
                                                .policyDocument(),
                                        java.nio.charset.StandardCharsets.UTF_8)));
            }
            assertThat(policies).isEqualTo(made);
            assertThat(resources.at("/Bucket/Properties/BucketName").asText())
                    .isEqualTo(installation.bucket());
            assertThat(resources.at("/BucketPolicy/Properties/PolicyDocument"))
                    .isEqualTo(
                            JSON.readTree(
                                    clients.s3()
                                            .getBucketPolicy(r -> r.bucket(installation.bucket()))
                                            .policy()));
            sameProject(
                    resources.at("/Project/Properties"),
                    clients.codeBuild()
                            .batchGetProjects(r -> r.names(installation.project()))
                            .projects()
                            .getFirst());
            sameBucket(resources.at("/Bucket/Properties"), installation.bucket(), clients);
        }
    }

    private static void sameProject(JsonNode template, Project project) {
        assertThat(template.path("Name").asText()).isEqualTo(project.name());
        assertThat(template.path("ServiceRole").asText()).isEqualTo(project.serviceRole());
        assertThat(template.at("/Source/BuildSpec").asText())
                .isEqualTo(project.source().buildspec());
        assertThat(template.at("/Source/Type").asText()).isEqualTo(project.source().typeAsString());
        assertThat(template.at("/Artifacts/Type").asText())
                .isEqualTo(project.artifacts().typeAsString());
        JsonNode environment = template.path("Environment");
        assertThat(environment.path("Type").asText())
                .isEqualTo(project.environment().typeAsString());
        assertThat(environment.path("Image").asText()).isEqualTo(project.environment().image());
        assertThat(environment.path("ComputeType").asText())
                .isEqualTo(project.environment().computeTypeAsString());
        assertThat(environment.path("ImagePullCredentialsType").asText())
                .isEqualTo(project.environment().imagePullCredentialsTypeAsString());
        assertThat(environment.path("PrivilegedMode").asBoolean())
                .isEqualTo(project.environment().privilegedMode());
        assertThat(number(template, "TimeoutInMinutes")).isEqualTo(project.timeoutInMinutes());
        assertThat(number(template, "QueuedTimeoutInMinutes"))
                .isEqualTo(project.queuedTimeoutInMinutes());
        assertThat(template.path("AutoRetryLimit").asInt()).isEqualTo(project.autoRetryLimit());
        assertThat(template.at("/LogsConfig/CloudWatchLogs/GroupName").asText())
                .isEqualTo(project.logsConfig().cloudWatchLogs().groupName());
        assertThat(template.at("/Tags/0/Value").asText())
                .isEqualTo(project.tags().getFirst().value());
    }

    /** Empty where the template leaves it out. */
    private static @Nullable Integer number(JsonNode template, String name) {
        JsonNode value = template.path(name);
        return value.isInt() ? value.asInt() : null;
    }

    private static void sameBucket(JsonNode template, String bucket, AwsClients clients) {
        var encryption =
                clients.s3()
                        .getBucketEncryption(r -> r.bucket(bucket))
                        .serverSideEncryptionConfiguration()
                        .rules()
                        .getFirst();
        JsonNode rule = template.at("/BucketEncryption/ServerSideEncryptionConfiguration/0");
        assertThat(rule.at("/ServerSideEncryptionByDefault/SSEAlgorithm").asText())
                .isEqualTo(encryption.applyServerSideEncryptionByDefault().sseAlgorithmAsString());
        assertThat(rule.path("BucketKeyEnabled").asBoolean())
                .isEqualTo(encryption.bucketKeyEnabled());
        var lifecycle = clients.s3().getBucketLifecycleConfiguration(r -> r.bucket(bucket)).rules();
        JsonNode rules = template.at("/LifecycleConfiguration/Rules");
        assertThat(rules).hasSameSizeAs(lifecycle);
        for (int i = 0; i < lifecycle.size(); i++) {
            JsonNode said = rules.path(i);
            var made = lifecycle.get(i);
            assertThat(said.path("Prefix").asText()).isEqualTo(made.filter().prefix());
            assertThat(said.path("ExpirationInDays").asInt()).isEqualTo(made.expiration().days());
            assertThat(said.at("/NoncurrentVersionExpiration/NoncurrentDays").asInt())
                    .isEqualTo(made.noncurrentVersionExpiration().noncurrentDays());
        }
        assertThat(template.at("/VersioningConfiguration/Status").asText())
                .isEqualTo(
                        clients.s3().getBucketVersioning(r -> r.bucket(bucket)).statusAsString());
    }

    @Test
    void terraformSaysTheSameInItsOwnWords() throws Exception {
        JsonNode module = JSON.readTree(Templates.terraform());
        JsonNode template = resolved(template(), VALUES, Set.of()).path("Resources");
        JsonNode onLambda =
                resolved(template(), VALUES, Set.of("IsLambda"))
                        .at("/Resources/Project/Properties/Environment");
        JsonNode resources = module.path("resource");

        assertThat(policy(resources.at("/aws_iam_role_policy/build/policy")))
                .isEqualTo(template.at("/Role/Properties/Policies/0/PolicyDocument"));
        assertThat(policy(resources.at("/aws_iam_role/build/assume_role_policy")))
                .isEqualTo(template.at("/Role/Properties/AssumeRolePolicyDocument"));
        JsonNode withImages =
                resolved(
                        template(),
                        with("EcrRepositories", String.join(",", REPOSITORIES)),
                        Set.of("HasRepositories"));
        assertThat(policy(resources.at("/aws_iam_role_policy/images/policy")))
                .isEqualTo(withImages.at("/Resources/Role/Properties/Policies/1/PolicyDocument"));
        assertThat(resources.at("/aws_iam_role_policy/images/count").asText())
                .isEqualTo("${length(var.ecr_repositories) == 0 ? 0 : 1}");
        assertThat(policy(resources.at("/aws_s3_bucket_policy/jobs/policy")))
                .isEqualTo(template.at("/BucketPolicy/Properties/PolicyDocument"));
        assertThat(policy(resources.at("/aws_iam_policy/manager/policy")))
                .isEqualTo(template.at("/Manager/Properties/PolicyDocument"));
        assertThat(filled(resources.at("/aws_s3_bucket/jobs/bucket").asText()))
                .isEqualTo(INSTALLATION.bucket());
        JsonNode project = resources.at("/aws_codebuild_project/builds");
        JsonNode other = template.at("/Project/Properties");
        assertThat(filled(project.path("name").asText())).isEqualTo(other.path("Name").asText());
        assertThat(project.path("build_timeout").asInt())
                .isEqualTo(other.path("TimeoutInMinutes").asInt());
        assertThat(project.path("queued_timeout").asInt())
                .isEqualTo(other.path("QueuedTimeoutInMinutes").asInt());
        assertThat(project.at("/environment/type").asText())
                .isEqualTo(
                        "${local.lambda ? \"%s\" : \"%s\"}",
                        onLambda.path("Type").asText(), other.at("/Environment/Type").asText());
        assertThat(module.at("/locals/curated_image").asText())
                .isEqualTo(
                        "${local.lambda ? \"%s\" : \"%s\"}",
                        onLambda.path("Image").asText(), other.at("/Environment/Image").asText());
        assertThat(module.at("/locals/sizes/lambda-10gb").asText()).isEqualTo("BUILD_LAMBDA_10GB");
        assertThat(project.at("/source/buildspec").asText())
                .isEqualTo(other.at("/Source/BuildSpec").asText());
        JsonNode days = template.at("/Bucket/Properties/LifecycleConfiguration/Rules");
        JsonNode rules = resources.at("/aws_s3_bucket_lifecycle_configuration/jobs/rule");
        assertThat(rules).hasSameSizeAs(days);
        for (int i = 0; i < days.size(); i++) {
            assertThat(rules.path(i).at("/filter/prefix").asText())
                    .isEqualTo(days.path(i).path("Prefix").asText());
            assertThat(rules.path(i).at("/expiration/days").asInt())
                    .isEqualTo(days.path(i).path("ExpirationInDays").asInt());
        }
        assertThat(module.at("/variable/image/default").asText())
                .isEqualTo(template().at("/Parameters/Image/Default").asText());
    }

    @Test
    void aVariableOfIamIsLeftToIam() throws Exception {
        assertThat(Templates.cloudFormation()).contains("${!codebuild:buildArn}");
        assertThat(Templates.terraform()).contains("$${codebuild:buildArn}");
        assertThat(
                        policy(
                                        JSON.readTree(Templates.terraform())
                                                .at("/resource/aws_iam_role_policy/build/policy"))
                                .toString())
                .contains("jobs/${codebuild:buildArn}/*");
        // Whatever is not IAM's is one of the three that AWS or the user fills in.
        assertThat(Templates.cloudFormation()).doesNotContain("<name>", "<region>", "<account>");
    }

    @Test
    void everyNameThatCloudFormationUsesIsDeclared() {
        JsonNode template = template();
        Set<String> known =
                new HashSet<>(
                        Set.of("AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::NoValue"));
        for (String part : List.of("Parameters", "Resources", "Conditions")) {
            template.path(part).fieldNames().forEachRemaining(known::add);
        }
        Set<String> used = new HashSet<>();
        template.findValues("Ref").forEach(each -> used.add(each.asText()));
        template.findValues("Fn::GetAtt").forEach(each -> used.add(each.path(0).asText()));
        template.findValues("Fn::If").forEach(each -> used.add(each.path(0).asText()));
        for (JsonNode sub : template.findValues("Fn::Sub")) {
            Matcher name = Pattern.compile("\\$\\{([^!}][^}]*)}").matcher(sub.asText());
            while (name.find()) {
                used.add(name.group(1));
            }
        }

        assertThat(used).contains("Name", "Role", "HasKey", "AWS::Region");
        assertThat(known).containsAll(used);
        template.path("Resources")
                .forEach(resource ->
                        assertThat(resource.path("Type").asText()).matches("AWS::\\w+::\\w+"));
    }

    private static Map<String, String> with(String parameter, String value) {
        Map<String, String> all = new HashMap<>(VALUES);
        all.put(parameter, value);
        return all;
    }

    private static JsonNode template() {
        Object document = new Yaml().load(Templates.cloudFormation());
        return JSON.valueToTree(document);
    }

    private static JsonNode policy(JsonNode text) throws Exception {
        return JSON.readTree(filled(text.asText()));
    }

    /** Terraform's references with values. */
    private static String filled(String text) {
        return text.replace("${var.name}", "main")
                .replace("${data.aws_region.current.id}", "eu-west-3")
                .replace("${data.aws_caller_identity.current.account_id}", "123456789012")
                .replace("${data.aws_partition.current.partition}", "aws")
                .replace(
                        "${join(\"\\\",\\\"\", var.ecr_repositories)}",
                        String.join("\",\"", REPOSITORIES))
                .replace("$${", "${");
    }

    /** The template as CloudFormation would see it, with these conditions met. */
    private static JsonNode resolved(
            JsonNode node, Map<String, String> values, Set<String> conditions) {
        if (node.isObject() && node.size() == 1) {
            if (node.path("Ref").asText().equals("EcrRepositories")) {
                ArrayNode list = JSON.createArrayNode();
                List.of(values.getOrDefault("EcrRepositories", "").split(",", -1))
                        .forEach(list::add);
                return list;
            } else if (node.has("Ref")) {
                return JSON.getNodeFactory()
                        .textNode(values.getOrDefault(node.path("Ref").asText(), ""));
            } else if (node.has("Fn::GetAtt")) {
                return JSON.getNodeFactory()
                        .textNode(values.getOrDefault(node.at("/Fn::GetAtt/0").asText(), ""));
            } else if (node.has("Fn::Sub")) {
                String text = node.path("Fn::Sub").asText();
                for (Map.Entry<String, String> value : values.entrySet()) {
                    text = text.replace("${" + value.getKey() + "}", value.getValue());
                }
                return JSON.getNodeFactory().textNode(text.replace("${!", "${"));
            } else if (node.has("Fn::If")) {
                boolean met = conditions.contains(node.at("/Fn::If/0").asText());
                return resolved(node.at(met ? "/Fn::If/1" : "/Fn::If/2"), values, conditions);
            }
        }
        if (node.isArray()) {
            ArrayNode list = JSON.createArrayNode();
            node.forEach(each -> {
                JsonNode value = resolved(each, values, conditions);
                if (!(value.isTextual() && value.asText().isEmpty())) {
                    list.add(value);
                }
            });
            return list;
        }
        if (node.isObject()) {
            ObjectNode object = JSON.createObjectNode();
            node.properties()
                    .forEach(each ->
                            object.set(
                                    each.getKey(), resolved(each.getValue(), values, conditions)));
            return object;
        }
        return node;
    }
}
