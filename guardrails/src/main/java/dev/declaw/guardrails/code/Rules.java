package dev.declaw.guardrails.code;

import dev.declaw.guardrails.AnchorDfa;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The table of `rules.txt`, compiled once: all anchors in one automaton, and for each anchor the rules that it may start.
final class Rules {
    /// One line of the table.
    record Rule(String category, double score, String language, Pattern pattern, boolean payload, int[] needs, int number) {
        boolean advisory() {
            return category.startsWith("insecure_code");
        }

        /// Whether it is about what stands on a command line.
        boolean commandLine() {
            return language.equals("shell") || language.equals("cmd") || language.equals("powershell") || language.equals("any") && !payload;
        }
    }

    /// A rule that an anchor may start.
    ///
    /// @param afterWord whether it may follow a word character
    /// @param whole whether it is a command's name, so that `category` does not begin `cat`
    record Start(Rule rule, boolean afterWord, boolean whole) {}

    static final Rules ALL = load();

    final AnchorDfa anchors;
    final String[] literals;
    final Start[][] starts;
    final int count;

    private Rules(Map<String, List<Start>> byAnchor, int count) {
        this.count = count;
        literals = byAnchor.keySet().toArray(String[]::new);
        starts = byAnchor.values().stream().map(list -> list.toArray(Start[]::new)).toArray(Start[][]::new);
        anchors = AnchorDfa.of(List.of(literals), "");
    }

    private static Rules load() {
        Map<String, List<Start>> byAnchor = new LinkedHashMap<>();
        int number = 0;
        try (InputStream in = Rules.class.getResourceAsStream("rules.txt");
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.isBlank() || line.startsWith("#")) continue;
                String[] cells = line.split("\t");
                if (cells.length < 5 || cells.length > 6) throw new IllegalStateException("rules.txt: not five or six columns: " + line);
                boolean payload = cells[1].endsWith("p");
                double score = Double.parseDouble(payload ? cells[1].substring(0, cells[1].length() - 1) : cells[1]);
                int[] needs = cells.length == 5 ? new int[0] : needs(cells[5], byAnchor);
                Rule rule = new Rule(cells[0], score, cells[2], Pattern.compile(cells[4]), payload, needs, number++);
                for (String anchor : cells[3].split(" ")) {
                    boolean afterWord = anchor.length() > 1 && anchor.startsWith("*");
                    String literal = (afterWord ? anchor.substring(1) : anchor).replace('\u00B7', ' ');
                    boolean command = cells[2].equals("shell") || cells[2].equals("cmd");
                    boolean whole = command && literal.chars().allMatch(c -> c >= 'a' && c <= 'z');
                    byAnchor.computeIfAbsent(literal, _ -> new ArrayList<>()).add(new Start(rule, afterWord, whole));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Rules(byAnchor, number);
    }

    /// Literals that start no rule but must occur; ids are positions in the map, which keeps its order.
    private static int[] needs(String literals, Map<String, List<Start>> byAnchor) {
        List<String> wanted = Arrays.stream(literals.split(" ")).map(literal -> literal.replace('\u00B7', ' ')).toList();
        wanted.forEach(literal -> byAnchor.computeIfAbsent(literal, _ -> new ArrayList<>()));
        List<String> order = new ArrayList<>(byAnchor.keySet());
        return wanted.stream().mapToInt(order::indexOf).toArray();
    }
}
