package dev.declaw.egress.content;

import java.util.Optional;

/// A stage that reads every part of a request and may change it. Thread-safe; CPU-bound, never blocks; linear in its input
/// unless it is [#slow].
interface EditStage {
    /// Stable name for audit events, for example `pii`.
    String name();

    /// Whether it runs a model, so that it takes milliseconds even for a short text.
    default boolean slow() {
        return false;
    }

    /// Path and query of the request.
    ///
    /// @param pathAndQuery origin-form request target (RFC 9112 §3.2.1)
    Screened<String> screenTarget(String pathAndQuery, String host);

    /// One header field, its value as Latin-1.
    Screened<String> screenHeader(String name, String value, String host);

    /// A whole body after its content codings are taken off.
    ///
    /// @param contentType value of the Content-Type field, or empty
    Screened<byte[]> screenBody(byte[] decodedBody, String contentType, String host);

    /// The stage at work on a text that is too large to be held; empty where the stage must see all of it.
    ///
    /// @param text what it is
    default Optional<StreamStage> stream(StreamedText text, String host) {
        return Optional.empty();
    }
}
