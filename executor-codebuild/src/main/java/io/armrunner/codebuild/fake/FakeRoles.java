package io.armrunner.codebuild.fake;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.iam.model.AttachRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.AttachRolePolicyResponse;
import software.amazon.awssdk.services.iam.model.AttachedPolicy;
import software.amazon.awssdk.services.iam.model.CreateRoleRequest;
import software.amazon.awssdk.services.iam.model.CreateRoleResponse;
import software.amazon.awssdk.services.iam.model.DeleteRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.DeleteRolePolicyResponse;
import software.amazon.awssdk.services.iam.model.DeleteRoleRequest;
import software.amazon.awssdk.services.iam.model.DeleteRoleResponse;
import software.amazon.awssdk.services.iam.model.DetachRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.DetachRolePolicyResponse;
import software.amazon.awssdk.services.iam.model.EvaluationResult;
import software.amazon.awssdk.services.iam.model.GetRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.GetRolePolicyResponse;
import software.amazon.awssdk.services.iam.model.GetRoleRequest;
import software.amazon.awssdk.services.iam.model.GetRoleResponse;
import software.amazon.awssdk.services.iam.model.ListAttachedRolePoliciesRequest;
import software.amazon.awssdk.services.iam.model.ListAttachedRolePoliciesResponse;
import software.amazon.awssdk.services.iam.model.ListRolePoliciesRequest;
import software.amazon.awssdk.services.iam.model.ListRolePoliciesResponse;
import software.amazon.awssdk.services.iam.model.ListRoleTagsRequest;
import software.amazon.awssdk.services.iam.model.ListRoleTagsResponse;
import software.amazon.awssdk.services.iam.model.PolicyEvaluationDecisionType;
import software.amazon.awssdk.services.iam.model.PutRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.PutRolePolicyResponse;
import software.amazon.awssdk.services.iam.model.ResourceSpecificResult;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.iam.model.SimulatePrincipalPolicyRequest;
import software.amazon.awssdk.services.iam.model.SimulatePrincipalPolicyResponse;
import software.amazon.awssdk.services.iam.model.Tag;
import software.amazon.awssdk.services.iam.model.TagRoleRequest;
import software.amazon.awssdk.services.iam.model.TagRoleResponse;
import software.amazon.awssdk.services.iam.model.UpdateAssumeRolePolicyRequest;
import software.amazon.awssdk.services.iam.model.UpdateAssumeRolePolicyResponse;

/** IAM's roles with their policies, which the fake also obeys. Thread-safe. */
final class FakeRoles implements Service {
    private static final class Known {
        private final Role role;
        private final Instant made;
        private String trust;
        private final Map<String, String> policies = new TreeMap<>();
        private final List<String> attached = new ArrayList<>();
        private final Map<String, String> tags = new LinkedHashMap<>();

        Known(Role role, Instant made, String trust) {
            this.role = role;
            this.made = made;
            this.trust = trust;
        }
    }

    private final String account;
    private final AwsTime time;
    private final Names names;
    private final Map<String, Known> roles = new TreeMap<>();
    private Duration settling = Duration.ZERO;

    FakeRoles(String account, AwsTime time, Names names) {
        this.account = account;
        this.time = time;
        this.names = names;
    }

    /** How long other services do not yet know a new role; some seconds in reality. */
    synchronized void settling(Duration duration) {
        settling = duration;
    }

    /** Whether a service may act as a role, as the trust policy says. */
    synchronized boolean mayAssume(
            String roleArn, String service, Map<String, List<String>> context) throws ServiceError {
        @Nullable Known known = byArn(roleArn);
        if (known == null || time.instant().isBefore(known.made.plus(settling))) {
            return false;
        }
        Map<String, List<String>> all = new LinkedHashMap<>(context);
        all.put("service", List.of(service));
        return Policy.evaluate(List.of(Policy.of(known.trust)), "sts:AssumeRole", "*", all)
                == Policy.Verdict.ALLOWED;
    }

    /** Whether who shows a token of a trusted provider may act as a role. */
    synchronized boolean trustsTokens(String roleArn) {
        @Nullable Known known = byArn(roleArn);
        return known != null && known.trust.contains("\"sts:AssumeRoleWithWebIdentity\"");
    }

