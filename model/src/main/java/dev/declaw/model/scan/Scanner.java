package dev.declaw.model.scan;

import java.util.List;

/// A detector without I/O and without state that one scan leaves to the next: the same text gives the same findings on
/// any thread. Implementations are thread-safe.
public interface Scanner {
    /// Stable name for audit events and metrics, for example `pii`.
    String name();

    /// Finds spans in the text, sorted by start, not overlapping.
    ///
    /// @throws RuntimeException when the scanner cannot judge the text; callers treat that as a block (fail closed)
    List<Finding> scan(ScanText text);
}
