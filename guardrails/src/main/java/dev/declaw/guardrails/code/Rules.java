package dev.declaw.guardrails.code;

import dev.declaw.guardrails.AnchorDfa;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The table of `rules.txt`, compiled once: all anchors in one automaton, and for each anchor the rules that it may start.
final class Rules {
    /// One line of the table.
    record Rule(String category, double score, String language, Pattern pattern, boolean payload, int number) {
        boolean advisory() {
            return category.startsWith("insecure_code");
        }
    }

    /// A rule that an anchor may start.
    record Start(Rule rule, boolean afterWord) {}

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
                if (cells.length != 5) throw new IllegalStateException("rules.txt: not five columns: " + line);
                boolean payload = cells[1].endsWith("p");
                double score = Double.parseDouble(payload ? cells[1].substring(0, cells[1].length() - 1) : cells[1]);
                Rule rule = new Rule(cells[0], score, cells[2], Pattern.compile(cells[4]), payload, number++);
                for (String anchor : cells[3].split(" ")) {
                    boolean afterWord = anchor.length() > 1 && anchor.startsWith("*");
                    String literal = (afterWord ? anchor.substring(1) : anchor).replace('\u00B7', ' ');
                    byAnchor.computeIfAbsent(literal, _ -> new ArrayList<>()).add(new Start(rule, afterWord));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Rules(byAnchor, number);
    }
}
