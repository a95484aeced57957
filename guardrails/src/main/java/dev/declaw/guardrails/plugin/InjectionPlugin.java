package dev.declaw.guardrails.plugin;

import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.guardrails.injection.InjectionScanner;
import dev.declaw.guardrails.injection.InjectionThreshold;
import dev.declaw.guardrails.injection.Origin;
import dev.declaw.model.scan.Author;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.InjectionLevels;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The injection scanner with a policy's levels: each piece counts from the score that its author must reach. The request
/// body of an LLM API, given as one text, is judged by role within the budget of one text. Thread-safe.
final class InjectionPlugin implements Scanner {
    private final InjectionScanner scanner;
    private final Map<Origin, Double> thresholds = new EnumMap<>(Origin.class);

    InjectionPlugin(InjectionScanner scanner, InjectionLevels levels) {
        this.scanner = scanner;
        for (Origin origin : Origin.values()) {
            thresholds.put(
                    origin,
                    InjectionThreshold.of(
                            levels.threshold().orElse(null),
                            levels.sensitivity().map(word -> word.name().toLowerCase(Locale.ROOT)).orElse(null),
                            levels.posture().map(InjectionLevels.Posture::wire).orElse(null),
                            origin));
        }
    }

    @Override
    public String name() {
        return scanner.name();
    }

    @Override
    public boolean slow() {
        return true;
    }

    @Override
    public List<Finding> scan(ScanText text) {
        if (text.text().isBlank()) return List.of();
        Verdict verdict = text.author() == Author.UNKNOWN
                ? scanner.judge(text.text())
                : scanner.judge(text.text(), Origin.valueOf(text.author().name()));
        List<Finding> findings = new ArrayList<>();
        for (Evidence reason : verdict.evidence()) {
            if (reason.score() >= thresholds.get(originOf(reason.rule()))) {
                ClassifierScanner.append(findings, text.text(), reason, reason.score());
            }
        }
        return findings;
    }

    /// The scanner puts the author behind the rule's name, as in `window-tool`.
    private static Origin originOf(String rule) {
        for (Origin origin : Origin.values()) {
            if (rule.endsWith("-" + origin.name().toLowerCase(Locale.ROOT))) return origin;
        }
        return Origin.UNKNOWN;
    }
}
