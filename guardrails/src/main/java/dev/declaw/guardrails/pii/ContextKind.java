package dev.declaw.guardrails.pii;

/// What a word nearby says about the number or value that follows it.
enum ContextKind {
    SSN,
    CARD,
    PHONE,
    IP,
    /// `version`, `release`: dotted numbers are no addresses.
    VERSION,
    /// `order`, `tracking`, `timestamp`: long numbers are somebody's ids.
    IDENTIFIER,
    NONE
}
