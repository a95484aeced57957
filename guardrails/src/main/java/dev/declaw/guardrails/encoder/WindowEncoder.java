package dev.declaw.guardrails.encoder;

import java.util.List;

/// The second tier: judges stretches of text by meaning. Thread-safe.
public interface WindowEncoder {
    /// Column of the log-odds that a text is an injection.
    int INJECTION = 0;

    /// Column of the log-odds that a text is toxic.
    int TOXICITY = 1;

    /// First of the columns of the toxicity labels.
    int LABELS = 2;

    /// The log-odds of each text, one row a text.
    ///
    /// @param texts at most [#BATCH_MAX]
    /// @throws IllegalStateException when the model cannot run; callers treat that as a block (fail closed)
    float[][] logits(List<String> texts);

    /// Texts of one call.
    int BATCH_MAX = 32;
}
