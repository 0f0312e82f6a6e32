package io.armrunner.protocol;

import java.net.URI;

/**
 * The address of a GitLab and of its runner API (runner-protocol §1.1).
 *
 * @param api ends with {@code /api/v4/}
 */
public record GitLabUrl(URI api) {
    /**
     * Reads the configured {@code url}: trailing slashes and a trailing {@code /ci} do not count.
     *
     * @throws IllegalArgumentException when it is no http or https address
     */
    public static GitLabUrl of(String configured) {
        String url = withoutSlashes(configured.strip());
        if (url.endsWith("/ci")) {
            url = url.substring(0, url.length() - "/ci".length());
        }
        URI uri = URI.create(url + "/api/v4/");
        if (!("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                || uri.getHost() == null) {
            throw new IllegalArgumentException(
                    "url '%s' must look like https://gitlab.example.com: only http and https can be used"
                            .formatted(configured));
        }
        return new GitLabUrl(uri);
    }

    /** The address of a call; {@code path} has no slash in front. */
    public URI call(String path) {
        return api.resolve(path);
    }

    private static String withoutSlashes(String url) {
        int end = url.length();
        while (end > 0 && url.charAt(end - 1) == '/') {
            end--;
        }
        return url.substring(0, end);
    }
}
