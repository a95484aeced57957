package dev.declaw.runtime.guest;

import java.io.FilterInputStream;

/// The body of a successful answer.
final class Answer extends FilterInputStream {
    private final long sizeBytes;

    /// @param sizeBytes length of the body, or -1 when it is not known
    Answer(BodyStream body, long sizeBytes) {
        super(body);
        this.sizeBytes = sizeBytes;
    }

    long sizeBytes() {
        return sizeBytes;
    }
}
