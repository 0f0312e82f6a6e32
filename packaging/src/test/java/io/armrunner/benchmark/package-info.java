@NullMarked
package io.armrunner.benchmark;

import org.jspecify.annotations.NullMarked;
