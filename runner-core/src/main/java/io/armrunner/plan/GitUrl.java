package io.armrunner.plan;

import java.util.Optional;

/**
 * A repository's URL in its parts: {@code scheme://[user-info@]host[:port]/path}. The text of one
 * never shows its credentials.
 *
 * @param scheme in lower case
 * @param userInfo name and password as they stand in the URL, empty for none
 * @param host host and port
 * @param path with its leading slash; empty for none
 */
public record GitUrl(String scheme, String userInfo, String host, String path) {
    /** The user that GitLab wants beside a job token. */
    public static final String TOKEN_USER = "gitlab-ci-token";

    /** The parts of {@code url}; empty if it is no URL with a scheme. */
    public static Optional<GitUrl> parse(String url) {
        int scheme = url.indexOf("://");
        if (scheme <= 0) {
            return Optional.empty();
        }
        int authority = scheme + 3;
        int path = url.indexOf('/', authority);
        String rest = path < 0 ? "" : url.substring(path);
        String hostAndUser = path < 0 ? url.substring(authority) : url.substring(authority, path);
        int at = hostAndUser.lastIndexOf('@');
        return Optional.of(
                new GitUrl(
                        url.substring(0, scheme).toLowerCase(java.util.Locale.ROOT),
                        at < 0 ? "" : hostAndUser.substring(0, at),
                        hostAndUser.substring(at + 1),
                        rest));
    }

    /** Without credentials. */
    public String clean() {
        return scheme + "://" + host + path;
    }

    /** With everything that was in it: a secret. */
    public String withCredentials() {
        return userInfo.isEmpty() ? clean() : scheme + "://" + userInfo + "@" + host + path;
    }

    /** The same address for the holder of this job token. */
    public GitUrl forToken(String token) {
        return new GitUrl(scheme, TOKEN_USER + ":" + token, host, path);
    }

    /** Scheme and host alone. */
    public GitUrl root() {
        return new GitUrl(scheme, userInfo, host, "");
    }

    /** Whether git would speak HTTP to it. */
    public boolean isHttp() {
        return scheme.equals("http") || scheme.equals("https");
    }

    /** {@code url} without credentials, or as it is if it is no URL with a scheme. */
    public static String clean(String url) {
        return parse(url).map(GitUrl::clean).orElse(url);
    }

    /**
     * Where to fetch from (job-semantics §3.5): the payload's URL, or, with a {@code clone_url},
     * that base with the project's path and the job token.
     */
    public static String remote(String repoUrl, String cloneUrl, String projectPath, String token) {
        if (cloneUrl.isEmpty()) {
            return repoUrl;
        }
        String base =
                cloneUrl.endsWith("/") ? cloneUrl.substring(0, cloneUrl.length() - 1) : cloneUrl;
        String url = base + "/" + projectPath + ".git";
        return parse(url)
                // A directory wants no token.
                .filter(parts -> !parts.scheme().equals("file"))
                .map(parts ->
                        parts.scheme().equals("ssh")
                                ? forUserGit(parts)
                                : parts.forToken(token).withCredentials())
                .orElse(url);
    }

    private static String forUserGit(GitUrl ssh) {
        return new GitUrl(ssh.scheme(), "git", ssh.host(), ssh.path()).withCredentials();
    }

    @Override
    public String toString() {
        return clean();
    }
}
