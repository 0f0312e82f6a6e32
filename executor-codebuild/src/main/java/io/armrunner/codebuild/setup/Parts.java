package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import io.armrunner.codebuild.aws.AwsFailure;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;

/** All parts of an installation, and what they have in common. */
final class Parts {
    private Parts() {}

    /** In the order in which they need each other. */
    static List<Part> of(Installation installation, AwsClients clients) {
        return List.of(
                new RolePart(installation, clients),
                new BucketPart(installation, clients),
                new LogPart(installation, clients),
                new ProjectPart(installation, clients));
    }

    static void mustBeOurs(Part part, Installation installation) throws SetupException {
        if (part.presence() == Part.Presence.FOREIGN) {
            throw new SetupException(
                    "The %s is there already and has no tag %s=%s: it stays as it is. Take another --name, or tag it if it is yours."
                            .formatted(part.title(), Installation.TAG, installation.name()));
        }
    }

    /** A call to AWS that may fail. */
    interface Call<T> {
        T run() throws SetupException, InterruptedException;
    }

    /** Makes calls, and says in words what went wrong. */
    static <T> T attempt(String what, AwsClients clients, Call<T> call)
            throws SetupException, InterruptedException {
        try {
            return call.run();
        } catch (SdkException e) {
            if (Thread.interrupted()) {
                throw new InterruptedException(what);
            }
            throw new SetupException(AwsFailure.describe(what, clients.place(), e), e);
        }
    }
}
