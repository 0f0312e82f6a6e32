/**
 * What tests of several modules share: readers of what the runner produced, and the like. Never
 * part of the product.
 */
@NullMarked
package io.armrunner.testing;

import org.jspecify.annotations.NullMarked;
