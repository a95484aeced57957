package dev.declaw.model.scan;

/// One span that a scanner recognised. Holds no text: a finding may be logged.
///
/// @param type what was found, for PII a [PiiType] wire name such as `ssn`
/// @param start first UTF-16 index in the scanned text
/// @param end index after the last one
/// @param confidence 0 to 1; 1 where a checksum or an exact match proves it
public record Finding(String type, int start, int end, double confidence) {
    public Finding {
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException("empty or negative span");
        }
    }

    /// The category in the words of classifiers: the same as the type.
    public String category() {
        return type;
    }

    public Severity severity() {
        return Severity.of(confidence);
    }
}
