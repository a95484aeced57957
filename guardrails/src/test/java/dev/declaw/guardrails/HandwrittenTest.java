package dev.declaw.guardrails;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.toxicity.ToxicityScanner;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Rows written by hand, which no training script reads. They keep the shipped weights from getting worse unnoticed; the
/// limits are what the weights reach, and docs/guardrails-models.md tells the misses.
class HandwrittenTest {
    private static final double POINT = 0.5;
    private static final TextEncoder ENCODER = new TextEncoder();

    @AfterAll
    static void close() {
        ENCODER.close();
    }

    @Test
    void injectionsAreFoundAndHarmlessTextIsLeftAlone() throws IOException {
        check(new InjectionScanner(Optional.of(ENCODER)), "handwritten/injection.jsonl", 0.5, 0.05);
    }

    @Test
    void abuseIsFoundAndHarmlessTextIsLeftAlone() throws IOException {
        check(new ToxicityScanner(Optional.of(ENCODER)), "handwritten/toxicity.jsonl", 0.9, 0.15);
    }

    private static void check(Classifier classifier, String resource, double recallMin, double falseMax) throws IOException {
        List<String> missed = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        int[] count = new int[2];
        ObjectMapper json = new ObjectMapper();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(HandwrittenTest.class.getResourceAsStream(resource), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                JsonNode row = json.readTree(line);
                int label = row.path("label").intValue();
                double score = classifier.judge(row.path("text").textValue()).score();
                count[label]++;
                if (label == 1 && score < POINT) missed.add(score + " " + row.path("text"));
                if (label == 0 && score >= POINT) wrong.add(score + " " + row.path("text"));
            }
        }
        assertThat(1 - missed.size() / (double) count[1]).as("recall; missed %s", missed).isGreaterThanOrEqualTo(recallMin);
        assertThat(wrong.size() / (double) count[0]).as("false alarms %s", wrong).isLessThanOrEqualTo(falseMax);
    }
}
