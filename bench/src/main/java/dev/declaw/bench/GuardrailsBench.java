package dev.declaw.bench;

import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// `./declaw bench guardrails --data DIR`: judges every `*.jsonl` file below a directory with the scanner that its path names, and
/// prints one JSON line per file and source. Rows of classifiers are `{"text","label":0|1,"kind","source"}`, rows of span
/// scanners `{"text","spans":[{"start","end","type"}],"source"}` with offsets in code points.
public final class GuardrailsBench {
    private static final long ROW_CHARS_MAX = 16L << 20;
    private static final int LINES_JOINED_MAX = 16;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .build();

    private GuardrailsBench() {}

    /// Arguments: `--data DIR`, optionally `--only SCANNER`, `--by kind` (one line per kind, too) and `--speed` (how fast instead of how right).
    static void run(String[] arguments) {
        run(arguments, Subjects.all(), System.out);
    }

    static void run(String[] arguments, Map<String, Supplier<Subjects.Subject>> subjects, PrintStream out) {
        Optional<Path> data = option(arguments, "--data").map(Path::of);
        if (data.isEmpty() || !Files.isDirectory(data.get())) {
            System.err.println("usage: ./declaw bench guardrails --data DIR [--only SCANNER] [--by kind] [--speed]");
            System.exit(2);
            return;
        }
        Optional<String> only = option(arguments, "--only");
        boolean speed = List.of(arguments).contains("--speed");
        boolean kinds = option(arguments, "--by").filter("kind"::equals).isPresent();
        for (Path file : files(data.get())) {
            String relative = data.get().relativize(file).toString();
            Optional<String> name = Subjects.nameFor(file.toString(), relative, subjects.keySet());
            if (name.isEmpty()) {
                out.println(JSON.createObjectNode().put("bench", "guardrails").put("file", relative).put("skipped", "its path names no scanner"));
                continue;
            }
            Stream.concat(name.stream(), Subjects.alsoFor(name.get(), subjects.keySet()).stream())
                    .filter(scanner -> only.isEmpty() || only.get().equals(scanner))
                    .forEach(scanner -> {
                        Subjects.Subject subject = subjects.get(scanner).get();
                        if (speed) GuardrailsSpeed.measure(scanner, relative, subject, rows(file), out);
                        else measure(file, relative, scanner, subject, kinds, out);
                    });
        }
    }

    private static void measure(
            Path file, String relative, String scanner, Subjects.Subject subject, boolean kinds, PrintStream out) {
        List<JsonNode> rows = rows(file);
        warmUp(subject, rows);
        Map<String, Score> groups = new TreeMap<>();
        List<Double> allNegatives = new ArrayList<>();
        for (JsonNode row : rows) {
            String text = row.path("text").asText();
            List<String> names = new ArrayList<>(List.of("source=*", "source=" + row.path("source").asText("?")));
            if (kinds) names.add("kind=" + row.path("kind").asText("?"));
            subject.judge(text, row, names.stream()
                    .map(name -> groups.computeIfAbsent(name, _ -> subject.newScore(allNegatives)))
                    .toList());
        }
        groups.forEach((group, score) -> {
            ObjectNode line = JSON.createObjectNode();
            line.put("bench", "guardrails").put("scanner", scanner).put("file", relative);
            line.put(group.substring(0, group.indexOf('=')), group.substring(group.indexOf('=') + 1));
            score.describe(line);
            out.println(line);
        });
    }

    /// Until the compiler has seen the scanner's loops, or two seconds have passed.
    private static void warmUp(Subjects.Subject subject, List<JsonNode> rows) {
        List<String> texts = rows.stream().limit(500).map(row -> row.path("text").asText()).toList();
        long end = System.nanoTime() + 2_000_000_000L;
        for (int round = 0; round < 20 && System.nanoTime() < end; round++) subject.warmUp(texts);
    }

    private static List<Path> files(Path directory) {
        try (Stream<Path> walk = Files.walk(directory, 16)) {
            return walk.filter(file -> file.toString().endsWith(".jsonl")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// One row a line; where a raw line break stands inside a text (as tools leave behind that split at U+2028), the lines are joined.
    private static List<JsonNode> rows(Path file) {
        List<JsonNode> rows = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            StringBuilder pending = new StringBuilder();
            int joined = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (pending.length() + line.length() > ROW_CHARS_MAX || joined > LINES_JOINED_MAX) {
                    throw new IOException(file + ": a row without end before row " + rows.size());
                }
                if (joined++ > 0) pending.append('\n');
                pending.append(line);
                if (joined == 1 && line.isBlank()) {
                    pending.setLength(0);
                    joined = 0;
                    continue;
                }
                try {
                    rows.add(JSON.readTree(pending.toString()));
                    pending.setLength(0);
                    joined = 0;
                } catch (JsonEOFException e) {
                    // The row goes on: the next line completes it, or the limits above refuse the file.
                }
            }
            if (joined > 0) throw new IOException(file + ": the last row has no end");
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<String> option(String[] arguments, String name) {
        for (int i = 0; i + 1 < arguments.length; i++) {
            if (arguments[i].equals(name)) return Optional.of(arguments[i + 1]);
        }
        return Optional.empty();
    }
}
