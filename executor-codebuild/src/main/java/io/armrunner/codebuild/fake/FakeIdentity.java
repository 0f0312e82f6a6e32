package io.armrunner.codebuild.fake;

import java.util.List;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityRequest;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/** STS: says to everybody who he is. */
final class FakeIdentity implements Service {
    private final String account;

    FakeIdentity(String account) {
        this.account = account;
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
        // Nobody needs a right to ask for his own name.
        return request instanceof GetCallerIdentityRequest ? List.of() : List.of("*");
    }

    @Override
    public SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        if (request instanceof GetCallerIdentityRequest) {
            return GetCallerIdentityResponse.builder()
                    .account(account)
                    .arn(caller.arn())
                    .userId("AIDAFAKEUSER")
                    .build();
        }
        throw Service.unknown(request);
    }
}
