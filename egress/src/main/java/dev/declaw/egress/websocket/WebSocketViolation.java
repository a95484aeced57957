package dev.declaw.egress.websocket;

/// Bytes that break RFC 6455 or one of our limits. The connection cannot go on. Carries no text of the message.
public final class WebSocketViolation extends Exception {
    private static final long serialVersionUID = 1L;
    private final int closeCode;

    /// @param closeCode what to say in the close frame (RFC 6455 §7.4.1)
    /// @param detail which rule was broken, for people
    WebSocketViolation(int closeCode, String detail) {
        super(detail, null, false, false);
        this.closeCode = closeCode;
    }

    static WebSocketViolation protocol(String detail) {
        return new WebSocketViolation(CloseCode.PROTOCOL_ERROR, detail);
    }

    /// More than a limit allows.
    public static WebSocketViolation flood(String detail) {
        return new WebSocketViolation(CloseCode.POLICY, detail);
    }

    public int closeCode() {
        return closeCode;
    }
}
