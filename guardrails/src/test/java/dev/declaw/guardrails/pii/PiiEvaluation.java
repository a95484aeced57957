package dev.declaw.guardrails.pii;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Measures the scanner on span files of the form `{"text", "spans": [{"start", "end", "type"}], "source"}`, one JSON
/// object a line: `PiiEvaluation FILE [--show TYPE]`. Prints figures per source and type; the data stays where it is.
final class PiiEvaluation {
    private static final Map<String, String> LABELS = Map.of(
            "US_SSN", "ssn",
            "CREDIT_CARD", "credit_card",
            "EMAIL_ADDRESS", "email",
            "PHONE_NUMBER", "phone",
            "IP_ADDRESS", "ip_address",
            "SECRET", "api_key");

    private record Span(String type, int start, int end) {
        boolean overlaps(Span other) {
            return type.equals(other.type) && start < other.end && other.start < end;
        }
    }

    private static final class Score {
        int expected, found, strict, recalled, precise;

        @Override
        public String toString() {
            double p = found == 0 ? 1 : (double) precise / found;
            double r = expected == 0 ? 1 : (double) recalled / expected;
            double strictF1 = expected + found == 0 ? 1 : 2.0 * strict / (expected + found);
            return "expected %4d found %4d  P %.3f R %.3f F1 %.3f  strict F1 %.3f"
                    .formatted(expected, found, p, r, p + r == 0 ? 0 : 2 * p * r / (p + r), strictF1);
        }
    }

    private PiiEvaluation() {}

    public static void main(String[] args) throws IOException {
        String show = args.length > 2 && args[1].equals("--show") ? args[2] : "";
        ObjectMapper json = new ObjectMapper();
        PiiScanner scanner = new PiiScanner(EnumSet.allOf(PiiType.class));
        Map<String, Score> scores = new TreeMap<>();
        Map<String, int[]> decoys = new TreeMap<>();
        List<String> texts = new ArrayList<>();
        List<String> plain = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(args[0]))) {
            JsonNode row = json.readTree(line);
            String raw = row.get("text").asText();
            texts.add(raw);
            String source = row.get("source").asText();
            List<Span> expected = new ArrayList<>();
            boolean any = false;
            for (JsonNode span : row.get("spans")) {
                any = true;
                String label = LABELS.get(span.get("type").asText());
                if (label == null) continue;
                expected.add(new Span(
                        label,
                        raw.offsetByCodePoints(0, span.get("start").asInt()),
                        raw.offsetByCodePoints(0, span.get("end").asInt())));
            }
            List<Span> found = new ArrayList<>();
            for (Finding f : scanner.scan(ScanText.of(raw))) {
                if (LABELS.containsValue(f.type())) found.add(new Span(f.type(), f.start(), f.end()));
            }
            if (!any) {
                plain.add(raw);
                int[] flagged = decoys.computeIfAbsent(source, _ -> new int[2]);
                flagged[0]++;
                if (!found.isEmpty()) flagged[1]++;
            }
            for (Span e : expected) {
                Score score = scores.computeIfAbsent(source + " " + e.type, _ -> new Score());
                score.expected++;
                if (found.contains(e)) score.strict++;
                if (found.stream().anyMatch(e::overlaps)) score.recalled++;
                else if (e.type.equals(show)) System.out.println("MISS " + e + " " + clip(raw));
            }
            for (Span f : found) {
                Score score = scores.computeIfAbsent(source + " " + f.type, _ -> new Score());
                score.found++;
                if (expected.stream().anyMatch(f::overlaps)) score.precise++;
                else if (f.type.equals(show)) System.out.println("FALSE " + raw.substring(f.start, f.end) + " | " + clip(raw));
            }
        }
        scores.forEach((name, score) -> System.out.printf("%-32s %s%n", name, score));
        decoys.forEach((name, n) -> System.out.printf("%-32s texts without any span: %d flagged of %d%n", name, n[1], n[0]));
        speed("all texts", scanner, texts);
        speed("texts without spans", scanner, plain);
    }

    private static String clip(String text) {
        return text.substring(0, Math.min(220, text.length())).replace("\n", "\\n");
    }

    /// Wall time for documents of about 4 KiB, warm.
    private static void speed(String what, PiiScanner scanner, List<String> texts) {
        List<ScanText> documents = new ArrayList<>();
        StringBuilder document = new StringBuilder();
        long bytes = 0;
        for (String text : texts) {
            document.append(text).append('\n');
            if (document.length() >= 4_096) {
                documents.add(ScanText.of(document.toString()));
                bytes += document.toString().getBytes(StandardCharsets.UTF_8).length;
                document.setLength(0);
            }
        }
        if (documents.isEmpty()) return;
        double best = 0;
        long worstDocument = 0;
        for (int round = 0; round < 60; round++) {
            long before = System.nanoTime();
            for (ScanText text : documents) {
                long start = System.nanoTime();
                scanner.scan(text);
                if (round > 40) worstDocument = Math.max(worstDocument, System.nanoTime() - start);
            }
            long nanos = System.nanoTime() - before;
            best = Math.max(best, bytes * 1e3 / nanos);
        }
        System.out.printf("%s: %.0f MB/s on one thread (best of 60 rounds over %d KB in 4 KiB documents), slowest document %d µs%n",
                what, best, bytes / 1000, worstDocument / 1000);
    }
}
