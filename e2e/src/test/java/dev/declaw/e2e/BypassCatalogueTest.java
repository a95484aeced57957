package dev.declaw.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.declaw.e2e.world.Checkout;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// The table of ways around the policy in `docs/threat-model.md` is what the tests say of themselves: each carries the
/// numbers of its rows in a tag or its display name. `-Ddeclaw.catalogue.write=true` writes the table anew.
class BypassCatalogueTest {
    private static final Path ROOT = Checkout.launcher().getParent();
    private static final Path DOCUMENT = ROOT.resolve("docs/threat-model.md");
    private static final String BEGIN = "<!-- catalogue: written by BypassCatalogueTest -->\n";
    private static final String END = "<!-- end of the catalogue -->\n";
    private static final int TESTS_SHOWN_MAX = 4;
    private static final Pattern ANNOTATION = Pattern.compile("@(?:Tag|DisplayName)\\(\"([^\"]*)\"\\)|\\bvoid (\\w+)\\(");
    private static final Pattern NUMBER = Pattern.compile("\\bB(\\d{3}[a-e]?)\\b");

    private record Row(String id, int priority, String attack, String note) {}

    private static List<Row> rows() throws IOException {
        try (InputStream in = BypassCatalogueTest.class.getResourceAsStream("/bypass-catalogue.tsv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split("\t", -1))
                    .map(part -> new Row(part[0], Integer.parseInt(part[1]), part[2], part[3]))
                    .toList();
        }
    }

    /// Numbers of rows, and the tests that carry them as `Class.method`.
    private static Map<String, TreeSet<String>> tests() throws IOException {
        Map<String, TreeSet<String>> found = new TreeMap<>();
        List<Path> files;
        try (Stream<Path> all = Files.walk(ROOT)) {
            files = all.filter(file -> file.toString().contains("/src/test/java/") && file.toString().endsWith("Test.java"))
                    .toList();
        }
        for (Path file : files) {
            String name = file.getFileName().toString().replace(".java", "");
            List<String> waiting = new ArrayList<>();
            Matcher matcher = ANNOTATION.matcher(Files.readString(file));
            while (matcher.find()) {
                if (matcher.group(1) != null) {
                    NUMBER.matcher(matcher.group(1)).results().forEach(number -> waiting.add(number.group(1)));
                } else {
                    for (String id : waiting) found.computeIfAbsent(id, _ -> new TreeSet<>()).add(name + "." + matcher.group(2));
                    waiting.clear();
                }
            }
        }
        return found;
    }

    private static String table() throws IOException {
        Map<String, TreeSet<String>> tests = tests();
        StringBuilder table = new StringBuilder("| row | P | what is tried | tests | status |\n|---|---|---|---|---|\n");
        for (Row row : rows()) {
            List<String> carrying = List.copyOf(tests.getOrDefault(row.id(), new TreeSet<>()));
            StringBuilder shown = new StringBuilder();
            for (String test : carrying.subList(0, Math.min(TESTS_SHOWN_MAX, carrying.size()))) {
                shown.append(shown.isEmpty() ? "`" : ", `").append(test).append('`');
            }
            if (carrying.size() > TESTS_SHOWN_MAX) shown.append(" and ").append(carrying.size() - TESTS_SHOWN_MAX).append(" more");
            String status = carrying.isEmpty() ? row.note() : "tested";
            table.append("| B").append(row.id()).append(" | ").append(row.priority()).append(" | ").append(row.attack())
                    .append(" | ").append(shown.isEmpty() ? "—" : shown).append(" | ").append(status).append(" |\n");
        }
        return table.toString();
    }

    @Test
    void theTableIsWhatTheTestsSay() throws IOException {
        String document = Files.readString(DOCUMENT);
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        int end = document.indexOf(END);
        assertThat(begin).isGreaterThan(BEGIN.length()).isLessThanOrEqualTo(end);
        String table = table();
        if (Boolean.getBoolean("declaw.catalogue.write")) {
            Files.writeString(DOCUMENT, document.substring(0, begin) + table + document.substring(end));
            return;
        }
        assertThat(document.substring(begin, end))
                .as("run this test with -Ddeclaw.catalogue.write=true")
                .isEqualTo(table);
    }

    @Test
    void everyRowIsTestedOrSaysWhyNot() throws IOException {
        Map<String, TreeSet<String>> tests = tests();
        List<String> ids = rows().stream().map(Row::id).toList();
        assertThat(ids).doesNotHaveDuplicates().containsAll(tests.keySet());
        for (Row row : rows()) {
            assertThat(tests.containsKey(row.id()) || !row.note().isEmpty()).as("row B%s", row.id()).isTrue();
        }
    }
}
