package dev.declaw.guardrails.plugin;

import dev.declaw.guardrails.Classifier;
import dev.declaw.guardrails.Verdict;
import dev.declaw.guardrails.Verdict.Evidence;
import dev.declaw.model.scan.Finding;
import dev.declaw.model.scan.ScanText;
import dev.declaw.model.scan.Scanner;
import java.util.ArrayList;
import java.util.List;

/// A classifier as a scanner: evidence from the threshold on becomes findings. Thread-safe.
final class ClassifierScanner implements Scanner {
    private final Classifier classifier;
    private final double threshold;
    private final boolean slow;

    ClassifierScanner(Classifier classifier, double threshold, boolean slow) {
        this.classifier = classifier;
        this.threshold = threshold;
        this.slow = slow;
    }

    @Override
    public String name() {
        return classifier.name();
    }

    @Override
    public boolean slow() {
        return slow;
    }

    @Override
    public List<Finding> scan(ScanText text) {
        if (text.text().isEmpty()) return List.of();
        Verdict verdict = classifier.judge(text.text());
        if (verdict.categories().isEmpty() || verdict.score() < threshold) return List.of();
        List<Finding> findings = new ArrayList<>();
        for (Evidence reason : verdict.evidence()) {
            // Advice (insecure code) has evidence of its own that never made the score.
            if (reason.score() >= threshold && !reason.category().equals("insecure_code")) {
                append(findings, text.text(), reason, reason.score());
            }
        }
        if (findings.isEmpty()) {
            findings.add(new Finding(verdict.categories().getFirst(), 0, text.text().length(), verdict.score()));
        }
        return findings;
    }

    /// Adds a finding behind the earlier ones; one that overlaps them only raises their score.
    static void append(List<Finding> findings, String text, Evidence reason, double score) {
        boolean placed = reason.end() > reason.start();
        int start = placed ? reason.start() : 0;
        int end = placed ? Math.min(reason.end(), text.length()) : text.length();
        Finding last = findings.isEmpty() ? null : findings.getLast();
        if (last == null || start >= last.end()) {
            findings.add(new Finding(reason.category(), start, end, score));
        } else {
            boolean stronger = score > last.confidence();
            findings.set(
                    findings.size() - 1,
                    new Finding(
                            stronger ? reason.category() : last.type(),
                            Math.min(start, last.start()),
                            Math.max(end, last.end()),
                            Math.max(score, last.confidence())));
        }
    }
}
