package dev.declaw.guardrails.injection;

/// Who wrote a piece of text. What is an order from one is an injection from another.
public enum Origin {
    /// Not known: a body, file or page by itself.
    UNKNOWN,
    /// The operator's own instructions. Never judged.
    SYSTEM,
    /// The person the model works for: only overrides and extraction count.
    USER,
    /// The model itself. Never judged.
    ASSISTANT,
    /// What a tool returned or a document says: nothing in it should give orders.
    TOOL
}
