package io.armrunner.codebuild.fake;

import io.armrunner.codebuild.aws.AwsPlace;
import io.armrunner.spec.Secret;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Who has which key. Thread-safe. */
final class Principals {
    private record Entry(AwsPlace.Keys keys, Supplier<Caller> caller, BooleanSupplier valid) {}

    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final Names names;

    Principals(Names names) {
        this.names = names;
    }

    /** A key of a user, which does not end. */
    AwsPlace.Keys user(Supplier<Caller> caller) {
        return add(
                new AwsPlace.Keys("AKIA" + names.upper(16), Secret.of(names.word(40)), Secret.NONE),
                caller,
                () -> true);
    }

    /**
     * The key of a session.
     *
     * @param valid whether it still lives
     */
    AwsPlace.Keys session(Supplier<Caller> caller, BooleanSupplier valid) {
        return add(
                new AwsPlace.Keys(
                        "ASIA" + names.upper(16),
                        Secret.of(names.word(40)),
                        Secret.of(names.word(120))),
                caller,
                valid);
    }

    private AwsPlace.Keys add(AwsPlace.Keys keys, Supplier<Caller> caller, BooleanSupplier valid) {
        entries.put(keys.accessKey(), new Entry(keys, caller, valid));
        return keys;
    }

    /** The caller behind a signature that holds. */
    Caller verified(
            Optional<Signature> signature,
            String method,
            String path,
            String rawQuery,
            Map<String, String> headers,
            Optional<String> bodyHash,
            Instant now)
            throws ServiceError {
        if (signature.isEmpty()) {
            throw new ServiceError(
                    403, "MissingAuthenticationTokenException", "Missing Authentication Token");
        }
        @Nullable Entry entry = entries.get(signature.get().accessKey());
        boolean rightToken =
                entry != null
                        && entry.keys().token().value().equals(signature.get().token().orElse(""));
        if (entry == null || !rightToken) {
            throw new ServiceError(
                    403,
                    "UnrecognizedClientException",
                    "The security token included in the request is invalid.");
        }
        signature
                .get()
                .verify(
                        entry.keys().secretKey().value(),
                        method,
                        path,
                        rawQuery,
                        headers,
                        bodyHash,
                        now);
        if (!entry.valid().getAsBoolean()) {
            throw new ServiceError(
                    400,
                    "ExpiredTokenException",
                    "The security token included in the request is expired");
        }
        return entry.caller().get();
    }
}
