package io.armrunner.coordinator;

import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One runner that the coordinator knows, with its managers. Thread-safe: its state is guarded by
 * the books' lock.
 */
public final class CoordinatorRunner {
    /** A process that runs under the token, as it was when first seen. */
    private record Manager(Set<String> features, Instant frozenUntil) {}

    private final Books books;
    private final long id;
    private final RunnerSpec spec;
    private final Map<String, Manager> managers = new HashMap<>();
    private Secret token;
    private boolean paused;
    private String queueValue;

    CoordinatorRunner(Books books, long id, RunnerSpec spec, Secret token, boolean paused) {
        this.books = books;
        this.id = id;
        this.spec = spec;
        this.token = token;
        this.paused = paused;
        this.queueValue = books.hex(32);
    }

    /** GitLab's number of it. */
    public long id() {
        return id;
    }

    /** Its description and tags. */
    public RunnerSpec spec() {
        return spec;
    }

    /** The token that works now; a reset changes it. */
    public Secret token() {
        return books.locked(() -> token);
    }

    /** The system ids of the managers seen. */
    public Set<String> systemIds() {
        return books.locked(() -> Set.copyOf(managers.keySet()));
    }

    /**
     * The features that stand for a manager, whatever its later calls said; empty when it was never
     * seen.
     */
    public Optional<Set<String>> features(String systemId) {
        return books.locked(
                () -> Optional.ofNullable(managers.get(systemId)).map(Manager::features));
    }

    /** Pauses it, or lets it go on: a paused runner gets no job. */
    public void pause(boolean pause) {
        books.change(() -> {
            paused = pause;
            queueValue = books.hex(32);
        });
    }

    /** Makes its token invalid, as deleting the runner does. */
    public void revoke() {
        books.change(() -> books.forget(this));
    }

    /** Gives it another token at once, as the button of the web page does. */
    public Secret rotateToken() {
        return books.locked(() -> books.rotate(this));
    }

    boolean isPaused() {
        return paused;
    }

    Secret currentToken() {
        return token;
    }

    void replaceToken(Secret replacement) {
        token = replacement;
    }

    String queueValue() {
        return queueValue;
    }

    void bump() {
        queueValue = books.hex(32);
    }

    /**
     * Notes a call of a manager; what it can do is written down at most once in {@code freeze}
     * (§2.1).
     */
    void contacted(String systemId, Set<String> features, Instant now, java.time.Duration freeze) {
        Manager known = managers.get(systemId);
        if (known == null || !now.isBefore(known.frozenUntil())) {
            managers.put(systemId, new Manager(Set.copyOf(features), now.plus(freeze)));
        }
    }

    boolean removeManager(String systemId) {
        return managers.remove(systemId) != null;
    }

    boolean cancelsGracefully(String systemId) {
        Manager manager = managers.get(systemId);
        return manager != null && manager.features().contains("cancel_gracefully");
    }

    boolean takes(Set<String> tags) {
        return tags.isEmpty() ? spec.runUntagged() : Set.copyOf(spec.tags()).containsAll(tags);
    }
}
