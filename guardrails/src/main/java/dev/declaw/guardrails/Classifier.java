package dev.declaw.guardrails;

/// A detector that judges a whole text instead of naming spans to replace: prompt injection, toxicity, code security,
/// invisible text. Pure and thread-safe: the same text gives the same verdict on any thread.
public interface Classifier {
    /// Stable name for audit events, metrics and the benches, for example `code_security`.
    String name();

    /// Judges one text, decoded as for [dev.declaw.model.scan.ScanText]. Time and memory are linear in its length.
    ///
    /// @throws RuntimeException when the text cannot be judged; callers treat that as a block (fail closed)
    Verdict judge(String text);
}
