package dev.declaw.server.audit;

/// One event in its place in the chain.
///
/// @param sequence counts up from 1 within a sandbox
/// @param json the event as it was hashed
/// @param hash link that binds it to all events before it
public record AuditEntry(long sequence, String json, String hash) {}
