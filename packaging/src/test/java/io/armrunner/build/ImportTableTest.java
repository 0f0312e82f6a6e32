package io.armrunner.build;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Holds the code to the tables in docs/architecture.md, so that the document stays true. */
class ImportTableTest {
    private static final String ROOT = "io.armrunner.";
    private static JavaClasses classes = new ClassFileImporter().importClasses();
    private static Map<String, Set<String>> allowed = Map.of();
    private static Map<String, String> homes = Map.of();

    @BeforeAll
    static void read() throws IOException {
        classes =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        // Tests as well where another build tool puts them.
                        .withImportOption(location -> !location.contains("/test/"))
                        .withImportOption(location -> !location.contains("-tests.jar"))
                        .importPackages("io.armrunner");
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "architecture.md"));
        allowed = new LinkedHashMap<>();
        homes = new LinkedHashMap<>();
        String table = "";
        for (String line : lines) {
            List<String> cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
            if (cells.size() < 4) {
                table = "";
            } else if (table.isEmpty()) {
                table = cells.get(1);
            } else if (!cells.get(1).startsWith("---") && table.equals("package")) {
                allowed.put(cells.get(1), Set.of(cells.get(3).split("\\s+", -1)));
            } else if (!cells.get(1).startsWith("---") && table.equals("library")) {
                for (String library : cells.get(1).split(",\\s*", -1)) {
                    homes.put(library, cells.get(2));
                }
            }
        }
    }

    @Test
    void everyPackageStandsInTheTable() {
        Set<String> packages = new TreeSet<>();
        classes.forEach(each -> packages.add(packageOf(each)));

        assertThat(allowed.keySet()).containsAll(packages);
        assertThat(packages).isNotEmpty();
    }

    @Test
    void packagesImportOnlyWhatTheTableAllows() {
        Set<String> broken = new LinkedHashSet<>();
        for (JavaClass each : classes) {
            Set<String> may = allowed.getOrDefault(packageOf(each), Set.of());
            for (Dependency dependency : each.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith(ROOT)
                        && !packageOf(target).equals(packageOf(each))
                        && !may.contains(packageOf(target))
                        && !may.contains("*")) {
                    broken.add(each.getName() + " uses " + target.getName());
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void noTwoPackagesImportEachOther() {
        Map<String, Set<String>> uses = new TreeMap<>();
        for (JavaClass each : classes) {
            for (Dependency dependency : each.getDirectDependenciesFromSelf()) {
                JavaClass target = dependency.getTargetClass().getBaseComponentType();
                if (target.getPackageName().startsWith(ROOT)
                        && !packageOf(target).equals(packageOf(each))) {
                    uses.computeIfAbsent(packageOf(each), _ -> new TreeSet<>())
                            .add(packageOf(target));
                }
            }
        }
        Set<String> mutual = new TreeSet<>();
        uses.forEach((one, others) -> {
            for (String other : others) {
                if (one.compareTo(other) < 0 && uses.getOrDefault(other, Set.of()).contains(one)) {
                    mutual.add(one + " and " + other);
                }
            }
        });
        assertThat(mutual).isEmpty();
    }

    @Test
    void aLibraryWithAHomeIsUsedOnlyThere() {
        Set<String> broken = new LinkedHashSet<>();
        for (JavaClass each : classes) {
            for (Dependency dependency : each.getDirectDependenciesFromSelf()) {
                String target = dependency.getTargetClass().getName();
                homes.forEach((library, home) -> {
                    if (target.startsWith(library + ".") && !packageOf(each).equals(home)) {
                        broken.add(each.getName() + " uses " + target);
                    }
                });
            }
        }
        assertThat(homes).isNotEmpty();
        assertThat(broken).isEmpty();
    }

    /**
     * The first part below the root: {@code io.armrunner.local.docker} belongs to {@code local}.
     */
    private static String packageOf(JavaClass each) {
        String rest = each.getPackageName().substring(ROOT.length());
        int dot = rest.indexOf('.');
        return dot < 0 ? rest : rest.substring(0, dot);
    }
}
