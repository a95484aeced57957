package dev.declaw.egress.http;

/// How the end of a body is recognised (RFC 9112 §6).
public sealed interface BodyFraming {
    /// No body.
    record None() implements BodyFraming {}

    /// @param bytes exact length, at least 1
    record Length(long bytes) implements BodyFraming {}

    record Chunked() implements BodyFraming {}

    /// Responses only: the body ends with the connection.
    record UntilClose() implements BodyFraming {}

    BodyFraming NONE = new None();
    BodyFraming CHUNKED = new Chunked();
    BodyFraming UNTIL_CLOSE = new UntilClose();

    static BodyFraming length(long bytes) {
        return bytes == 0 ? NONE : new Length(bytes);
    }
}
