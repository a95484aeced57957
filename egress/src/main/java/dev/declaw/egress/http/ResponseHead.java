package dev.declaw.egress.http;

import java.util.List;
import java.util.OptionalLong;

/// A response's head after the one and only parse.
///
/// @param status 100 to 599
/// @param reason phrase as received
/// @param http11 false for HTTP/1.0
/// @param fields in order, without framing and hop-by-hop fields
/// @param framing how the body ends
/// @param announcedLength the Content-Length of a response that has no body (to HEAD, or 304)
/// @param keepAlive whether the connection may carry another request
/// @param upgradesToWebsocketOnly whether it agrees to leave HTTP for WebSocket
public record ResponseHead(
        int status,
        String reason,
        boolean http11,
        List<Field> fields,
        BodyFraming framing,
        OptionalLong announcedLength,
        boolean keepAlive,
        boolean upgradesToWebsocketOnly) {
    /// 1xx, after which the real response follows.
    public boolean interim() {
        return status < 200;
    }

    /// The values of a field joined by commas; empty when it is absent.
    public String value(String name) {
        return FieldSection.joined(fields, name);
    }
}
