package io.armrunner.codebuild.setup;

import io.armrunner.codebuild.aws.AwsClients;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Removes an installation: what carries its tag, and nothing else. */
public final class Teardown {
    private final AwsClients clients;
    private final List<Part> parts;
    private final ProjectPart project;

    public Teardown(Installation installation, AwsClients clients) {
        this.clients = clients;
        this.project = new ProjectPart(installation, clients);
        // A project goes before the role it uses.
        this.parts = Parts.of(installation, clients).reversed();
    }

    /**
     * What would go and what stays because it does not carry the tag.
     *
     * @param verb {@code delete} or {@code leave}
     */
    public record PlanLine(String verb, String resource) {
        @Override
        public String toString() {
            return "%-7s %s%s"
                    .formatted(verb, resource, verb.equals("leave") ? " (not tagged as ours)" : "");
        }
    }

    /**
     * What is there. Changes nothing.
     *
     * @throws SetupException when builds are running, or a right is missing
     */
    public List<PlanLine> plan() throws SetupException, InterruptedException {
        List<String> running = Parts.attempt("look for running builds", clients, project::running);
        if (!running.isEmpty()) {
            throw new SetupException(
                    "%d builds of the project are running, %s first. Stop the runner and wait for them, or stop them: aws codebuild stop-build --id ID."
                            .formatted(running.size(), running.getFirst()));
        }
        List<PlanLine> lines = new ArrayList<>();
        for (Part part : parts) {
            switch (presence(part)) {
                case OURS -> lines.add(new PlanLine("delete", part.title()));
                case FOREIGN -> lines.add(new PlanLine("leave", part.title()));
                case ABSENT -> {}
            }
        }
        return lines;
    }

    /** Deletes it. What was deleted before a failure is gone; another run goes on from there. */
    public void apply(Consumer<String> progress) throws SetupException, InterruptedException {
        for (Part part : parts) {
            if (presence(part) == Part.Presence.OURS) {
                Parts.attempt(
                        "delete the " + part.title(),
                        clients,
                        () -> {
                            part.remove();
                            return true;
                        });
                progress.accept("deleted " + part.title());
            }
        }
    }

    private Part.Presence presence(Part part) throws SetupException, InterruptedException {
        return Parts.attempt("look at the " + part.title(), clients, part::presence);
    }
}
