package io.armrunner.git;

import io.armrunner.plan.GitUrl;
import io.armrunner.plan.JobPlan;
import io.armrunner.shell.ShellText;
import io.armrunner.variables.FeatureFlag;
import io.armrunner.variables.JobVariables;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * The text of the one git configuration file that knows the job token (job-semantics §3.4), and of
 * the two files that lead git to it.
 */
final class ExternalConfig {
    static final String NAME = ".gitlab-runner.ext.conf";
    static final String GLOBAL_NAME = ".glr.gconf";

    private static final int SSH_PORT = 22;

    private final JobPlan plan;
    private final StringBuilder text = new StringBuilder(1024);

    private ExternalConfig(JobPlan plan) {
        this.plan = plan;
    }

    static String path(JobPlan plan) {
        return plan.directories().temp() + "/" + NAME;
    }

    static String globalPath(JobPlan plan) {
        return plan.directories().temp() + "/" + GLOBAL_NAME;
    }

    /** The file with the credentials. */
    static String of(JobPlan plan) {
        return new ExternalConfig(plan).write();
    }

    /** What a fresh repository starts with: no secret, but the way to the file that has them. */
    static String template(JobPlan plan, String cleanUrl) {
        StringBuilder text = new StringBuilder(512);
        entry(text, "init", "", "defaultBranch", "none");
        entry(text, "fetch", "", "recurseSubmodules", "false");
        entry(text, "credential", "", "interactive", "never");
        entry(text, "gc", "", "autoDetach", "false");
        entry(text, "include", "", "path", path(plan));
        // Written here instead of by "git remote add": a process less.
        entry(text, "remote", "origin", "url", cleanUrl);
        text.append("\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
        return text.toString();
    }

    /**
     * The user's own configuration and ours, for stages that run git outside the working copy too.
     */
    static String global(JobPlan plan) {
        StringBuilder text = new StringBuilder();
        entry(text, "include", "", "path", "~/.config/git/config");
        entry(text, "include", "", "path", "~/.gitconfig");
        entry(text, "include", "", "path", path(plan));
        return text.toString();
    }

    /** A value as git itself writes it into a configuration file. */
    static String value(String value) {
        boolean plain = true;
        for (int i = 0; i < value.length() && plain; i++) {
            plain = ";#\"\\\n\t".indexOf(value.charAt(i)) < 0;
        }
        if (plain && value.equals(value.strip())) {
            return value;
        }
        return "\"" + escape(value).replace("\n", "\\n").replace("\t", "\\t") + "\"";
    }

    private String write() {
        if (!inEnvironment()) {
            text.append("#password ").append(plan.payload().token().value()).append('\n');
        }
        String correlationId = plan.place().correlationId();
        if (plan.flags().isOn(FeatureFlag.FF_USE_GITALY_CORRELATION_ID)
                && !correlationId.isEmpty()) {
            entry("http", "", "extraHeader", "X-Gitaly-Correlation-ID: " + correlationId);
        }
        if (plan.flags().isOn(FeatureFlag.FF_USE_GIT_BUNDLE_URIS)) {
            entry("transfer", "", "bundleURI", "true");
        }
        for (String host : hosts()) {
            tls(host);
            if (plan.flags().isOn(FeatureFlag.FF_USE_GIT_PROACTIVE_AUTH)) {
                entry("http", host, "proactiveAuth", "basic");
            }
            // An empty helper drops those of the user for this host: none of them may keep a job
            // token, or answer in its place.
            entry("credential", host, "helper", "");
            entry("credential", host, "username", GitUrl.TOKEN_USER);
            entry("credential", host, "helper", helper());
        }
        rewrites().forEach((without, with) -> entry("url", with, "insteadOf", without));
        return text.toString();
    }

    /** Whether no file may know the token: the helper takes it from the job's variables then. */
    private boolean inEnvironment() {
        return plan.flags().isOn(FeatureFlag.FF_GIT_URLS_WITHOUT_TOKENS);
    }

    /**
     * Tells git the password, out of this file's first line. In a URL it would be among the
     * arguments of the processes that git starts, for everybody on the host to see.
     */
    private String helper() {
        String answer =
                inEnvironment()
                        ? "printf 'password=%s\\n' \"$CI_JOB_TOKEN\""
                        : "read -r _ password <"
                                + ShellText.quote(path(plan))
                                + " && printf 'password=%s\\n' \"$password\"";
        return "!f() { if [ \"$1\" = get ]; then " + answer + "; fi; }; f";
    }

    private void tls(String host) {
        JobVariables variables = plan.variables();
        tlsKey(host, "sslCAInfo", variables.get("CI_SERVER_TLS_CA_FILE"));
        tlsKey(host, "sslCert", variables.get("CI_SERVER_TLS_CERT_FILE"));
        tlsKey(host, "sslKey", variables.get("CI_SERVER_TLS_KEY_FILE"));
    }

    private void tlsKey(String host, String key, String file) {
        if (!file.isEmpty()) {
            entry("http", host, key, file);
        }
    }

    /** Scheme and host of every HTTP address of this GitLab. */
    private Set<String> hosts() {
        Set<String> hosts = new LinkedHashSet<>();
        for (String url : new String[] {remote(), base(), repoUrl()}) {
            GitUrl.parse(url)
                    .filter(GitUrl::isHttp)
                    .ifPresent(parts -> hosts.add(parts.root().clean()));
        }
        return hosts;
    }

    /** What git takes for another address; each address once. */
    private Map<String, String> rewrites() {
        Map<String, String> rewrites = new LinkedHashMap<>();
        String own = GitUrl.TOKEN_USER + ":" + plan.payload().token().value();
        // Credentials that are not the job's can only have been put there on purpose.
        GitUrl.parse(remote())
                .filter(GitUrl::isHttp)
                .filter(url -> !url.userInfo().isEmpty() && !url.userInfo().equals(own))
                .ifPresent(url -> rewrites.put(url.clean(), url.withCredentials()));
        if (plan.job().gitSubmoduleForceHttps()) {
            GitUrl.parse(base())
                    .filter(GitUrl::isHttp)
                    .ifPresent(url -> forceHttps(url.clean(), rewrites));
        }
        return rewrites;
    }

    private void forceHttps(String base, Map<String, String> rewrites) {
        String sshHost = plan.variables().content("CI_SERVER_SHELL_SSH_HOST");
        String host = sshHost.isEmpty() ? plan.variables().content("CI_SERVER_HOST") : sshHost;
        String port = plan.variables().content("CI_SERVER_SHELL_SSH_PORT");
        if (host.isEmpty()) {
            return;
        }
        if (port.isEmpty() || port.equals(Integer.toString(SSH_PORT))) {
            rewrites.putIfAbsent("git@" + host + ":", base + "/");
            rewrites.putIfAbsent("ssh://git@" + host, base);
        } else {
            rewrites.putIfAbsent("ssh://git@" + host + ":" + port, base);
        }
    }

    private String remote() {
        return plan.sources().remoteUrl().value();
    }

    private String repoUrl() {
        return plan.payload().gitInfo().repoUrl().value();
    }

    private String base() {
        String cloneUrl = plan.settings().cloneUrl();
        String base = cloneUrl.isEmpty() ? plan.settings().url() : cloneUrl;
        return base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    }

    private void entry(String section, String subsection, String key, String value) {
        entry(text, section, subsection, key, value);
    }

    private static void entry(
            StringBuilder text, String section, String subsection, String key, String value) {
        text.append('[').append(section);
        if (!subsection.isEmpty()) {
            text.append(" \"").append(escape(subsection)).append('"');
        }
        text.append("]\n\t").append(key).append(" = ").append(value(value)).append('\n');
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"");
    }
}
