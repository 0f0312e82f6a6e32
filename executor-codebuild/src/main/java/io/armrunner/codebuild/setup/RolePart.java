package io.armrunner.codebuild.setup;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.armrunner.codebuild.aws.AwsClients;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.NoSuchEntityException;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.iam.model.Tag;

/** The role of builds and its policies. */
final class RolePart implements Part {
    private static final String POLICY = "build";
    private static final String KEY = "key";
    private static final String NETWORK = "network";
    private static final String IMAGES = "images";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Installation installation;
    private final IamClient iam;
    private final String name;
    private final String trust;
    private final Map<String, String> policies = new LinkedHashMap<>();

    RolePart(Installation installation, AwsClients clients) {
        this.installation = installation;
        this.iam = clients.iam();
        this.name = installation.role();
        this.trust = Documents.filled(Documents.trust(), installation);
        policies.put(POLICY, Documents.filled(Documents.build(), installation));
        if (installation.key().isPresent()) {
            policies.put(KEY, Documents.filled(Documents.key(), installation));
        }
        if (installation.network().isPresent()) {
            policies.put(NETWORK, Documents.filled(Documents.network(), installation));
        }
        if (!installation.repositories().isEmpty()) {
            policies.put(IMAGES, Documents.filled(Documents.images(), installation));
        }
    }

    @Override
    public String title() {
        return "role " + name;
    }

    private Optional<Role> found() {
        try {
            return Optional.of(iam.getRole(r -> r.roleName(name)).role());
        } catch (NoSuchEntityException _) {
            return Optional.empty();
        }
    }

    @Override
    public Presence presence() {
        return found().map(role -> role.tags().contains(tag()) ? Presence.OURS : Presence.FOREIGN)
                .orElse(Presence.ABSENT);
    }

    private Tag tag() {
        return Tag.builder().key(Installation.TAG).value(installation.name()).build();
    }

    @Override
    public Change look() throws SetupException {
        Optional<Role> role = found();
        if (role.isEmpty()) {
            return Change.create();
        }
        Parts.mustBeOurs(this, installation);
        List<String> changes = new ArrayList<>();
        if (!Documents.areEqual(decoded(role.get().assumeRolePolicyDocument()), trust)) {
            changes.add("who may use it");
        }
        for (String policy : policies.keySet()) {
            if (!isUpToDate(policy)) {
                changes.add("policy " + policy);
            }
        }
        if (mayNoMore()) {
            changes.add("policy " + IMAGES + ", which goes");
        }
        return Change.update(changes);
    }

    private boolean isUpToDate(String policy) {
        return document(policy)
                .filter(document -> Documents.areEqual(document, policies.getOrDefault(policy, "")))
                .isPresent();
    }

    private Optional<String> document(String policy) {
        try {
            return Optional.of(
                    decoded(
                            iam.getRolePolicy(r -> r.roleName(name).policyName(policy))
                                    .policyDocument()));
        } catch (NoSuchEntityException _) {
            return Optional.empty();
        }
    }

    /** Whether the role still has rights to images that nobody names any more. */
    private boolean mayNoMore() {
        return !policies.containsKey(IMAGES) && document(IMAGES).isPresent();
    }

    /** The repositories whose images the role may pull as of now; empty without a role. */
    List<String> repositories() {
        List<String> found = new ArrayList<>();
        document(IMAGES)
                .ifPresent(document -> {
                    try {
                        for (JsonNode statement : JSON.readTree(document).path("Statement")) {
                            if (statement.path("Sid").asText().equals(Documents.PULL_SID)) {
                                statement
                                        .path("Resource")
                                        .forEach(each -> found.add(each.asText()));
                            }
                        }
                    } catch (JsonProcessingException e) {
                        throw new IllegalStateException("IAM has a policy that is no JSON", e);
                    }
                });
        return found;
    }

    private static String decoded(String document) {
        return URLDecoder.decode(document, UTF_8);
    }

    @Override
    public void make() {
        Optional<Role> role = found();
        if (role.isEmpty()) {
            iam.createRole(r ->
                    r.roleName(name)
                            .description("Builds of armrunner's CodeBuild lane")
                            .assumeRolePolicyDocument(trust)
                            .tags(tag()));
        } else {
            iam.updateAssumeRolePolicy(r -> r.roleName(name).policyDocument(trust));
        }
        policies.forEach((policy, document) ->
                iam.putRolePolicy(
                        r -> r.roleName(name).policyName(policy).policyDocument(document)));
        if (mayNoMore()) {
            iam.deleteRolePolicy(r -> r.roleName(name).policyName(IMAGES));
        }
    }

    @Override
    public void remove() {
        for (String policy : iam.listRolePolicies(r -> r.roleName(name)).policyNames()) {
            iam.deleteRolePolicy(r -> r.roleName(name).policyName(policy));
        }
        iam.deleteRole(r -> r.roleName(name));
    }
}
