package dev.declaw.egress.content;

/// What a streamed text is, as far as that changes how it is read.
enum StreamedText {
    PLAIN,
    /// Also NDJSON: escapes spell characters, and what replaces a bare number needs quotes.
    JSON,
    /// `application/x-www-form-urlencoded`: `+` is a space, and `%XX` spells bytes.
    FORM
}
