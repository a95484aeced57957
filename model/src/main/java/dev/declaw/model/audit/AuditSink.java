package dev.declaw.model.audit;

/// Where decisions are recorded. `record` returns when the event will survive the death of this process; only then may the
/// first byte that the decision covers leave (I6). Thread-safe.
public interface AuditSink {
    /// @throws AuditUnavailableException when the sink is full or broken; the caller must deny
    void record(AuditEvent event);

    /// Takes an event that no decision waits for, such as the end of something that was allowed: it is recorded, in order,
    /// together with the next one or by [#flush]. Until then the death of the process loses it.
    ///
    /// @throws AuditUnavailableException when it cannot be kept
    default void recordLater(AuditEvent event) {
        record(event);
    }

    /// Records what [#recordLater] has taken.
    ///
    /// @throws AuditUnavailableException when the sink is full or broken; what was taken is kept, within bounds
    default void flush() {}
}
