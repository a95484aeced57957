package dev.declaw.model.scan;

/// One span that a [ScanStream] recognised, counted from the start of the whole stream. Holds no text: it may be logged.
///
/// @param type as in [Finding#type]
/// @param start UTF-16 index of the stream's first character of the span
/// @param end index after the last one
/// @param confidence 0 to 1
public record StreamFinding(String type, long start, long end, double confidence) {
    public StreamFinding {
        if (start < 0 || end <= start) {
            throw new IllegalArgumentException("empty or negative span");
        }
    }
}
