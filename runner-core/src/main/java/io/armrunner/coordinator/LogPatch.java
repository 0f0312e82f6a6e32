package io.armrunner.coordinator;

import java.time.Instant;

/**
 * One stored piece of a job's log.
 *
 * @param at when it was stored
 * @param offset the position of its first byte
 * @param length its number of bytes
 * @param debugTrace what the query's {@code debug_trace} said
 */
public record LogPatch(Instant at, long offset, int length, boolean debugTrace) {}
