package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.AwsPlace;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.sts.model.AssumeRoleWithWebIdentityRequest;
import software.amazon.awssdk.services.sts.model.AssumeRoleWithWebIdentityResponse;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityRequest;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/** STS: says to everybody who he is, and gives roles to who has a token for them. Thread-safe. */
final class FakeIdentity implements Service {
    private final String account;
    private final FakeRoles roles;
    private final Principals principals;
    private final Set<String> tokens = ConcurrentHashMap.newKeySet();

    FakeIdentity(String account, FakeRoles roles, Principals principals) {
        this.account = account;
        this.roles = roles;
        this.principals = principals;
    }

    /** Takes an ID token for one of a provider that the account trusts. */
    void trust(String token) {
        tokens.add(token);
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.sts";
    }

    @Override
    public String prefix() {
        return "sts";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        // Nobody needs a right to ask for his own name, and a token stands for itself.
        return request instanceof GetCallerIdentityRequest
                        || request instanceof AssumeRoleWithWebIdentityRequest
                ? List.of()
                : List.of("*");
    }

    @Override
    public SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case GetCallerIdentityRequest _ ->
                    GetCallerIdentityResponse.builder()
                            .account(account)
                            .arn(caller.arn())
                            .userId("AIDAFAKEUSER")
                            .build();
            case AssumeRoleWithWebIdentityRequest r -> assume(r);
            default -> throw Service.unknown(request);
        };
    }

    private SdkPojo assume(AssumeRoleWithWebIdentityRequest r) throws ServiceError {
        if (!tokens.contains(r.webIdentityToken())) {
            throw new ServiceError(
                    400,
                    "InvalidIdentityToken",
                    "No OpenIDConnect provider found in your account for this token");
        }
        if (!roles.trustsTokens(r.roleArn())) {
            throw new ServiceError(
                    403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        }
        String session =
                "arn:aws:sts::%s:assumed-role/%s/%s"
                        .formatted(
                                account,
                                r.roleArn().substring(r.roleArn().lastIndexOf('/') + 1),
                                r.roleSessionName());
        AwsPlace.Keys keys =
                principals.session(
                        () ->
                                new Caller(
                                        session,
                                        r.roleArn(),
                                        roles.policies(r.roleArn()),
                                        Map.of()),
                        () -> true);
        return AssumeRoleWithWebIdentityResponse.builder()
                .credentials(c ->
                        c.accessKeyId(keys.accessKey())
                                .secretAccessKey(keys.secretKey().value())
                                .sessionToken(keys.token().value()))
                .build();
    }
}
