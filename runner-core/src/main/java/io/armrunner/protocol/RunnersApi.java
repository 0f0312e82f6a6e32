package io.armrunner.protocol;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.armrunner.http.HttpReply;
import io.armrunner.http.HttpRequest;
import io.armrunner.spec.Secret;
import io.armrunner.spec.Wire;
import java.io.IOException;
import java.util.Optional;

/**
 * The calls of a runner's life: register, verify, rotate the token, leave (runner-protocol §2.3,
 * §2.4).
 *
 * <p>Used by the commands and by the manager; thread-safe, each call blocks its thread and passes
 * through the retry layer. An {@link IOException} means that no answer came.
 */
public final class RunnersApi {
    /** What the tokens of runners begin with that were made in the UI or by the API. */
    private static final String CREATED = "glrt-";

    private final RetryingCaller caller;
    private final GitLabUrl url;
    private final RawValue info;

    public RunnersApi(RetryingCaller caller, GitLabUrl url, ManagerInfo info) {
        this.caller = caller;
        this.url = url;
        this.info = info.wire();
    }

    /** Registers a runner the old way, {@code POST /runners}. */
    public RegisterReply register(Secret registrationToken, Registration wanted)
            throws IOException, InterruptedException {
        ObjectNode body = body(registrationToken);
        body.putRawValue("info", info);
        put(body, "description", wanted.description());
        put(body, "maintenance_note", wanted.maintenanceNote());
        put(body, "tag_list", String.join(",", wanted.tags()));
        body.put("run_untagged", wanted.runUntagged()).put("locked", wanted.locked());
        put(body, "access_level", wanted.accessLevel());
        wanted.maximumTimeout().ifPresent(seconds -> body.put("maximum_timeout", seconds));
        body.put("paused", wanted.paused());
        HttpRequest request =
                accepting(request("POST", "runners", body))
                        .with("RUNNER-TOKEN", registrationToken.value());
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            HttpReply reply = outcome.reply();
            return switch (reply.status()) {
                case 201 -> registered(reply);
                case 403 -> new RegisterReply.Forbidden(ErrorBody.read(reply));
                case 410 -> new RegisterReply.TokensDisabled(ErrorBody.read(reply));
                default -> new RegisterReply.Failed(reply.status(), ErrorBody.read(reply));
            };
        }
    }

    /**
     * Asks whether a token is valid. Makes the runner's manager known to GitLab, with all its
     * features.
     */
    public VerifyReply verify(Secret token, SystemId systemId)
            throws IOException, InterruptedException {
        ObjectNode body = body(token);
        body.putRawValue("info", info);
        body.put("system_id", systemId.value());
        HttpRequest request =
                request("POST", "runners/verify", body).with("RUNNER-TOKEN", token.value());
        try (RetryingCaller.Outcome outcome = caller.call(accepting(request))) {
            HttpReply reply = outcome.reply();
            if (reply.status() != 200) {
                return refused(reply);
            }
            Optional<RunnerRecord> runner = RunnerRecord.read(reply);
            if (runner.isPresent()) {
                return valid(runner.get());
            }
        }
        // Old servers answer with the text "200": the call is repeated, and the status is all.
        try (RetryingCaller.Outcome outcome = caller.call(request)) {
            HttpReply reply = outcome.reply();
            return reply.status() == 200 ? new VerifyReply.Alive() : refused(reply);
        }
    }

    /**
     * Leaves GitLab: one manager of a {@code glrt-} runner, which others may share, or else the
     * runner itself.
     */
    public LeaveReply unregister(Secret token, SystemId systemId)
            throws IOException, InterruptedException {
        return isShared(token) ? unregisterManager(token, systemId) : deleteRunner(token);
    }

    /** Drops one manager of a runner; the runner stays. */
    public LeaveReply unregisterManager(Secret token, SystemId systemId)
            throws IOException, InterruptedException {
        ObjectNode body = body(token).put("system_id", systemId.value());
        return leave(token, request("DELETE", "runners/managers", body));
    }

    /**
     * Deletes a runner with all its managers.
     *
     * @throws IllegalArgumentException for a {@code glrt-} token: only its managers may leave
     */
    public LeaveReply deleteRunner(Secret token) throws IOException, InterruptedException {
        if (isShared(token)) {
            throw new IllegalArgumentException(
                    "a runner with a glrt- token is deleted in GitLab's UI: here only its manager can be unregistered");
        }
        return leave(token, request("DELETE", "runners", body(token)));
    }

    /** Replaces a token by a new one; the old one is dead when GitLab has answered. */
    public ResetReply resetToken(Secret token) throws IOException, InterruptedException {
        return reset(request("POST", "runners/reset_authentication_token", body(token)));
    }

    /**
     * The same for a runner whose token is lost or over, by a user's personal access token.
     *
     * @param runner GitLab's id
     */
    public ResetReply resetToken(long runner, Secret personalAccessToken)
            throws IOException, InterruptedException {
        return reset(
                HttpRequest.of(
                                "POST",
                                url.call("runners/" + runner + "/reset_authentication_token"))
                        .with("PRIVATE-TOKEN", personalAccessToken.value()));
    }

    private ResetReply reset(HttpRequest request) throws IOException, InterruptedException {
        try (RetryingCaller.Outcome outcome = caller.call(accepting(request))) {
            HttpReply reply = outcome.reply();
            return switch (reply.status()) {
                case 201 -> replaced(reply);
                case 403 -> new ResetReply.Forbidden(ErrorBody.read(reply));
                default -> new ResetReply.Failed(reply.status(), ErrorBody.read(reply));
            };
        }
    }

    /** Whether the runner of this token may have managers elsewhere. */
    public static boolean isShared(Secret token) {
        return token.value().startsWith(CREATED);
    }

    private LeaveReply leave(Secret token, HttpRequest request)
            throws IOException, InterruptedException {
        HttpRequest sent = request.with("RUNNER-TOKEN", token.value());
        try (RetryingCaller.Outcome outcome = caller.call(sent)) {
            HttpReply reply = outcome.reply();
            return reply.status() == 204
                    ? new LeaveReply.Left()
                    : new LeaveReply.Refused(reply.status(), ErrorBody.read(reply));
        }
    }

    private static RegisterReply registered(HttpReply reply) throws IOException {
        Optional<RunnerRecord> runner = RunnerRecord.read(reply).filter(RunnerRecord::hasToken);
        return runner.isEmpty()
                ? new RegisterReply.Failed(-1, "a new runner without a readable token")
                : new RegisterReply.Registered(
                        runner.get().id(), runner.get().token(), runner.get().expiresAt());
    }

    private static ResetReply replaced(HttpReply reply) throws IOException {
        Optional<RunnerRecord> runner = RunnerRecord.read(reply).filter(RunnerRecord::hasToken);
        return runner.isEmpty()
                ? new ResetReply.Failed(-1, "a new token that cannot be read")
                : new ResetReply.Replaced(runner.get().token(), runner.get().expiresAt());
    }

    private static VerifyReply valid(RunnerRecord runner) {
        return runner.id() > 0
                ? new VerifyReply.Valid(runner.id(), runner.expiresAt())
                : new VerifyReply.Alive();
    }

    private static VerifyReply refused(HttpReply reply) {
        String message = ErrorBody.read(reply);
        return reply.status() == 403
                ? new VerifyReply.Forbidden(message)
                : new VerifyReply.Failed(reply.status(), message);
    }

    private static ObjectNode body(Secret token) {
        return Wire.mapper().createObjectNode().put("token", token.value());
    }

    private HttpRequest request(String method, String path, ObjectNode body) {
        return HttpRequest.of(method, url.call(path))
                .with("Content-Type", "application/json")
                .with(Wire.bytes(body));
    }

    private static HttpRequest accepting(HttpRequest request) {
        return request.with("Accept", "application/json");
    }

    private static void put(ObjectNode target, String key, String value) {
        if (!value.isEmpty()) {
            target.put(key, value);
        }
    }
}
