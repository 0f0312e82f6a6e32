/**
 * The only place that touches the HTTP library: a blocking client and a small server, both on the
 * same event loops.
 *
 * <p>Callers run on virtual threads and see plain blocking calls; event loops of Netty only move
 * bytes. Why this library: {@code docs/decisions}.
 */
@NullMarked
package io.armrunner.http;

import org.jspecify.annotations.NullMarked;
