package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.plan.GitUrl;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.JobPlan.Sources.Strategy;
import io.armrunner.spec.FailureReason;
import io.armrunner.spec.GitInfo;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Fetches a job's repositories for a build that cannot: bare, as deep as the job wants them, each
 * below the path that it has on the server, so that addresses of submodules lead to them. Used
 * once, on the job's thread.
 *
 * <p>A directory and no bundle of git: a bundle does not say where a shallow history ends.
 */
final class RelayedSources {
    /** Which addresses the repositories stand for, one a line. */
    private static final String ROOTS = "roots";

    /** A submodule that names itself would never end. */
    private static final int DEEPEST = 20;

    private final JobPlan plan;
    private final Map<String, String> environment;
    private final Path directory;
    private final Set<String> roots = new LinkedHashSet<>();
    private final Set<String> fetched = new LinkedHashSet<>();
    private final List<String> left = new ArrayList<>();

    /**
     * @param environment of git
     * @param directory for the repositories; removed first
     */
    RelayedSources(JobPlan plan, Map<String, String> environment, Path directory) {
        this.plan = plan;
        this.environment = new HashMap<>(environment);
        this.directory = directory;
    }

    /** Whether the job has any. */
    static boolean areWanted(JobPlan plan) {
        Strategy strategy = plan.sources().strategy();
        return strategy == Strategy.FETCH || strategy == Strategy.CLONE;
    }

    /** Where a repository is below the directory of all. */
    static String place(String url) throws JobFailure {
        GitUrl parts =
                GitUrl.parse(url)
                        .filter(GitUrl::isHttp)
                        .orElseThrow(() ->
                                failed(
                                        "a relayed job's sources have to come by http or https, not from "
                                                + GitUrl.clean(url)));
        String path = parts.path();
        while (path.startsWith("/")) {
            path = path.substring(1);
        }
        for (String part : path.split("/", -1)) {
            if (part.equals("..") || part.equals(".")) {
                throw failed("the path of " + GitUrl.clean(url) + " leads elsewhere");
            }
        }
        return path;
    }

    /**
     * Fetches them into a zip file.
     *
     * @return addresses of submodules that are on other servers: the build has to reach these
     *     itself
     * @throws JobFailure in git's words
     */
    List<String> fetch(Path zip) throws JobFailure, IOException, InterruptedException {
        remove(directory);
        Files.createDirectories(directory);
        String url = plan.sources().remoteUrl().value();
        login(url);
        GitInfo git = plan.payload().gitInfo();
        List<String> refs = new ArrayList<>();
        for (String refspec : git.refspecs()) {
            // The build fetches from here what it would have fetched from there.
            String from = refspec.startsWith("+") ? refspec.substring(1) : refspec;
            int colon = from.indexOf(':');
            String source = colon < 0 ? from : from.substring(0, colon);
            // A commit by its number has no name of its own; a ref of that name would hide it.
            boolean named = source.startsWith("refs/");
            refs.add("+" + source + ":" + (named ? source : "refs/armrunner/" + source));
        }
        Path main = repository(url, git.depth(), refs);
        String strategy = plan.job().gitSubmoduleStrategy();
        if (!strategy.equals("none")) {
            int depth =
                    plan.job().gitSubmoduleDepth() > 0
                            ? plan.job().gitSubmoduleDepth()
                            : git.depth();
            submodules(main, GitUrl.clean(url), git.sha(), depth, strategy.equals("recursive"), 0);
        }
        Files.write(directory.resolve(ROOTS), roots, UTF_8);
        pack(zip);
        remove(directory);
        return left;
    }

    /** The job's token goes into git's environment, which other users cannot read. */
    private void login(String url) throws IOException {
        String root = GitUrl.parse(url).map(parts -> parts.root().clean()).orElse("") + "/";
        roots.add(root);
        String login = GitUrl.TOKEN_USER + ":" + plan.payload().token().value();
        List<String> entries = new ArrayList<>();
        entries.add("http." + root + ".extraHeader");
        entries.add(
                "Authorization: Basic "
                        + Base64.getEncoder().encodeToString(login.getBytes(UTF_8)));
        entries.add("credential.helper");
        entries.add("");
        entries.add("gc.auto");
        entries.add("0");
        String authorities = plan.place().tls().caChain();
        if (!authorities.isEmpty()) {
            Path file = Files.writeString(directory.resolveSibling("relay-ca.pem"), authorities);
            entries.add("http." + root + ".sslCAInfo");
            entries.add(file.toString());
        }
        for (int i = 0; i < entries.size(); i += 2) {
            environment.put("GIT_CONFIG_KEY_" + i / 2, entries.get(i));
            environment.put("GIT_CONFIG_VALUE_" + i / 2, entries.get(i + 1));
        }
        environment.put("GIT_CONFIG_COUNT", Integer.toString(entries.size() / 2));
        environment.put("GIT_TERMINAL_PROMPT", "0");
        environment.put("GCM_INTERACTIVE", "Never");
    }

    private Path repository(String url, int depth, List<String> refs)
            throws JobFailure, IOException, InterruptedException {
        Path bare = directory.resolve(place(url));
        if (!Files.exists(bare)) {
            Files.createDirectories(bare.getParent());
            String format = plan.payload().gitInfo().repoObjectFormat();
            List<String> init = new ArrayList<>(List.of("init", "--quiet", "--bare"));
            if (!format.isEmpty()) {
                init.add("--object-format=" + format);
            }
            init.add(bare.toString());
            git(directory, init);
            // A build asks for commits that no branch ends with.
            git(bare, List.of("config", "uploadpack.allowAnySHA1InWant", "true"));
        }
        List<String> fetch = new ArrayList<>(List.of("fetch", "--quiet", "--no-tags"));
        if (depth > 0) {
            fetch.add("--depth=" + depth);
        }
        fetch.add(GitUrl.clean(url));
        fetch.addAll(refs);
        git(bare, fetch);
        return bare;
    }

