package dev.declaw.bench;

import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.code.CodeSecurity;
import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.invisible.InvisibleText;
import dev.declaw.guardrails.pii.PiiScanner;
import dev.declaw.guardrails.pii.PiiScanners;
import dev.declaw.guardrails.secrets.SecretScanner;
import dev.declaw.guardrails.toxicity.ToxicityScanner;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The scanners that the bench knows, by the name that a file's path carries. A new one is one line in [#all].
final class Subjects {
    /// Types of the datasets that the wire contract calls otherwise.
    private static final Map<String, String> TYPES = Map.of(
            "us_ssn", "ssn",
            "email_address", "email",
            "phone_number", "phone",
            "person", "person_name",
            "street_address", "address",
            "us_bank_routing", "bank_routing",
            "uk_nino", "national_id");

    /// About 1 %, 0.3 % and 0.1 % false alarms on ordinary text.
    private static final List<Double> MODEL_POINTS = List.of(0.5, 0.8, 0.95);

    /// All kinds of personal data, names and addresses too: their model costs a thousand times what the rest does, so files of
    /// personal data are judged without it and then with it.
    private static final String WITH_NAMES = "pii-with-names";

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Subjects() {}

    /// CPU time of this thread, so that a busy machine does not count.
    private static long cpuNanos() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /// Something that judges rows.
    interface Subject {
        Score newScore(List<Double> fileNegatives);

        void judge(String text, JsonNode row, List<Score> groups);

        void warmUp(List<String> texts);
    }

    /// Suppliers, so that a model is loaded only where a file asks for it.
    static Map<String, Supplier<Subject>> all() {
        Map<String, Supplier<Subject>> all = new LinkedHashMap<>();
        all.put("pii", () -> new Spotted(new PiiScanner(PiiScanner.RECOGNISED)));
        all.put(WITH_NAMES, () -> new Spotted(new PiiScanners().forTypes(EnumSet.allOf(PiiType.class))));
        all.put("secrets", () -> new Spotted(new SecretScanner()));
        all.put("code-security", () -> new Judged(new CodeSecurity(Set.of()), List.of(CodeSecurity.THRESHOLD, 0.8, 0.9)));
        all.put("invisible-text", () -> new Judged(new InvisibleText(), List.of(InvisibleText.THRESHOLD, 0.8)));
        all.put("injection", () -> new Judged(new InjectionScanner(Optional.of(new TextEncoder())), MODEL_POINTS));
        all.put("toxicity", () -> new Judged(new ToxicityScanner(Optional.of(new TextEncoder())), MODEL_POINTS));
        return all;
    }

    /// What in a path stands for a scanner.
    private static final Map<String, String> STEMS = Map.of(
            "pii", "pii",
            "secret", "secrets",
            "code", "code-security",
            "invisible", "invisible-text",
            "injection", "injection",
            "toxic", "toxicity");

    /// The scanner that a path names: the longest stem in the path below the data directory, else in the whole path.
    static Optional<String> nameFor(String path, String relative, Set<String> names) {
        Optional<String> inner = longest(relative, names);
        return inner.isPresent() ? inner : longest(path, names);
    }

    /// What else judges the files of a scanner.
    static Optional<String> alsoFor(String name, Set<String> names) {
        return name.equals("pii") && names.contains(WITH_NAMES) ? Optional.of(WITH_NAMES) : Optional.empty();
    }

    private static Optional<String> longest(String path, Set<String> names) {
        String plain = path.toLowerCase(Locale.ROOT);
        return STEMS.keySet().stream()
                .filter(stem -> plain.contains(stem) && names.contains(STEMS.get(stem)))
                .max(Comparator.comparingInt(String::length))
                .map(STEMS::get);
    }

    /// A classifier at its published operating points.
    record Judged(Classifier classifier, List<Double> thresholds) implements Subject {
        @Override
        public Score newScore(List<Double> fileNegatives) {
            return new Score.Labels(thresholds, fileNegatives);
        }

        @Override
        public void judge(String text, JsonNode row, List<Score> groups) {
            boolean positive = row.path("label").asInt() == 1;
            long before = Subjects.cpuNanos();
            double score = classifier.judge(text).score();
            long spent = Subjects.cpuNanos() - before;
            int bytes = text.getBytes(StandardCharsets.UTF_8).length;
            for (Score group : groups) {
                if (group instanceof Score.Labels labels) {
                    labels.add(positive, score);
                    labels.cost.add(spent, bytes);
                }
            }
            if (!positive && groups.getFirst() instanceof Score.Labels labels) labels.addToFile(score);
        }

        @Override
        public void warmUp(List<String> texts) {
            texts.forEach(classifier::judge);
        }
    }

    /// A scanner of spans.
    record Spotted(Scanner scanner) implements Subject {
        @Override
        public Score newScore(List<Double> fileNegatives) {
            return new Score.Spans();
        }

        @Override
        public void judge(String text, JsonNode row, List<Score> groups) {
            List<Score.Span> gold = row.path("spans").valueStream()
                    .map(span -> new Score.Span(
                            type(span.path("type").asText()),
                            text.offsetByCodePoints(0, span.path("start").asInt()),
                            text.offsetByCodePoints(0, span.path("end").asInt())))
                    .toList();
            long before = Subjects.cpuNanos();
            List<Score.Span> found = scanner.scan(ScanText.of(text)).stream()
                    .map(finding -> new Score.Span(type(finding.type()), finding.start(), finding.end()))
                    .toList();
            long spent = Subjects.cpuNanos() - before;
            int bytes = text.getBytes(StandardCharsets.UTF_8).length;
            for (Score group : groups) {
                if (group instanceof Score.Spans spans) {
                    spans.add(gold, found);
                    spans.cost.add(spent, bytes);
                }
            }
        }

        @Override
        public void warmUp(List<String> texts) {
            texts.forEach(text -> scanner.scan(ScanText.of(text)));
        }

        private static String type(String name) {
            String lower = name.toLowerCase(Locale.ROOT);
            return TYPES.getOrDefault(lower, lower);
        }
    }
}
