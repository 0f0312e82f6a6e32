package io.armrunner.build;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Makes docs/conformance.md: which statement about GitLab's behaviour is proven by which test.
 *
 * <p>It reads the {@code @Tag}s in the sources of the tests, so it needs no build; .ci/conformance
 * runs it as a single-file program. The reasons why a statement does not apply are kept by hand.
 */
final class Conformance {
    private static final Pattern TAG = Pattern.compile("@Tag\\(\"((?:RP|JS|CB)-\\d+)\"\\)");
    private static final Pattern METHOD =
            Pattern.compile("^\\s+(?:[\\w<>\\[\\], ]+\\s)?void (\\w+)\\(");
    private static final Pattern TYPE = Pattern.compile("\\b(?:class|interface|record) \\w+");
    private static final Comparator<String> BY_NUMBER =
            Comparator.comparing((String number) -> number.substring(0, 2))
                    .thenComparingInt(number -> Integer.parseInt(number.substring(3)));

    private final Path root;
    private final Map<String, TreeSet<String>> proven = new TreeMap<>(BY_NUMBER);

    private Conformance(Path root) {
        this.root = root;
    }

    /** Writes the document of the checkout in the first word, or in the working directory. */
    public static void main(String[] words) throws IOException {
        Path root = Path.of(words.length == 0 ? "." : words[0]);
        Files.writeString(document(root), text(root), UTF_8);
    }

    static Path document(Path root) {
        return root.resolve("docs").resolve("conformance.md");
    }

    /** The document as it should be. */
    static String text(Path root) throws IOException {
        Conformance conformance = new Conformance(root);
        conformance.readTests();
        return conformance.write();
    }

    private void readTests() throws IOException {
        for (String module :
                List.of("runner-core", "executor-local", "executor-codebuild", "packaging")) {
            Path tests = root.resolve(module).resolve("src/test/java");
            if (!Files.isDirectory(tests)) {
                continue;
            }
            try (Stream<Path> files = Files.walk(tests)) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".java")).sorted().toList()) {
                    readTest(file);
                }
            }
        }
    }

    private void readTest(Path file) throws IOException {
        String name = file.getFileName().toString().replace(".java", "");
        List<String> pending = new ArrayList<>();
        for (String line : Files.readAllLines(file, UTF_8)) {
            Matcher tag = TAG.matcher(line);
            while (tag.find()) {
                pending.add(tag.group(1));
            }
            Matcher method = METHOD.matcher(line);
            if (method.find()) {
                note(pending, name + "." + method.group(1));
            } else if (!line.startsWith(" ") && TYPE.matcher(line).find()) {
                note(pending, name);
            }
        }
    }

    private void note(List<String> numbers, String test) {
        for (String number : numbers) {
            proven.computeIfAbsent(number, each -> new TreeSet<>()).add(test);
        }
        numbers.clear();
    }

    private String write() throws IOException {
        StringBuilder text = new StringBuilder();
        text.append("# Conformance\n\n");
        text.append(
                "Which numbered statement about GitLab's behaviour is proven by which test. RP is the runner ");
        text.append(
                "protocol, JS the job's semantics, CB the CodeBuild lane. Made by `.ci/conformance`; ");
        text.append("a test fails when this is out of date.\n\n");
        text.append("| statement | tests |\n|---|---|\n");
        proven.forEach((number, tests) ->
                text.append("| ")
                        .append(number)
                        .append(" | ")
                        .append(String.join(", ", tests))
                        .append(" |\n"));
        text.append("\n## Not applicable\n\n| statement | why |\n|---|---|\n");
        for (String line :
                Files.readAllLines(root.resolve("docs/conformance-not-applicable.txt"), UTF_8)) {
            if (!line.isBlank() && !line.startsWith("#")) {
                int bar = line.indexOf('|');
                if (bar < 0 || line.substring(bar + 1).isBlank()) {
                    throw new IOException("conformance-not-applicable.txt: no reason in: " + line);
                }
                text.append("| ")
                        .append(line, 0, bar)
                        .append("| ")
                        .append(line.substring(bar + 1).strip());
                text.append(" |\n");
            }
        }
        return text.toString();
    }
}
