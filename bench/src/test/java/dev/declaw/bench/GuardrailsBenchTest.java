package dev.declaw.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GuardrailsBenchTest {
    @TempDir
    Path directory;

    @Test
    void aClassifierIsScoredPerSourceAtItsOperatingPoints() throws IOException {
        write("held/injection.jsonl", """
                {"text":"0.9","label":1,"kind":"a","source":"one"}
                {"text":"0.2","label":1,"kind":"a","source":"one"}
                {"text":"0.6","label":0,"kind":"b","source":"one"}
                {"text":"0.1","label":0,"kind":"b","source":"two"}
                """);
        List<JsonNode> lines = run(Map.of("injection", new Subjects.Judged(number(), List.of(0.5))));
        JsonNode all = line(lines, "*");
        assertThat(all.get("n").asInt()).isEqualTo(4);
        assertThat(all.get("auc").asDouble()).isCloseTo(0.75, within(1e-6));
        assertThat(all.at("/at_0.5/recall").asDouble()).isEqualTo(0.5);
        assertThat(all.at("/at_0.5/precision").asDouble()).isEqualTo(0.5);
        assertThat(all.at("/at_0.5/fpr").asDouble()).isEqualTo(0.5);
        assertThat(line(lines, "two").at("/at_0.5/fpr").asDouble()).isZero();
    }

    @Test
    void spansAreScoredStrictlyAndByOverlapInCodePoints() throws IOException {
        write("pii/x.jsonl", """
                {"text":"\\uD83D\\uDE00 ab cd","spans":[{"start":2,"end":4,"type":"US_SSN"},{"start":5,"end":7,"type":"US_SSN"}],"source":"s"}
                {"text":"none here","spans":[],"source":"s"}
                """);
        Scanner scanner = new Scanner() {
            @Override
            public String name() {
                return "fake";
            }

            @Override
            public List<Finding> scan(ScanText text) {
                return text.text().startsWith("none") ? List.of() : List.of(new Finding("ssn", 3, 5, 1), new Finding("ssn", 7, 8, 1));
            }
        };
        JsonNode ssn = line(run(Map.of("pii", new Subjects.Spotted(scanner))), "s").at("/types/ssn");
        assertThat(ssn.get("gold").asInt()).isEqualTo(2);
        assertThat(ssn.get("strict_f1").asDouble()).isEqualTo(0.5);
        assertThat(ssn.get("overlap_f1").asDouble()).isEqualTo(1);
    }

    @Test
    void aRowBrokenByARawLineBreakIsJoinedAndAFileWithoutAScannerIsNamed() throws IOException {
        write("toxicity/t.jsonl", "{\"text\":\"0.9\n\",\"label\":1,\"kind\":\"k\",\"source\":\"s\"}\n");
        write("other/t.jsonl", "{}\n");
        List<JsonNode> lines = run(Map.of("toxicity", new Subjects.Judged(number(), List.of(0.5))));
        assertThat(line(lines, "s").get("n").asInt()).isEqualTo(1);
        assertThat(lines).anyMatch(node -> node.path("skipped").isTextual() && node.get("file").asText().startsWith("other"));
    }

    @Test
    void aPathNamesItsScannerByTheLongestStem() {
        var names = Subjects.all().keySet();
        assertThat(Subjects.nameFor("/d/injection/encoded.jsonl", "injection/encoded.jsonl", names)).contains("injection");
        assertThat(Subjects.nameFor("/d/code_security/a.jsonl", "a.jsonl", names)).contains("code-security");
        assertThat(Subjects.nameFor("/d/x/a.jsonl", "a.jsonl", names)).isEmpty();
    }

    private static Classifier number() {
        return new Classifier() {
            @Override
            public String name() {
                return "number";
            }

            @Override
            public Verdict judge(String text) {
                return new Verdict(Double.parseDouble(text.strip()), List.of(), List.of());
            }
        };
    }

    private void write(String name, String rows) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, rows);
    }

    private List<JsonNode> run(Map<String, Subjects.Subject> subjects) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Map<String, java.util.function.Supplier<Subjects.Subject>> suppliers = new java.util.HashMap<>();
        subjects.forEach((name, subject) -> suppliers.put(name, () -> subject));
        GuardrailsBench.run(new String[] {"--data", directory.toString()}, suppliers, new PrintStream(out, true, StandardCharsets.UTF_8));
        List<JsonNode> lines = new ArrayList<>();
        for (String line : out.toString(StandardCharsets.UTF_8).split("\n")) lines.add(new JsonMapper().readTree(line));
        return lines;
    }

    private static JsonNode line(List<JsonNode> lines, String source) {
        return lines.stream().filter(node -> node.path("source").asText().equals(source)).findFirst().orElseThrow();
    }
}
