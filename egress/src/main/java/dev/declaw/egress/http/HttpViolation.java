package dev.declaw.egress.http;

/// A message that breaks RFC 9112 or one of our limits. Nothing of it may be forwarded, and the connection cannot go on,
/// because where the next message starts is unknown. Carries no text of the message.
public final class HttpViolation extends Exception {
    private static final long serialVersionUID = 1L;
    private final int status;

    /// @param status what to answer when the peer is a client
    /// @param detail which rule was broken, for people
    public HttpViolation(int status, String detail) {
        super(detail, null, false, false);
        this.status = status;
    }

    public int status() {
        return status;
    }

    static HttpViolation bad(String detail) {
        return new HttpViolation(400, detail);
    }
}
