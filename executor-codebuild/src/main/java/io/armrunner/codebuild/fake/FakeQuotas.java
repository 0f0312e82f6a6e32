package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.BuildSize;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.servicequotas.model.GetServiceQuotaRequest;
import software.amazon.awssdk.services.servicequotas.model.GetServiceQuotaResponse;
import software.amazon.awssdk.services.servicequotas.model.ListServiceQuotasRequest;
import software.amazon.awssdk.services.servicequotas.model.ListServiceQuotasResponse;
import software.amazon.awssdk.services.servicequotas.model.ServiceQuota;

/** Service Quotas: how many builds of a size may run at once. Thread-safe. */
public final class FakeQuotas implements Service {
    private final String region;
    private final String account;
    private final Map<BuildSize, Integer> limits = new ConcurrentHashMap<>();
    private final int usual;

    FakeQuotas(String region, String account, int usual) {
        this.region = region;
        this.account = account;
        this.usual = usual;
    }

    /** Grants the account so many builds at once. */
    public void limit(BuildSize size, int builds) {
        limits.put(size, builds);
    }

    int limit(BuildSize size) {
        return limits.getOrDefault(size, usual);
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.servicequotas";
    }

    @Override
    public String prefix() {
        return "servicequotas";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        return request instanceof GetServiceQuotaRequest r
                ? List.of(
                        "arn:aws:servicequotas:%s:%s:%s/%s"
                                .formatted(region, account, r.serviceCode(), r.quotaCode()))
                : List.of("*");
    }

    @Override
    public SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case GetServiceQuotaRequest r ->
                    GetServiceQuotaResponse.builder()
                            .quota(quota(size(r.serviceCode(), r.quotaCode())))
                            .build();
            case ListServiceQuotasRequest _ ->
                    ListServiceQuotasResponse.builder()
                            .quotas(Arrays.stream(BuildSize.values()).map(this::quota).toList())
                            .build();
            default -> throw Service.unknown(request);
        };
    }

    private static BuildSize size(String service, String code) throws ServiceError {
        return Arrays.stream(BuildSize.values())
                .filter(size -> service.equals("codebuild") && size.quotaCode().equals(code))
                .findAny()
                .orElseThrow(() ->
                        new ServiceError(
                                400,
                                "NoSuchResourceException",
                                "The request failed because the specified service or quota does not exist."));
    }

    private ServiceQuota quota(BuildSize size) {
        return ServiceQuota.builder()
                .serviceCode("codebuild")
                .serviceName("AWS CodeBuild")
                .quotaCode(size.quotaCode())
                .quotaName(
                        "Concurrently running builds for %s/%s environment"
                                .formatted(size.isLambda() ? "ARM Lambda" : "ARM", size.word()))
                .value((double) limit(size))
                .adjustable(true)
                .globalQuota(false)
                .unit("None")
                .build();
    }
}
