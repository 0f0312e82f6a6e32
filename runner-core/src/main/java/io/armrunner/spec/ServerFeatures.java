package io.armrunner.spec;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the server can do (runner-protocol §3.8.13). */
public record ServerFeatures(
        @JsonProperty("trace_sections") boolean traceSections,
        @JsonProperty("failure_reasons") List<String> failureReasons,
        @JsonProperty("token_mask_prefixes") List<String> tokenMaskPrefixes) {
    /** What stands for an absent one. */
    public static final ServerFeatures EMPTY = new ServerFeatures(false, null, null);

    public ServerFeatures(
            @JsonProperty("trace_sections") boolean traceSections,
            @JsonProperty("failure_reasons") @Nullable List<@Nullable String> failureReasons,
            @JsonProperty("token_mask_prefixes")
                    @Nullable List<@Nullable String> tokenMaskPrefixes) {
        this.traceSections = traceSections;
        this.failureReasons = Absent.list(failureReasons);
        this.tokenMaskPrefixes = Absent.list(tokenMaskPrefixes);
    }
}
