/** Tests of the caches, and what tests elsewhere need to run cache stages. */
@NullMarked
package io.armrunner.cache;

import org.jspecify.annotations.NullMarked;
