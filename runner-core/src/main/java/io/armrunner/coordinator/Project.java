package io.armrunner.coordinator;

import java.net.URI;
import java.nio.file.Path;

/**
 * A repository that the coordinator serves.
 *
 * @param id its number, as {@code CI_PROJECT_ID}
 * @param path its full path without {@code .git}, such as {@code group/app}
 * @param repository a bare repository, or a working tree with its {@code .git}
 * @param writable whether a push is taken; reading never changes the repository
 */
public record Project(long id, String path, Path repository, boolean writable) {
    /** The last part of the path. */
    public String name() {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    /** All of the path but its last part. */
    public String namespace() {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? path : path.substring(0, slash);
    }

    /** Where git finds it at a coordinator, without credentials. */
    public URI gitUrl(URI coordinator) {
        return coordinator.resolve("/" + path + ".git");
    }
}
