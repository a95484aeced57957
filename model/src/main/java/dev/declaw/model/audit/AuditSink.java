package dev.declaw.model.audit;

/// Where decisions are recorded. `record` returns when the event will survive the death of this process; only then may the
/// first byte that the decision covers leave (I6). Thread-safe.
public interface AuditSink {
    /// @throws AuditUnavailableException when the sink is full or broken; the caller must deny
    void record(AuditEvent event);
}
