package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.egress.websocket.Handshake;
import java.util.List;

/// What is sent upstream in place of what the guest sent.
///
/// @param whole whether the body was held back as a whole
/// @param content that body; empty where it follows as it comes
record Outgoing(Upstream.Request request, boolean whole, byte[] content) {
    /// @param screening null for a request that is not read
    /// @param streaming whether its body is changed as it comes, so that nobody knows its length yet
    /// @param handshake null for one that opens no WebSocket
    static Outgoing of(
            RequestHead head,
            RequestScreening screening,
            boolean streaming,
            Handshake handshake,
            boolean secure,
            Destination destination) {
        boolean whole = screening != null && screening.readsBody() && !streaming;
        byte[] content = whole ? screening.body() : new byte[0];
        BodyFraming framing = streaming ? BodyFraming.CHUNKED : whole ? BodyFraming.length(content.length) : head.framing();
        List<Field> fields = screening == null ? head.fields() : screening.fields();
        String target = screening == null ? head.target() : screening.target();
        if (handshake != null) fields = handshake.upstreamFields(fields);
        String scheme = secure ? "https" : "http";
        String authority = head.authority().withPort(destination.port(), scheme);
        return new Outgoing(
                new Upstream.Request(head.method(), scheme, target, authority, fields, framing, handshake != null),
                whole,
                content);
    }
}
