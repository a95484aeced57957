package dev.declaw.egress.content;

import dev.declaw.model.policy.Reason;

/// Takes the content codings off a whole request body (RFC 9110 §8.4), bounded in output and ratio.
public final class BodyDecoder {
    /// What came of it.
    public sealed interface Decoded {
        /// @param bytes the body without codings
        record Plain(byte[] bytes) implements Decoded {}

        /// The body cannot be scanned, so it must not leave.
        record Refused(Reason reason) implements Decoded {}
    }

    private final int outputBytesMax;

    /// @param outputBytesMax decoded size above which a body is refused with `request_too_large`
    public BodyDecoder(int outputBytesMax) {
        this.outputBytesMax = outputBytesMax;
    }

    /// @param contentEncoding value of the Content-Encoding field (fields joined by commas), or empty
    public Decoded decode(byte[] body, String contentEncoding) {
        if (body.length > outputBytesMax) return new Decoded.Refused(Reason.REQUEST_TOO_LARGE);
        return new Decoded.Refused(Reason.UNDECODABLE_BODY);
    }
}
