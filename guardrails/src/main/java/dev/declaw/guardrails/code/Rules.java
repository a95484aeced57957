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
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/// The table of `rules.txt`, compiled once: all literals in one automaton, and for each anchor the rules that it may start.
final class Rules {
    /// One line of the table.
    ///
    /// @param needs sets of literals, by number; of each, one must stand at or behind the anchor
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

    /// Compiled once for both tables.
    private static final Map<String, Pattern> PATTERNS = new HashMap<>();

    /// Every rule: for short texts.
    static final Rules ALL = load(true);

    /// Those that do not need a text to be a payload: for programs and documents. Their anchors are longer and rarer.
    static final Rules CODE = load(false);

    final AnchorDfa anchors;
    final String[] literals;
    final Start[][] starts;
    /// Literals that count only where no word goes on behind them, and only where a word begins with them.
    final boolean[] whole;
    final boolean[] opening;
    /// The literals of each set.
    final int[][] sets;
    final int count;

    private Rules(Map<String, List<Start>> byAnchor, List<int[]> sets, int count) {
        this.count = count;
        this.sets = sets.toArray(int[][]::new);
        literals = byAnchor.keySet().toArray(String[]::new);
        starts = byAnchor.values().stream().map(list -> list.toArray(Start[]::new)).toArray(Start[][]::new);
        whole = new boolean[literals.length];
        opening = new boolean[literals.length];
        for (int id = 0; id < literals.length; id++) {
            whole[id] = Arrays.stream(starts[id]).allMatch(Start::whole);
            opening[id] = Arrays.stream(starts[id]).noneMatch(Start::afterWord);
        }
        anchors = AnchorDfa.of(List.of(literals), "");
    }

    private static Rules load(boolean payloads) {
        Map<String, List<Start>> byAnchor = new LinkedHashMap<>();
        Map<String, Integer> ids = new LinkedHashMap<>();
        List<int[]> sets = new ArrayList<>();
        int number = 0;
        try (InputStream in = Rules.class.getResourceAsStream("rules.txt");
                BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.isBlank() || line.startsWith("#")) continue;
                String[] cells = line.split("\t");
                if (cells.length < 5 || cells.length > 6) throw new IllegalStateException("rules.txt: not five or six columns: " + line);
                boolean payload = cells[1].endsWith("p");
                if (payload && !payloads) {
                    number++;
                    continue;
                }
                double score = Double.parseDouble(payload ? cells[1].substring(0, cells[1].length() - 1) : cells[1]);
                boolean command = cells[2].equals("shell") || cells[2].equals("cmd");
                Set<String> anchors = new LinkedHashSet<>();
                for (String anchor : cells[3].split(" ")) anchors.add(literal(anchor));
                List<Set<String>> musts = new ArrayList<>(Literals.of(cells[4], anchors));
                musts.removeIf(set -> set.stream().anyMatch(Rules::odd));
                if (cells.length == 6) musts.add(new LinkedHashSet<>(Arrays.stream(cells[5].split(" ")).map(Rules::literal).toList()));
                int[] needs = musts.stream().mapToInt(must -> number(must, byAnchor, ids, sets)).toArray();
                Rule rule = new Rule(cells[0], score, cells[2], PATTERNS.computeIfAbsent(cells[4], Pattern::compile), payload, needs, number++);
                for (String anchor : cells[3].split(" ")) {
                    String literal = literal(anchor);
                    boolean whole = command && literal.chars().allMatch(c -> c >= 'a' && c <= 'z');
                    enter(literal, byAnchor, ids).add(new Start(rule, anchor.length() > 1 && anchor.startsWith("*"), whole));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Rules(byAnchor, sets, number);
    }

    /// Needs with rare characters would widen the automaton's table for little.
    private static boolean odd(String literal) {
        return literal.chars().anyMatch(c -> c == '\n' || c == '&' || c == '*' || c == '~' || c == '?' || c == '@');
    }

    private static String literal(String anchor) {
        return (anchor.length() > 1 && anchor.startsWith("*") ? anchor.substring(1) : anchor).replace('\u00B7', ' ');
    }

    private static List<Start> enter(String literal, Map<String, List<Start>> byAnchor, Map<String, Integer> ids) {
        ids.computeIfAbsent(literal, _ -> ids.size());
        return byAnchor.computeIfAbsent(literal, _ -> new ArrayList<>());
    }

    /// Literals that start no rule but must occur; their number is their place in the map, which keeps its order.
    private static int number(Set<String> literals, Map<String, List<Start>> byAnchor, Map<String, Integer> ids, List<int[]> sets) {
        literals.forEach(literal -> enter(literal, byAnchor, ids));
        int[] set = literals.stream().mapToInt(ids::get).sorted().toArray();
        for (int i = 0; i < sets.size(); i++) if (Arrays.equals(sets.get(i), set)) return i;
        sets.add(set);
        return sets.size() - 1;
    }
}
