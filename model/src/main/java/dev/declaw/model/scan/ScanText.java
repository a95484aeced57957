package dev.declaw.model.scan;

import java.util.Objects;

/// One piece of text as a scanner sees it: already decoded (JSON escapes, percent, charset), with the name it stood under.
///
/// @param text the decoded text
/// @param key the JSON key, form field, header or query name it is the value of; empty when there is none
public record ScanText(String text, String key) {
    public ScanText {
        Objects.requireNonNull(text);
        Objects.requireNonNull(key);
    }

    public static ScanText of(String text) {
        return new ScanText(text, "");
    }
}
