package io.armrunner.spec;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What stands for a value that the server left out or sent as {@code null}. */
final class Absent {
    private Absent() {}

    static String string(@Nullable String value) {
        return value == null ? "" : value;
    }

    static Secret secret(@Nullable Secret value) {
        return value == null ? Secret.NONE : value;
    }

    /** The list without its nulls; empty when there is none. */
    static <T> List<T> list(@Nullable List<@Nullable T> value) {
        return value == null ? List.of() : value.stream().filter(Objects::nonNull).toList();
    }

    /** The map in its order, without null values; empty when there is none. */
    static <T> Map<String, T> map(@Nullable Map<String, @Nullable T> value) {
        if (value == null) {
            return Map.of();
        }
        Map<String, T> known = new LinkedHashMap<>();
        value.forEach((key, item) -> {
            if (item != null) {
                known.put(key, item);
            }
        });
        return Collections.unmodifiableMap(known);
    }
}
