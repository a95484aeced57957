package dev.declaw.sdk;

import java.nio.charset.StandardCharsets;

/// A piece of output, as it came. A character may be split over two pieces.
///
/// @param stream which of the two it was written to; a terminal has only `STDOUT`
public record Output(Stream stream, byte[] bytes) {
    /// The two outputs of a process.
    public enum Stream {
        STDOUT,
        STDERR
    }

    public Output {
        bytes = bytes.clone();
    }

    @Override
    public byte[] bytes() {
        return bytes.clone();
    }

    public String text() {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
