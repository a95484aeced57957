package dev.declaw.model.scan;

import java.util.Objects;

/// One piece of text as a scanner sees it: already decoded (JSON escapes, percent, charset), with the name it stood under.
///
/// @param text the decoded text
/// @param key the JSON key, form field, header or query name it is the value of; empty when there is none
/// @param author who wrote it, where the format of the message tells
public record ScanText(String text, String key, Author author) {
    public ScanText {
        Objects.requireNonNull(text);
        Objects.requireNonNull(key);
        Objects.requireNonNull(author);
    }

    public ScanText(String text, String key) {
        this(text, key, Author.UNKNOWN);
    }

    public static ScanText of(String text) {
        return new ScanText(text, "");
    }
}
