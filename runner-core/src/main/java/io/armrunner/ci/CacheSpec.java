package io.armrunner.ci;

import io.armrunner.spec.Cache;
import java.util.List;

/**
 * A cache whose key may be made of files ({@code key:files}); {@code files} is empty when the key
 * is a text.
 */
record CacheSpec(Cache cache, String prefix, List<String> files, Position at) {}
