package io.armrunner.benchmark;

/**
 * One measured value.
 *
 * @param key its name, for the table and for programs; ends with the unit
 * @param value how much
 */
record Figure(String key, double value) {}
