package dev.declaw.sdk.json;

/// A text that is no JSON.
public final class JsonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public JsonException(String message) {
        super(message);
    }
}