    private void submodules(
            Path bare, String url, String commit, int depth, boolean deep, int level)
            throws JobFailure, IOException, InterruptedException {
        if (level > DEEPEST) {
            throw failed("submodules are nested deeper than %d levels".formatted(DEEPEST));
        }
        Optional<String> named =
                tried(
                        bare,
                        List.of(
                                "config",
                                "--blob",
                                commit + ":.gitmodules",
                                "--get-regexp",
                                "^submodule\\..*\\.(path|url)$"));
        if (named.isEmpty()) {
            return;
        }
        Map<String, String> settings = new HashMap<>();
        for (String line : named.get().split("\n", -1)) {
            int space = line.indexOf(' ');
            if (space > 0) {
                settings.put(line.substring(0, space), line.substring(space + 1));
            }
        }
        for (Map.Entry<String, String> setting : settings.entrySet()) {
            if (!setting.getKey().endsWith(".url")) {
                continue;
            }
            String name = setting.getKey().substring(0, setting.getKey().length() - 4);
            String path = settings.getOrDefault(name + ".path", "");
            String address = resolved(url, setting.getValue());
            String entry =
                    path.isEmpty() ? "" : tried(bare, List.of("ls-tree", commit, path)).orElse("");
            String[] fields = entry.split("[ \t]", 4);
            if (fields.length < 4 || !fields[1].equals("commit")) {
                continue;
            }
            if (roots.stream().noneMatch(address::startsWith)) {
                left.add(GitUrl.clean(address));
                continue;
            }
            String wanted = fields[2];
            if (fetched.add(address + " " + wanted)) {
                Path other =
                        repository(
                                address,
                                depth,
                                List.of("+" + wanted + ":refs/heads/armrunner-" + wanted));
                git(other, List.of("symbolic-ref", "HEAD", "refs/heads/armrunner-" + wanted));
                if (deep) {
                    submodules(other, address, wanted, depth, true, level + 1);
                }
            }
        }
    }

    /** An address as git reads it in {@code .gitmodules}. */
    static String resolved(String parent, String url) {
        if (!url.startsWith("./") && !url.startsWith("../")) {
            return url;
        }
        String base = parent.endsWith("/") ? parent.substring(0, parent.length() - 1) : parent;
        String rest = url;
        while (true) {
            if (rest.startsWith("../")) {
                rest = rest.substring(3);
                base = base.substring(0, Math.max(0, base.lastIndexOf('/')));
            } else if (rest.startsWith("./")) {
                rest = rest.substring(2);
            } else {
                return base + "/" + rest;
            }
        }
    }

    private void git(Path where, List<String> words)
            throws JobFailure, IOException, InterruptedException {
        Ended ended = run(where, words);
        if (ended.code() != 0) {
            throw failed(
                    "the runner could not fetch the sources for the build: git %s: %s"
                            .formatted(words.getFirst(), ended.errors().strip()));
        }
    }

    private Optional<String> tried(Path where, List<String> words)
            throws JobFailure, IOException, InterruptedException {
        Ended ended = run(where, words);
        return ended.code() == 0 ? Optional.of(ended.output()) : Optional.empty();
    }

    private record Ended(int code, String output, String errors) {}

    private Ended run(Path where, List<String> words)
            throws JobFailure, IOException, InterruptedException {
        Path output = directory.resolveSibling("relay-git.out");
        Path errors = directory.resolveSibling("relay-git.err");
        List<String> command = new ArrayList<>(List.of("git", "-C", where.toString()));
        command.addAll(words);
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectError(errors.toFile())
                        .redirectOutput(output.toFile())
                        .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process git = builder.start();
        Duration limit = plan.timeouts().getSources();
        try {
            if (!git.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failed(
                        "the runner could not fetch the sources for the build within %d s"
                                .formatted(limit.toSeconds()));
            }
            return new Ended(
                    git.exitValue(),
                    Files.readString(output, UTF_8),
                    Files.readString(errors, UTF_8));
        } finally {
            git.descendants().forEach(ProcessHandle::destroyForcibly);
            git.destroyForcibly();
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    private void pack(Path zip) throws IOException {
        try (OutputStream out = Files.newOutputStream(zip);
                ZipOutputStream packed = new ZipOutputStream(out)) {
            // Git's files are compressed.
            packed.setLevel(Deflater.NO_COMPRESSION);
            Files.walkFileTree(
                    directory,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult preVisitDirectory(
                                Path each, BasicFileAttributes attributes) throws IOException {
                            if (!each.equals(directory)) {
                                packed.putNextEntry(new ZipEntry(directory.relativize(each) + "/"));
                                packed.closeEntry();
                            }
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult visitFile(Path each, BasicFileAttributes attributes)
                                throws IOException {
                            packed.putNextEntry(
                                    new ZipEntry(directory.relativize(each).toString()));
                            Files.copy(each, packed);
                            packed.closeEntry();
                            return FileVisitResult.CONTINUE;
                        }
                    });
        }
    }

    private static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        Files.walkFileTree(
                directory,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path each, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(each);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(
                            Path each, java.io.@org.jspecify.annotations.Nullable IOException e)
                            throws IOException {
                        if (e != null) {
                            throw e;
                        }
                        Files.delete(each);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }

    private static JobFailure failed(String why) {
        return new JobFailure(FailureReason.RUNNER_SYSTEM_FAILURE, why);
    }
}
