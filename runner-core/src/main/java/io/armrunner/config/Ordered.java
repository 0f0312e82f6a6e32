package io.armrunner.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** An immutable map that keeps the order of the file, which {@code Map.copyOf} does not. */
final class Ordered {
    private Ordered() {}

    static <V> Map<String, V> copyOf(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
