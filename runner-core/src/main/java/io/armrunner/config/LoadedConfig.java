package io.armrunner.config;

/** A configuration that can be used, and what its author should know about it. */
public record LoadedConfig(Config config, ConfigWarnings warnings) {}
