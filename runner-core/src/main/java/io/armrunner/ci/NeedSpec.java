package io.armrunner.ci;

import java.util.List;
import java.util.Map;

/**
 * One entry of {@code needs} as the file has it; {@code matrix} chooses instances by their
 * variables, all when empty.
 */
record NeedSpec(
        String job,
        boolean artifacts,
        boolean optional,
        List<Map<String, List<String>>> matrix,
        Position at) {}
