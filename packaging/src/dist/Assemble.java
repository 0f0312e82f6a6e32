import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.StackMapsOption;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodBuilder;
import java.lang.classfile.MethodElement;
import java.lang.classfile.MethodModel;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Puts the distribution together in target/armrunner; Maven runs it as a single-file program with
 * the JDK that compiled the code, because that JDK's jlink makes the runtime.
 *
 * <p>Arguments: module directory, target directory, name of the module's jar, whether to leave out
 * the start-up caches, and the runtimes to bring for builds on other machines: {@code none}, or
 * {@code aarch64=DIR,aarch64-musl=DIR} with the jmods of a JDK for each.
 */
final class Assemble {
    /** What Netty, Jackson, TLS, logging and the AWS SDK ask for. */
    private static final List<String> MODULES =
            List.of(
                    "java.base",
                    "java.logging",
                    "java.management",
                    "java.naming",
                    "java.security.jgss",
                    "java.security.sasl",
                    "java.xml",
                    "jdk.management",
                    "jdk.unsupported",
                    "jdk.zipfs");

    // A laptop needs 5 s for each; an emulated aarch64 a minute or two.
    private static final long STEP_LIMIT_MINUTES = 10;

    private final Path module;
    private final Path target;
    private final Path home;

    private Assemble(Path module, Path target) {
        this.module = module.toAbsolutePath();
        this.target = target.toAbsolutePath();
        this.home = this.target.resolve("armrunner");
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        Assemble assemble = new Assemble(Path.of(args[0]), Path.of(args[1]));
        List<String> jars = assemble.libraries(args[2]);
        List<String> aws = assemble.extra("aws");
        List<String> fakeAws = assemble.extra("fake-aws");
        assemble.runtime();
        assemble.runtimes(args[4]);
        assemble.launcher(jars, aws, fakeAws);
        assemble.documents();
        if (!Boolean.parseBoolean(args[3])) {
            assemble.caches();
        }
    }

    /**
     * Copies the jars; returns their names in class path order: ours first, then the rest by name.
     */
    private List<String> libraries(String ours) throws IOException {
        Path lib = home.resolve("lib");
        delete(lib);
        Files.createDirectories(lib);
        List<String> jars = new ArrayList<>();
        try (Stream<Path> found = Files.list(target.resolve("libraries"))) {
            for (Path jar :
                    found.sorted(Comparator.comparing((Path p) -> p.getFileName().toString()))
                            .toList()) {
                copy(jar, lib);
                jars.add(jar.getFileName().toString());
            }
        }
        copy(target.resolve(ours), lib);
        jars.addFirst(ours);
        return jars;
    }

    /**
     * Copies jars that few commands need into a directory of their own, off the usual class path.
     */
    private List<String> extra(String name) throws IOException {
        Path directory = home.resolve("lib").resolve(name);
        Files.createDirectories(directory);
        List<String> jars = new ArrayList<>();
        try (Stream<Path> found = Files.list(target.resolve("libraries-" + name))) {
            for (Path jar : found.sorted().toList()) {
                // The start-up cache has nothing of these, so they stay as they are.
                Files.copy(
                        jar,
                        directory.resolve(jar.getFileName()),
                        StandardCopyOption.COPY_ATTRIBUTES);
                jars.add(name + "/" + jar.getFileName());
            }
        }
        return jars;
    }

    private static void copy(Path jar, Path directory) throws IOException {
        Path copy = directory.resolve(jar.getFileName());
        if (isOld(jar)) {
            modernise(jar, copy);
        } else {
            Files.copy(jar, copy);
        }
        // The start-up cache looks at a jar's time, so copies keep it.
        Files.setLastModifiedTime(copy, Files.getLastModifiedTime(jar));
    }

