package io.armrunner.config;

/**
 * One key.
 *
 * @param path where it is, such as {@code runners.docker.image}, in GitLab Runner's spelling
 * @param type what its value may be
 * @param hasEffect whether armrunner acts on it; a table's mark stands for all in it
 */
public record ConfigKey(String path, KeyType type, boolean hasEffect) {
    /** The last part of the path. */
    public String name() {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    String parent() {
        int dot = path.lastIndexOf('.');
        return dot < 0 ? "" : path.substring(0, dot);
    }
}
