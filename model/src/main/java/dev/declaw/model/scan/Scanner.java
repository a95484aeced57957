package dev.declaw.model.scan;

import java.util.List;

/// A detector without I/O and without state that one scan leaves to the next: the same text gives the same findings on
/// any thread. Implementations are thread-safe. Every kind of scanner is plugged in as this one interface.
public interface Scanner {
    /// Stable name for audit events, block answers and metrics, for example `pii`.
    String name();

    /// Finds spans in the text, sorted by start, not overlapping. A scanner that judges a text as a whole and cannot name
    /// a place reports the whole of it. What lies below the threshold that the scanner was made with is no finding.
    ///
    /// @throws RuntimeException when the scanner cannot judge the text; callers treat that as a block (fail closed)
    List<Finding> scan(ScanText text);

    /// Finds in the pieces of one message. Spans refer to the piece at the same index. A scanner with a budget for each
    /// message rather than each text overrides it.
    ///
    /// @throws RuntimeException as [#scan]
    default List<List<Finding>> scanAll(List<ScanText> texts) {
        return texts.stream().map(this::scan).toList();
    }

    /// The most that [#overlapChars] may answer.
    int OVERLAP_CHARS_MAX = 65_536;

    /// How many characters behind its start a finding may need, its own among them: a caller that cuts a text into windows lets them
    /// overlap by so many. [ScanStream] does that.
    ///
    /// @return 0 to [#OVERLAP_CHARS_MAX]
    default int overlapChars() {
        return 4_096;
    }

    /// Whether the first line of a text, as the heads of a table's columns, gives meaning to all later ones.
    default boolean readsTables() {
        return false;
    }

    /// Whether a scan may take milliseconds (it runs a model), so that it must not run on an event loop.
    default boolean slow() {
        return false;
    }
}