    /**
     * Whether the jar holds classes from before Java 6: the start-up cache takes none without stack
     * maps.
     */
    private static boolean isOld(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                if (entry.getName().endsWith(".class")) {
                    try (InputStream content = zip.getInputStream(entry)) {
                        if (isOld(content.readNBytes(8))) {
                            return true;
                        }
                    }
                }
            }
            return false;
        }
    }

    private static boolean isOld(byte[] classFile) {
        return ByteBuffer.wrap(classFile).getShort(6) < ClassFile.JAVA_6_VERSION;
    }

    /**
     * Copies a jar with stack maps in each class that had none; the code in them stays as it is.
     */
    private static void modernise(Path jar, Path copy) throws IOException {
        URL[] path = {jar.toUri().toURL()};
        try (URLClassLoader types = new URLClassLoader(path, ClassLoader.getPlatformClassLoader());
                ZipInputStream in = new ZipInputStream(Files.newInputStream(jar));
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(copy))) {
            ClassFile format =
                    ClassFile.of(
                            StackMapsOption.GENERATE_STACK_MAPS,
                            ClassHierarchyResolverOption.of(
                                    ClassHierarchyResolver.ofResourceParsing(types)
                                            .orElse(ClassHierarchyResolver.defaultResolver())));
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                byte[] content = in.readAllBytes();
                ZipEntry same = new ZipEntry(entry.getName());
                same.setTime(entry.getTime());
                out.putNextEntry(same);
                boolean old = entry.getName().endsWith(".class") && isOld(content);
                out.write(
                        old
                                ? format.transformClass(
                                        format.parse(content), Assemble::withStackMaps)
                                : content);
                out.closeEntry();
            }
        }
    }

    private static void withStackMaps(ClassBuilder to, ClassElement element) {
        switch (element) {
            case ClassFileVersion _ -> to.withVersion(ClassFile.JAVA_8_VERSION, 0);
            case MethodModel method -> to.transformMethod(method, Assemble::written);
            default -> to.with(element);
        }
    }

    /** Code that is written anew gets its stack maps then. */
    private static void written(MethodBuilder to, MethodElement element) {
        if (element instanceof CodeModel code) {
            to.withCode(body -> code.forEach(body::with));
        } else {
            to.with(element);
        }
    }

    /** Links the runtime, unless the one that is there came from the same JDK and modules. */
    private void runtime() throws IOException, InterruptedException {
        Path runtime = home.resolve("runtime");
        Path mark = target.resolve("runtime.made");
        String recipe =
                System.getProperty("java.home") + "\n" + Runtime.version() + "\n" + MODULES + "\n";
        if (Files.exists(mark)
                && Files.readString(mark).equals(recipe)
                && Files.exists(runtime.resolve("bin/java"))) {
            return;
        }
        delete(runtime);
        run(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                        "--add-modules",
                        String.join(",", MODULES),
                        "--strip-java-debug-attributes",
                        "--no-header-files",
                        "--no-man-pages",
                        "--output",
                        runtime.toString()),
                "");
        Files.writeString(mark, recipe);
    }

    /** Links what CodeBuild builds run on whose image has no Java; a JDK links for any machine. */
    private void runtimes(String wanted) throws IOException, InterruptedException {
        delete(home.resolve("runtimes"));
        if (wanted.equals("none")) {
            return;
        }
        for (String each : wanted.split(",", -1)) {
            String[] words = each.split("=", 2);
            Path jmods = Path.of(words[words.length - 1]);
            if (words.length < 2 || !Files.isRegularFile(jmods.resolve("java.base.jmod"))) {
                throw new IOException(
                        "runtimes must be NAME=DIR,… with a java.base.jmod in each directory, but has \""
                                + each
                                + "\"");
            }
            Path runtime = home.resolve("runtimes").resolve(words[0]);
            Files.createDirectories(runtime.getParent());
            run(
                    List.of(
                            Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                            "--module-path",
                            jmods.toString(),
                            "--add-modules",
                            String.join(",", MODULES),
                            "--strip-java-debug-attributes",
                            "--no-header-files",
                            "--no-man-pages",
                            "--output",
                            runtime.toString()),
                    "");
            // Some distributions' modules carry the symbols of the JVM: ten times its size.
            try (Stream<Path> files = Files.walk(runtime)) {
                for (Path symbols : files.filter(f -> f.toString().endsWith(".debuginfo")).toList()) {
                    Files.delete(symbols);
                }
            }
        }
    }

    private void launcher(List<String> jars, List<String> aws, List<String> fakeAws)
            throws IOException {
        String script =
                Files.readString(module.resolve("src/dist/armrunner.sh"), UTF_8)
                        .replace("@CLASS_PATH@", classPath(jars))
                        .replace("@AWS_CLASS_PATH@", classPath(aws))
                        .replace("@FAKE_AWS_CLASS_PATH@", classPath(fakeAws));
        Path launcher = home.resolve("bin/armrunner");
        Files.createDirectories(launcher.getParent());
        Files.writeString(launcher, script, UTF_8);
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static String classPath(List<String> jars) {
        return String.join(":", jars.stream().map(jar -> "$lib/" + jar).toList());
    }

    private void documents() throws IOException {
        Path docs = home.resolve("docs");
        delete(docs);
        copyTree(module.resolveSibling("docs"), docs);
        copyTree(module.resolve("examples"), home.resolve("examples"));
    }

    /**
     * Runs commands once, so that the JVM writes down the classes they needed. The service has a
     * cache of its own: all of a cache is in memory, and what only other commands need would weigh
     * on it for good.
     */
    private void caches() throws IOException, InterruptedException {
        String launcher = "bin/armrunner";
        run(
                List.of(launcher, "exec", "-C", module.resolve("src/dist/training").toString()),
                output("armrunner.aot"));
        made("armrunner.aot");
        String service =
                "env 'ARMRUNNER_JAVA_OPTS=%s' '%s' run --config {config}"
                        .formatted(output("run.aot"), home.resolve(launcher));
        run(
                List.of(
                        launcher,
                        "benchmark",
                        "--rounds",
                        "1",
                        "--rows",
                        "stages",
                        "--runner",
                        service),
                "");
        made("run.aot");
    }

    private String output(String cache) {
        return "-XX:AOTCacheOutput=" + home.resolve("lib").resolve(cache);
    }

    private void made(String cache) throws IOException {
        if (!Files.exists(home.resolve("lib").resolve(cache))) {
            throw new IOException(
                    "the JVM wrote no start-up cache; its messages are in "
                            + target.resolve("step.log"));
        }
    }

    private void run(List<String> command, String javaOptions)
            throws IOException, InterruptedException {
        Path log = target.resolve("step.log");
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(home.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        builder.environment().put("ARMRUNNER_JAVA_OPTS", javaOptions);
        Process process = builder.start();
        if (!process.waitFor(STEP_LIMIT_MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("took longer than " + STEP_LIMIT_MINUTES + " min: " + command);
        }
        if (process.exitValue() != 0) {
            throw new IOException(
                    "exit code "
                            + process.exitValue()
                            + " of "
                            + command
                            + "\n"
                            + Files.readString(log));
        }
    }

    private static void copyTree(Path from, Path to) throws IOException {
        delete(to);
        if (!Files.isDirectory(from)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(from)) {
            for (Path path : tree.toList()) {
                Path copy = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(path, copy, StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    private static void delete(Path path) throws IOException {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> tree = Files.walk(path)) {
            for (Path each : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
