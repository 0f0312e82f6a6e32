/**
 * Thousands of broken documents: each has to end in the error that is declared for it, or in
 * something that can be used.
 */
@NullMarked
package io.armrunner.fuzz;

import org.jspecify.annotations.NullMarked;
