package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.ArmRegions;
import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.codebuild.aws.BuildSize;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;

/** Which of several regions to use. */
public final class Regions {
    private Regions() {}

    /**
     * A region that can be used, and why those before it cannot.
     *
     * @param account the number of the account
     */
    public record Choice(AwsPlace place, String account, List<String> passedOver) {
        public Choice {
            passedOver = List.copyOf(passedOver);
        }
    }

    /**
     * The first region of the list that has builds of a size and answers the caller.
     *
     * @param place the account; its region does not matter
     * @param wanted in the user's order
     * @throws SetupException when none does, with each one's reason
     */
    public static Choice choose(AwsPlace place, List<String> wanted, BuildSize size)
            throws SetupException, InterruptedException {
        List<String> passedOver = new ArrayList<>();
        for (String region : wanted) {
            if (!ArmRegions.has(region, size)) {
                passedOver.add(
                        "%s: CodeBuild has no %s there; near it are %s"
                                .formatted(
                                        region,
                                        ArmRegions.what(size),
                                        String.join(", ", ArmRegions.near(region, size))));
                continue;
            }
            AwsPlace there = place.in(region);
            try (AwsClients clients = AwsClients.open(there)) {
                String account = clients.sts().getCallerIdentity().account();
                return new Choice(there, account, passedOver);
            } catch (SdkException e) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("looking for a region");
                }
                passedOver.add(AwsFailure.describe("ask AWS who we are", there, e));
            }
        }
        throw new SetupException(String.join("\n", passedOver));
    }
}
