package dev.declaw.egress.websocket;

/// The status codes of close frames that we send ourselves, and which ones a peer may send (RFC 6455 §7.4).
public final class CloseCode {
    public static final int NORMAL = 1000;
    public static final int GOING_AWAY = 1001;
    public static final int PROTOCOL_ERROR = 1002;
    public static final int NOT_TEXT = 1007;
    public static final int POLICY = 1008;
    public static final int TOO_BIG = 1009;
    public static final int INTERNAL_ERROR = 1011;
    /// A close frame without a body stands for this; it is never sent.
    public static final int NONE = 1005;

    private CloseCode() {}

    static boolean maySend(int code) {
        return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 || code >= 3000 && code <= 4999;
    }
}
