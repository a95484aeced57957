package dev.declaw.guardrails.report;

import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.guardrails.code.CodeSecurity;
import dev.declaw.guardrails.encoder.TextEncoder;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.injection.InjectionThreshold;
import dev.declaw.guardrails.invisible.InvisibleText;
import dev.declaw.guardrails.pii.PiiScanners;
import dev.declaw.guardrails.secrets.SecretScanner;
import dev.declaw.guardrails.toxicity.ToxicityScanner;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.PiiType;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Every scanner at its default threshold. Models are loaded when they are first asked for. Thread-safe.
public final class AllScanners implements AutoCloseable {
    /// As policies and verdicts name them, cheapest first.
    public static final List<String> NAMES = List.of("invisible_text", "secrets", "pii", "code_security", "toxicity", "prompt_injection");

    /// Longer texts are refused; whoever has one cuts it into windows.
    public static final int TEXT_CHARS_MAX = 4 * 1024 * 1024;

    /// The wire contract's default for toxicity, and the confidence from which personal data and secrets count.
    private static final double TOXICITY_THRESHOLD = 0.8;
    private static final double SPAN_THRESHOLD = 0.5;

    private final Scanner secrets = new SecretScanner();
    private final Classifier invisible = new InvisibleText();
    private final Classifier code = new CodeSecurity(Set.of());
    private Classifier injection;
    private Classifier toxicity;

    /// What one scanner says.
    ///
    /// @param score 0 to 1: the strongest finding's
    /// @param threshold from which the scanner's own default policy would act
    /// @param categories kinds found, strongest first
    /// @param findings where and why, in UTF-16 positions
    public record Result(String scanner, double score, double threshold, List<String> categories, List<Evidence> findings) {
        public boolean flagged() {
            return score >= threshold && score > 0;
        }
    }

    /// Loads nothing yet.
    public AllScanners() {}

    /// Asks one scanner.
    ///
    /// @param key the name that the text stands under, for scanners that care; empty when there is none
    /// @param types kinds of personal data to look for
    /// @throws IllegalArgumentException for a name that is not in [#NAMES] and for a text of more than [#TEXT_CHARS_MAX] characters
    public Result scan(String scanner, String text, String key, Set<PiiType> types) {
        if (text.length() > TEXT_CHARS_MAX) throw new IllegalArgumentException("the text has more than " + TEXT_CHARS_MAX + " characters");
        return switch (scanner) {
            case "pii" -> spans(scanner, new PiiScanners().forTypes(types), text, key);
            case "secrets" -> spans(scanner, secrets, text, key);
            case "invisible_text" -> verdict(scanner, invisible.judge(text), InvisibleText.THRESHOLD);
            case "code_security" -> verdict(scanner, code.judge(text), CodeSecurity.THRESHOLD);
            case "toxicity" -> verdict(scanner, toxicity().judge(text), TOXICITY_THRESHOLD);
            case "prompt_injection" -> verdict(scanner, injection().judge(text), InjectionThreshold.DEFAULT);
            default -> throw new IllegalArgumentException("'" + scanner + "' is no scanner; there are " + String.join(", ", NAMES));
        };
    }

    /// All kinds of personal data.
    public static Set<PiiType> allTypes() {
        return EnumSet.allOf(PiiType.class);
    }

    private static Result spans(String name, Scanner scanner, String text, String key) {
        List<Finding> found = scanner.scan(new ScanText(text, key));
        double score = found.stream().mapToDouble(Finding::confidence).max().orElse(0);
        List<String> types = found.stream().map(Finding::type).distinct().toList();
        List<Evidence> findings = found.stream()
                .map(finding -> new Evidence(finding.type(), finding.type(), finding.start(), finding.end(), finding.confidence(), ""))
                .toList();
        return new Result(name, score, SPAN_THRESHOLD, types, findings);
    }

    private static Result verdict(String name, Verdict verdict, double threshold) {
        return new Result(name, verdict.score(), threshold, verdict.categories(), verdict.evidence());
    }

    private synchronized Classifier injection() {
        if (injection == null) injection = new InjectionScanner(Optional.of(TextEncoder.shared()));
        return injection;
    }

    private synchronized Classifier toxicity() {
        if (toxicity == null) toxicity = new ToxicityScanner(Optional.of(TextEncoder.shared()));
        return toxicity;
    }

    /// Forgets the classifiers; the encoder is the process's own and stays.
    @Override
    public synchronized void close() {
        injection = null;
        toxicity = null;
    }
}
