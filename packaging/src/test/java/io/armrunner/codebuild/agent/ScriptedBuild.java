package io.armrunner.codebuild.agent;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.armrunner.codebuild.handover.HandOver;
import io.armrunner.codebuild.handover.JobKeys;
import io.armrunner.codebuild.handover.Receipt;
import io.armrunner.codebuild.handover.RelayMessage;
import io.armrunner.http.HttpClient;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/** The agent's side of one build's hand-over, without the agent. */
public final class ScriptedBuild {
    private final BuildObjects objects;
    private final JobKeys keys;

    /**
     * @param environment of the build
     */
    public ScriptedBuild(Map<String, String> environment, HttpClient http) {
        keys = new JobKeys(environment.getOrDefault("CODEBUILD_BUILD_ARN", ""));
        objects =
                new BuildObjects(
                        http,
                        new ContainerKeys(http, environment, InstantSource.system()),
                        new BuildObjects.Place(
                                environment.getOrDefault("ARMRUNNER_BUCKET", ""),
                                environment.getOrDefault("AWS_REGION", ""),
                                Optional.ofNullable(environment.get("ARMRUNNER_ENDPOINT"))
                                        .map(URI::create),
                                Optional.empty()),
                        InstantSource.system());
    }

    /** Waits for the build's job and claims it; empty if there is none or it was taken back. */
    public Optional<HandOver> claim(Duration look, int looks)
            throws IOException, InterruptedException {
        for (int i = 0; i < looks; i++) {
            Optional<byte[]> job = objects.get(keys.payload());
            if (job.isPresent()) {
                if (!objects.putOnce(keys.claim(), "agent".getBytes(US_ASCII))) {
                    return Optional.empty();
                }
                objects.delete(keys.payload());
                return Optional.of(HandOver.read(job.get()));
            }
            Thread.sleep(look);
        }
        return Optional.empty();
    }

    /** Writes a message to the manager of a relayed job; they are numbered from 0. */
    public void say(long number, RelayMessage message) throws IOException, InterruptedException {
        objects.put(keys.message(number), message.encoded());
    }

    /** Says how the job ended. */
    public void leave(Receipt receipt) throws IOException, InterruptedException {
        objects.put(keys.receipt(), receipt.json());
    }
}