    /** What a role may do; empty when it is gone. */
    synchronized List<Policy> policies(String roleArn) {
        @Nullable Known known = byArn(roleArn);
        List<Policy> policies = new ArrayList<>();
        if (known != null) {
            for (String document : known.policies.values()) {
                try {
                    policies.add(Policy.of(document));
                } catch (ServiceError e) {
                    throw new IllegalStateException("it was checked when it came", e);
                }
            }
        }
        return policies;
    }

    private @Nullable Known byArn(String arn) {
        return roles.values().stream()
                .filter(known -> known.role.arn().equals(arn))
                .findAny()
                .orElse(null);
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.iam";
    }

    @Override
    public String prefix() {
        return "iam";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        if (request instanceof SimulatePrincipalPolicyRequest simulation) {
            return List.of(simulation.policySourceArn());
        }
        return List.of(
                arn(
                        request.sdkFields().stream()
                                .filter(field -> field.memberName().equals("RoleName"))
                                .map(field -> String.valueOf(field.getValueOrDefault(request)))
                                .findAny()
                                .orElse("*")));
    }

    private String arn(String role) {
        return "arn:aws:iam::" + account + ":role/" + role;
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case CreateRoleRequest r -> create(r);
            case GetRoleRequest r -> {
                Known known = known(r.roleName());
                yield GetRoleResponse.builder()
                        .role(
                                known.role.toBuilder()
                                        .assumeRolePolicyDocument(encoded(known.trust))
                                        .tags(tags(known))
                                        .build())
                        .build();
            }
            case DeleteRoleRequest r -> delete(r);
            case UpdateAssumeRolePolicyRequest r -> {
                Policy.of(r.policyDocument());
                known(r.roleName()).trust = r.policyDocument();
                yield UpdateAssumeRolePolicyResponse.builder().build();
            }
            case PutRolePolicyRequest r -> {
                Policy.of(r.policyDocument());
                known(r.roleName()).policies.put(r.policyName(), r.policyDocument());
                yield PutRolePolicyResponse.builder().build();
            }
            case GetRolePolicyRequest r -> {
                String document = known(r.roleName()).policies.get(r.policyName());
                if (document == null) {
                    throw missing("The role policy with name " + r.policyName());
                }
                yield GetRolePolicyResponse.builder()
                        .roleName(r.roleName())
                        .policyName(r.policyName())
                        .policyDocument(encoded(document))
                        .build();
            }
            case DeleteRolePolicyRequest r -> {
                if (known(r.roleName()).policies.remove(r.policyName()) == null) {
                    throw missing("The role policy with name " + r.policyName());
                }
                yield DeleteRolePolicyResponse.builder().build();
            }
            case ListRolePoliciesRequest r ->
                    ListRolePoliciesResponse.builder()
                            .policyNames(known(r.roleName()).policies.keySet())
                            .isTruncated(false)
                            .build();
            case AttachRolePolicyRequest r -> {
                known(r.roleName()).attached.add(r.policyArn());
                yield AttachRolePolicyResponse.builder().build();
            }
            case DetachRolePolicyRequest r -> {
                if (!known(r.roleName()).attached.remove(r.policyArn())) {
                    throw missing("Policy " + r.policyArn());
                }
                yield DetachRolePolicyResponse.builder().build();
            }
            case ListAttachedRolePoliciesRequest r ->
                    ListAttachedRolePoliciesResponse.builder()
                            .attachedPolicies(
                                    known(r.roleName()).attached.stream()
                                            .map(arn ->
                                                    AttachedPolicy.builder()
                                                            .policyArn(arn)
                                                            .policyName(
                                                                    arn.substring(
                                                                            arn.lastIndexOf('/')
                                                                                    + 1))
                                                            .build())
                                            .toList())
                            .isTruncated(false)
                            .build();
            case TagRoleRequest r -> {
                Known known = known(r.roleName());
                r.tags().forEach(tag -> known.tags.put(tag.key(), tag.value()));
                yield TagRoleResponse.builder().build();
            }
            case ListRoleTagsRequest r ->
                    ListRoleTagsResponse.builder()
                            .tags(tags(known(r.roleName())))
                            .isTruncated(false)
                            .build();
            case SimulatePrincipalPolicyRequest r -> simulate(r);
            default -> throw Service.unknown(request);
        };
    }

    /** One result for each action: what the worst of its resources comes to, and each of them. */
    private SdkPojo simulate(SimulatePrincipalPolicyRequest r) throws ServiceError {
        if (byArn(r.policySourceArn()) == null) {
            throw missing("The source " + r.policySourceArn());
        }
        List<String> resources = r.resourceArns().isEmpty() ? List.of("*") : r.resourceArns();
        List<EvaluationResult> results = new ArrayList<>();
        for (String action : r.actionNames()) {
            List<ResourceSpecificResult> each = new ArrayList<>();
            Policy.Verdict worst = Policy.Verdict.ALLOWED;
            for (String resource : resources) {
                Policy.Verdict decision =
                        Policy.evaluate(policies(r.policySourceArn()), action, resource, Map.of());
                worst = worse(worst, decision);
                each.add(
                        ResourceSpecificResult.builder()
                                .evalResourceName(resource)
                                .evalResourceDecision(told(decision))
                                .build());
            }
            EvaluationResult.Builder result =
                    EvaluationResult.builder()
                            .evalActionName(action)
                            .evalDecision(told(worst))
                            .resourceSpecificResults(each);
            if (resources.size() == 1) {
                result.evalResourceName(resources.getFirst());
            }
            results.add(result.build());
        }
        return SimulatePrincipalPolicyResponse.builder()
                .evaluationResults(results)
                .isTruncated(false)
                .build();
    }

    private static Policy.Verdict worse(Policy.Verdict one, Policy.Verdict other) {
        if (one == Policy.Verdict.DENIED || other == Policy.Verdict.DENIED) {
            return Policy.Verdict.DENIED;
        }
        return one == Policy.Verdict.ALLOWED ? other : one;
    }

    private static PolicyEvaluationDecisionType told(Policy.Verdict decision) {
        return switch (decision) {
            case ALLOWED -> PolicyEvaluationDecisionType.ALLOWED;
            case NOT_ALLOWED -> PolicyEvaluationDecisionType.IMPLICIT_DENY;
            case DENIED -> PolicyEvaluationDecisionType.EXPLICIT_DENY;
        };
    }

    private SdkPojo create(CreateRoleRequest r) throws ServiceError {
        if (roles.containsKey(r.roleName())) {
            throw new ServiceError(
                    409,
                    "EntityAlreadyExists",
                    "Role with name " + r.roleName() + " already exists.");
        }
        Policy.of(r.assumeRolePolicyDocument());
        Role role =
                Role.builder()
                        .path("/")
                        .roleName(r.roleName())
                        .roleId("AROA" + names.upper(16))
                        .arn(arn(r.roleName()))
                        .createDate(time.instant())
                        .description(r.description())
                        .maxSessionDuration(3600)
                        .build();
        Known known = new Known(role, time.instant(), r.assumeRolePolicyDocument());
        r.tags().forEach(tag -> known.tags.put(tag.key(), tag.value()));
        roles.put(r.roleName(), known);
        return CreateRoleResponse.builder()
                .role(role.toBuilder().assumeRolePolicyDocument(encoded(known.trust)).build())
                .build();
    }

    private SdkPojo delete(DeleteRoleRequest r) throws ServiceError {
        Known known = known(r.roleName());
        if (!known.policies.isEmpty() || !known.attached.isEmpty()) {
            throw new ServiceError(
                    409, "DeleteConflict", "Cannot delete entity, must delete policies first.");
        }
        roles.remove(r.roleName());
        return DeleteRoleResponse.builder().build();
    }

    private static List<Tag> tags(Known known) {
        List<Tag> tags = new ArrayList<>();
        known.tags.forEach((key, value) -> tags.add(Tag.builder().key(key).value(value).build()));
        return tags;
    }

    private Known known(String role) throws ServiceError {
        return Optional.ofNullable(roles.get(role))
                .orElseThrow(() -> missing("The role with name " + role));
    }

    private static ServiceError missing(String what) {
        return new ServiceError(404, "NoSuchEntity", what + " cannot be found.");
    }

    // As the real one does it: a document in an answer is percent-encoded.
    private static String encoded(String document) {
        return URLEncoder.encode(document, UTF_8).replace("+", "%20");
    }
}
