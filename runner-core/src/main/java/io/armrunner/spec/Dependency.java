package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * An earlier job whose artifacts this one gets (runner-protocol §3.8.12); an empty {@code
 * artifactsFile.filename} means there are none.
 */
public record Dependency(
        long id,
        String name,
        Secret token,
        @JsonProperty("artifacts_file") ArtifactsFile artifactsFile) {
    public Dependency(
            long id,
            @Nullable String name,
            @Nullable Secret token,
            @JsonProperty("artifacts_file") @Nullable ArtifactsFile artifactsFile) {
        this.id = id;
        this.name = Absent.string(name);
        this.token = Absent.secret(token);
        this.artifactsFile = artifactsFile == null ? ArtifactsFile.EMPTY : artifactsFile;
    }
}
