package dev.declaw.guardrails;

import java.util.List;
import java.util.Objects;

/// What a [Classifier] says about one text.
///
/// @param score 0 to 1, calibrated by each classifier so that its published thresholds mean the same from one version to
///     the next; a caller compares it with the policy's threshold and nothing else
/// @param categories what the text is, strongest first, no duplicates; empty when nothing was found
/// @param evidence why, in the order of the text; bounded by [#EVIDENCE_MAX]
public record Verdict(double score, List<String> categories, List<Evidence> evidence) {
    /// More evidence than this adds nothing to a verdict and is left out.
    public static final int EVIDENCE_MAX = 64;

    /// Nothing found.
    public static final Verdict CLEAR = new Verdict(0, List.of(), List.of());

    public Verdict {
        if (!(score >= 0 && score <= 1)) throw new IllegalArgumentException("score outside 0..1: " + score);
        categories = List.copyOf(categories);
        evidence = List.copyOf(evidence);
        if (evidence.size() > EVIDENCE_MAX) throw new IllegalArgumentException("too much evidence: " + evidence.size());
    }

    /// One reason for a verdict.
    ///
    /// @param category one of the classifier's categories
    /// @param rule stable name of what fired, for logs and tuning
    /// @param start first UTF-16 index in the judged text
    /// @param end index after the last one; equal to start where the reason lies in no one place
    /// @param score what this reason is worth alone, 0 to 1
    /// @param detail for people; may quote the text (a decoded hidden message), so never log it where bodies are not logged
    public record Evidence(String category, String rule, int start, int end, double score, String detail) {
        public Evidence {
            Objects.requireNonNull(category);
            Objects.requireNonNull(rule);
            Objects.requireNonNull(detail);
            if (start < 0 || end < start) throw new IllegalArgumentException("negative span");
        }
    }
}
