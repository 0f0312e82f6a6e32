package io.armrunner.cli;

import io.armrunner.codebuild.lane.AgentBundle;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes what builds get of this program: the agent out of its own jars, and for images without Java
 * a runtime of the distribution.
 *
 * @param classPath what this program runs from
 * @param home of the distribution; empty when this program is not run from one
 */
record AgentMaker(String classPath, Optional<Path> home) implements AgentBundle.Maker {
    /** That of this process, whose launcher says where the distribution is. */
    static AgentMaker ofProcess() {
        return new AgentMaker(
                System.getProperty("java.class.path"),
                Optional.ofNullable(System.getProperty("armrunner.launcher"))
                        .map(launcher -> Path.of(launcher).resolve("../..").normalize()));
    }

    @Override
    public AgentBundle agent() throws IOException {
        List<Path> jars = new ArrayList<>();
        for (String entry : classPath.split(File.pathSeparator, -1)) {
            if (!entry.endsWith(".jar")) {
                // Classes that no jar holds cannot travel: only a build on this machine can run.
                return AgentBundle.ofClassPath(classPath, AgentMain.class.getName());
            }
            jars.add(Path.of(entry));
        }
        return AgentBundle.ofJars(jars, AgentMain.class.getName());
    }

    @Override
    public Optional<AgentBundle> runtime(String architecture) throws IOException {
        Map<String, Path> found = new LinkedHashMap<>();
        for (Path each : candidates(architecture)) {
            if (Files.isRegularFile(each.resolve("bin/java"))) {
                found.putIfAbsent(isMusl(each) ? "musl" : "glibc", each);
            }
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(AgentBundle.ofRuntimes(found));
    }

    /**
     * Those made for other machines, and the one that this program runs on, if it is of the kind.
     */
    private List<Path> candidates(String architecture) {
        List<Path> all = new ArrayList<>();
        home.ifPresent(directory -> {
            Path others = directory.resolve("runtimes");
            all.add(others.resolve(architecture));
            all.add(others.resolve(architecture + "-musl"));
            String own = System.getProperty("os.arch").replace("amd64", "x86_64");
            if (own.equals(architecture)) {
                all.add(directory.resolve("runtime"));
            }
        });
        return all;
    }

    private static boolean isMusl(Path runtime) {
        return runtime.getFileName() != null && runtime.getFileName().toString().endsWith("-musl");
    }
}
