package io.armrunner.spec;

import org.jspecify.annotations.Nullable;

/** A log-in that GitLab lends the job (runner-protocol §3.8.11). */
public record Credentials(String type, String url, String username, Secret password) {
    public Credentials(
            @Nullable String type,
            @Nullable String url,
            @Nullable String username,
            @Nullable Secret password) {
        this.type = Absent.string(type);
        this.url = Absent.string(url);
        this.username = Absent.string(username);
        this.password = Absent.secret(password);
    }
}
