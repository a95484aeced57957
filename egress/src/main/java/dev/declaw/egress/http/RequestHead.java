package dev.declaw.egress.http;

import java.util.List;

/// A request's head after the one and only parse: what a hop must know is taken out of the fields, the rest is end-to-end.
///
/// @param method upper-case, never CONNECT, TRACE or TRACK
/// @param target origin-form (`/path?query`), or `*` for OPTIONS
/// @param authority from `Host`, to which an absolute-form target was compared
/// @param http11 false for HTTP/1.0
/// @param fields in order, without `Host`, framing, `Expect` and hop-by-hop fields
/// @param framing how the body ends
/// @param keepAlive whether the client wants to send another request
/// @param expectsContinue whether the client waits for `100 Continue`
/// @param websocket whether the client asked to leave HTTP for WebSocket
/// @param upgradesToWebsocketOnly whether it asked in the one well-formed way
/// @param headBytes size on the wire
public record RequestHead(
        String method,
        String target,
        Authority authority,
        boolean http11,
        List<Field> fields,
        BodyFraming framing,
        boolean keepAlive,
        boolean expectsContinue,
        boolean websocket,
        boolean upgradesToWebsocketOnly,
        int headBytes) {
    /// Whether a target that was changed since it was parsed may still be sent.
    public static boolean isTarget(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= 0x20 || c >= 0x7f || c == '#') return false;
        }
        return text.startsWith("/") || text.equals("*");
    }

    /// The values of a field joined by commas; empty when it is absent.
    public String value(String name) {
        return FieldSection.joined(fields, name);
    }

    /// RFC 9110 §9.2.2: sending it twice does what sending it once does.
    public boolean idempotent() {
        return switch (method) {
            case "GET", "HEAD", "OPTIONS", "PUT", "DELETE" -> true;
            default -> false;
        };
    }
}
