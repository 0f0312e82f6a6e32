package io.armrunner.codebuild.fake;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.services.ec2.model.DescribeSecurityGroupsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSecurityGroupsResponse;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeSubnetsResponse;
import software.amazon.awssdk.services.ec2.model.DescribeVpcsRequest;
import software.amazon.awssdk.services.ec2.model.DescribeVpcsResponse;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.Subnet;
import software.amazon.awssdk.services.ec2.model.Vpc;

/** EC2's networks, for looking at only. Thread-safe. */
public final class FakeNetwork implements Service {
    private final Map<String, Vpc> vpcs = new TreeMap<>();
    private final Map<String, Subnet> subnets = new TreeMap<>();
    private final Map<String, SecurityGroup> groups = new TreeMap<>();

    FakeNetwork() {}

    /** Adds a subnet, and its network if need be. */
    public synchronized void subnet(String vpc, String id, String zone, boolean publicAddresses) {
        vpcs.put(vpc, Vpc.builder().vpcId(vpc).state("available").build());
        subnets.put(
                id,
                Subnet.builder()
                        .subnetId(id)
                        .vpcId(vpc)
                        .availabilityZone(zone)
                        .availableIpAddressCount(200)
                        .mapPublicIpOnLaunch(publicAddresses)
                        .state("available")
                        .build());
    }

    /** Adds a security group. */
    public synchronized void securityGroup(String vpc, String id) {
        groups.put(id, SecurityGroup.builder().groupId(id).groupName(id).vpcId(vpc).build());
    }

    @Override
    public String packageName() {
        return "software.amazon.awssdk.services.ec2";
    }

    @Override
    public String prefix() {
        return "ec2";
    }

    @Override
    public List<String> resources(SdkPojo request) {
        return List.of("*");
    }

    @Override
    public synchronized SdkPojo answer(SdkPojo request, Caller caller) throws ServiceError {
        return switch (request) {
            case DescribeVpcsRequest r ->
                    DescribeVpcsResponse.builder()
                            .vpcs(found(vpcs, r.vpcIds(), "InvalidVpcID.NotFound", "vpc ID"))
                            .build();
            case DescribeSubnetsRequest r ->
                    DescribeSubnetsResponse.builder()
                            .subnets(
                                    found(
                                            subnets,
                                            r.subnetIds(),
                                            "InvalidSubnetID.NotFound",
                                            "subnet ID"))
                            .build();
            case DescribeSecurityGroupsRequest r ->
                    DescribeSecurityGroupsResponse.builder()
                            .securityGroups(
                                    found(
                                            groups,
                                            r.groupIds(),
                                            "InvalidGroup.NotFound",
                                            "security group"))
                            .build();
            default -> throw Service.unknown(request);
        };
    }

    private static <T> List<T> found(Map<String, T> all, List<String> ids, String code, String kind)
            throws ServiceError {
        if (ids.isEmpty()) {
            return List.copyOf(all.values());
        }
        List<T> found = new ArrayList<>();
        for (String id : ids) {
            T each = all.get(id);
            if (each == null) {
                throw new ServiceError(400, code, "The %s '%s' does not exist".formatted(kind, id));
            }
            found.add(each);
        }
        return found;
    }
}
