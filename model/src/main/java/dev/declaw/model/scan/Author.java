package dev.declaw.model.scan;

/// Who wrote a piece of text. What is an order from one is an injection from another.
public enum Author {
    /// Not known: a body, file, field or page by itself.
    UNKNOWN,
    /// The operator's own instructions to a model.
    SYSTEM,
    /// The person that a model works for.
    USER,
    /// The model itself.
    ASSISTANT,
    /// What a tool returned or a document says.
    TOOL
}
