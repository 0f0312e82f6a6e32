package io.armrunner.spec;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A script around another part of the job (runner-protocol §3.8.7). */
public record Hook(String name, List<String> script) {
    public Hook(@Nullable String name, @Nullable List<@Nullable String> script) {
        this.name = Absent.string(name);
        this.script = Absent.list(script);
    }
}
