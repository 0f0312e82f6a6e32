/**
 * Tests of the project itself: the packages keep to the table of imports in the documents, the list
 * of proven statements is up to date, and the built launcher works. They read the checkout they run
 * in.
 */
@NullMarked
package io.armrunner.build;

import org.jspecify.annotations.NullMarked;
