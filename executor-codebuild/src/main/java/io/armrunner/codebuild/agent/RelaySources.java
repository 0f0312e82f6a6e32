package io.armrunner.codebuild.agent;

import io.armrunner.http.HttpReply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * The repositories that the manager has fetched for a build that cannot, and git's orders to take
 * them for GitLab's.
 */
final class RelaySources {
    /**
     * Which addresses the repositories stand for, one a line; behind a tab the path of the one that
     * does, if it is not all of them.
     */
    private static final String ROOTS = "roots";

    private RelaySources() {}

    /**
     * Unpacks them.
     *
     * @param to a directory that is not there yet, of which the payload knows
     * @return environment variables for all that runs git
     */
    static Map<String, String> unpack(BuildObjects objects, String key, Path to)
            throws IOException, InterruptedException {
        Optional<HttpReply> reply = objects.open(key);
        if (reply.isEmpty()) {
            // A job without sources has none.
            return Map.of();
        }
        try (HttpReply zip = reply.get();
                ZipInputStream in = new ZipInputStream(zip.body())) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                Path file = to.resolve(entry.getName()).normalize();
                if (!file.startsWith(to)) {
                    throw new IOException("the sources have a file outside: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(file);
                } else {
                    Files.createDirectories(file.getParent());
                    Files.copy(in, file);
                }
            }
        }
        List<String> roots = Files.readAllLines(to.resolve(ROOTS), StandardCharsets.UTF_8);
        Map<String, String> environment = new LinkedHashMap<>();
        int count = 0;
        for (String root : roots) {
            int tab = root.indexOf('\t');
            String place = to + "/" + (tab < 0 ? "" : root.substring(tab + 1));
            environment.put("GIT_CONFIG_KEY_" + count, "url.file://" + place + ".insteadOf");
            environment.put("GIT_CONFIG_VALUE_" + count, tab < 0 ? root : root.substring(0, tab));
            count++;
        }
        environment.put("GIT_CONFIG_KEY_" + count, "protocol.file.allow");
        environment.put("GIT_CONFIG_VALUE_" + count, "always");
        environment.put("GIT_CONFIG_COUNT", Integer.toString(count + 1));
        return Map.copyOf(environment);
    }
}
