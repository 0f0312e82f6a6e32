package io.armrunner.codebuild.lane;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.armrunner.plan.GitUrl;
import io.armrunner.plan.JobPlan;
import io.armrunner.plan.JobPlan.Sources.Strategy;
import io.armrunner.spec.GitInfo;
import io.armrunner.spec.JobFailure;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    /**
     * Which addresses the repositories stand for, one a line; where it is not the directory of all
     * that stands for an address, a tab and the path below it follow.
     */
    private static final String ROOTS = "roots";

    /** A submodule that names itself would never end. */
    private static final int DEEPEST = 20;

    private final JobPlan plan;
    private final Map<String, String> environment;
    private final Path directory;
    private final RelayGit git;
    private final RelayedLargeFiles largeFiles;
    private final Set<String> roots = new LinkedHashSet<>();
    private final Set<String> fetched = new LinkedHashSet<>();
    private final Set<String> places = new LinkedHashSet<>();
    private final List<String> notes = new ArrayList<>();

    /**
     * @param environment of git
     * @param directory for the repositories; removed first
     */
    RelayedSources(JobPlan plan, Map<String, String> environment, Path directory) {
        this.plan = plan;
        this.environment = new HashMap<>(environment);
        this.directory = directory;
        this.git = new RelayGit(this.environment, directory, plan.timeouts().getSources());
        this.largeFiles = new RelayedLargeFiles(git);
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
                                RelayGit.failed(
                                        "a relayed job's sources have to come by http or https, not from "
                                                + GitUrl.clean(url)));
        String path = parts.path();
        while (path.startsWith("/")) {
            path = path.substring(1);
        }
        for (String part : path.split("/", -1)) {
            if (part.equals("..") || part.equals(".")) {
                throw RelayGit.failed("the path of " + GitUrl.clean(url) + " leads elsewhere");
            }
        }
        return path;
    }

    /**
     * Fetches them into a zip file.
     *
     * @return what the job's log should say of them: submodules and large files that are on other
     *     servers, which the build has to reach itself, and what could not be fetched
     * @throws JobFailure in git's words
     */
    List<String> fetch(Path zip) throws JobFailure, IOException, InterruptedException {
        remove(directory);
        Files.createDirectories(directory);
        String url = plan.sources().remoteUrl().value();
        login(url);
        GitInfo info = plan.payload().gitInfo();
        List<String> refs = new ArrayList<>();
        for (String refspec : info.refspecs()) {
            // The build fetches from here what it would have fetched from there.
            String from = refspec.startsWith("+") ? refspec.substring(1) : refspec;
            int colon = from.indexOf(':');
            String source = colon < 0 ? from : from.substring(0, colon);
            // A commit by its number has no name of its own; a ref of that name would hide it.
            boolean named = source.startsWith("refs/");
            refs.add("+" + source + ":" + (named ? source : "refs/armrunner/" + source));
        }
        Path main = repository(url, info.depth(), refs);
        large(main, GitUrl.clean(url), info.sha());
        String strategy = plan.job().gitSubmoduleStrategy();
        if (!strategy.equals("none")) {
            int depth =
                    plan.job().gitSubmoduleDepth() > 0
                            ? plan.job().gitSubmoduleDepth()
                            : info.depth();
            submodules(main, GitUrl.clean(url), info.sha(), depth, strategy.equals("recursive"), 0);
        }
        List<String> lines = new ArrayList<>(roots);
        lines.addAll(places);
        Files.write(directory.resolve(ROOTS), lines, UTF_8);
        pack(zip);
        remove(directory);
        return notes;
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
            git.must(directory, init);
            // A build asks for commits that no branch ends with.
            git.must(bare, List.of("config", "uploadpack.allowAnySHA1InWant", "true"));
        }
        List<String> fetch = new ArrayList<>(List.of("fetch", "--quiet", "--no-tags"));
        if (depth > 0) {
            fetch.add("--depth=" + depth);
        }
        fetch.add(GitUrl.clean(url));
        fetch.addAll(refs);
        git.must(bare, fetch);
        return bare;
    }

    /** Fetches the large files of a commit, unless the job wants none. */
    private void large(Path bare, String url, String commit)
            throws JobFailure, IOException, InterruptedException {
        if (plan.job().gitLfsSkipSmudge()) {
            return;
        }
        switch (largeFiles.fetch(bare, url, commit, this::isOurs)) {
            case RelayedLargeFiles.None _ -> {}
            case RelayedLargeFiles.Fetched(String address) ->
                    places.add(address + "\t" + directory.relativize(bare));
            case RelayedLargeFiles.Left(String why) -> notes.add(why);
        }
    }

    private boolean isOurs(String address) {
        return roots.stream().anyMatch(address::startsWith);
    }

    private void submodules(
            Path bare, String url, String commit, int depth, boolean deep, int level)
            throws JobFailure, IOException, InterruptedException {
        if (level > DEEPEST) {
            throw RelayGit.failed("submodules are nested deeper than %d levels".formatted(DEEPEST));
        }
        Optional<String> named =
                git.tried(
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
                    path.isEmpty()
                            ? ""
                            : git.tried(bare, List.of("ls-tree", commit, path)).orElse("");
            String[] fields = entry.split("[ \t]", 4);
            if (fields.length < 4 || !fields[1].equals("commit")) {
                continue;
            }
            if (!isOurs(address)) {
                notes.add(
                        "the submodule at " + GitUrl.clean(address) + " is for the build to fetch");
                continue;
            }
            String wanted = fields[2];
            if (fetched.add(address + " " + wanted)) {
                Path other =
                        repository(
                                address,
                                depth,
                                List.of("+" + wanted + ":refs/heads/armrunner-" + wanted));
                git.must(other, List.of("symbolic-ref", "HEAD", "refs/heads/armrunner-" + wanted));
                large(other, address, wanted);
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
}
