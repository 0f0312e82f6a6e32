package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.AwsClients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.ec2.model.SecurityGroup;
import software.amazon.awssdk.services.ec2.model.Subnet;

/** Creates an installation, or brings it up to date; doing so twice changes nothing. */
public final class Setup {
    private final Installation installation;
    private final AwsClients clients;
    private final List<Part> parts;

    /**
     * @param clients of the installation's region, with the installer's rights
     */
    public Setup(Installation installation, AwsClients clients) {
        this.installation = installation;
        this.clients = clients;
        this.parts = Parts.of(installation, clients);
    }

    /**
     * One line of what is going to happen.
     *
     * @param verb {@code create}, {@code update} or {@code keep}
     * @param resource what
     * @param details the settings that change; may be empty
     */
    public record PlanLine(String verb, String resource, String details) {
        /** Whether there is anything to do. */
        public boolean isChange() {
            return !verb.equals("keep");
        }

        @Override
        public String toString() {
            return "%-7s %s%s"
                    .formatted(verb, resource, details.isEmpty() ? "" : " (" + details + ")");
        }
    }

    /**
     * What is to be done, after a look at what is there. Changes nothing.
     *
     * @throws SetupException when it cannot be done: a region without arm64 builds, a network that
     *     does not fit, something foreign with one of our names, a missing right
     */
    public List<PlanLine> plan() throws SetupException, InterruptedException {
        if (!ArmRegions.has(installation.region(), installation.size())) {
            throw new SetupException(
                    "CodeBuild has no %s in %s. The nearest regions that have are %s: give one with --region."
                            .formatted(
                                    ArmRegions.what(installation.size()),
                                    installation.region(),
                                    String.join(
                                            ", ",
                                            ArmRegions.near(
                                                    installation.region(), installation.size()))));
        }
        if (installation.network().isPresent()) {
            checkNetwork(installation.network().get());
        }
        List<PlanLine> lines = new ArrayList<>();
        for (Part part : parts) {
            Part.Change change = Parts.attempt("look at the " + part.title(), clients, part::look);
            String verb =
                    switch (change.kind()) {
                        case CREATE -> "create";
                        case UPDATE -> "update";
                        case KEEP -> "keep";
                    };
            lines.add(new PlanLine(verb, part.title(), change.what()));
        }
        return lines;
    }

    /** Does it. What is done before a failure stays; another run goes on from there. */
    public void apply(Consumer<String> progress) throws SetupException, InterruptedException {
        for (Part part : parts) {
            Part.Change change = Parts.attempt("look at the " + part.title(), clients, part::look);
            if (change.kind() != Part.Change.Kind.KEEP) {
                Parts.attempt(
                        "set up the " + part.title(),
                        clients,
                        () -> {
                            part.make();
                            return true;
                        });
                progress.accept("done    " + part.title());
            }
        }
    }

    private void checkNetwork(Installation.Network network)
            throws SetupException, InterruptedException {
        List<Subnet> subnets =
                Parts.attempt(
                        "look at the subnets " + network.subnets(),
                        clients,
                        () ->
                                clients.ec2()
                                        .describeSubnets(r -> r.subnetIds(network.subnets()))
                                        .subnets());
        List<SecurityGroup> groups =
                Parts.attempt(
                        "look at the security groups " + network.securityGroups(),
                        clients,
                        () ->
                                clients.ec2()
                                        .describeSecurityGroups(
                                                r -> r.groupIds(network.securityGroups()))
                                        .securityGroups());
        Map<String, String> strangers =
                java.util.stream.Stream.concat(
                                subnets.stream().map(s -> List.of(s.subnetId(), s.vpcId())),
                                groups.stream().map(g -> List.of(g.groupId(), g.vpcId())))
                        .filter(each -> !each.get(1).equals(network.vpc()))
                        .collect(Collectors.toMap(List::getFirst, List::getLast));
        if (!strangers.isEmpty()) {
            throw new SetupException(
                    "Not in the network %s: %s. All subnets and security groups must be of one network."
                            .formatted(network.vpc(), strangers));
        }
        for (Subnet subnet : subnets) {
            if (Boolean.TRUE.equals(subnet.mapPublicIpOnLaunch())) {
                throw new SetupException(
                        "The subnet %s is a public one. CodeBuild gives builds no public addresses, so they would have no way out: take private subnets with a NAT gateway."
                                .formatted(subnet.subnetId()));
            }
        }
    }
}
