package dev.declaw.egress.content;

/// The format that a rehydrated value is inserted into, so that the value cannot break it.
public enum Carrier {
    JSON,
    MARKUP,
    FORM,
    TEXT,
    OPAQUE;

    /// @param contentType value of the response's Content-Type field, or empty
    public static Carrier of(String contentType) {
        return OPAQUE;
    }
}
