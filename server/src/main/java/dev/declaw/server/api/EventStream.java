package dev.declaw.server.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// Writes server-sent events in the one form that all clients read (wire-api 1.15): `event:` line first, one `data:` line of
/// ASCII JSON, bare LF, one space, flushed per event. Used by one thread.
final class EventStream {
    private final HttpCall call;

    private EventStream(HttpCall call) {
        this.call = call;
    }

    /// Sends the headers and a first comment at once: clients wait for them before they go on.
    static EventStream open(HttpCall call) {
        call.start(200, "text/event-stream");
        call.responseHeader("Cache-Control", "no-cache");
        call.streams();
        EventStream stream = new EventStream(call);
        stream.comment("open");
        return stream;
    }

    void event(String name, JsonNode data) {
        send("event: " + Objects.requireNonNull(name) + "\ndata: " + Json.write(data) + "\n\n");
    }

    /// Keeps the connection alive and finds out whether somebody still reads.
    void keepAlive() {
        comment("keep-alive");
    }

    void close() {
        call.write(new byte[0], true);
    }

    private void comment(String text) {
        send(": " + text + "\n\n");
    }

    private void send(String frame) {
        call.write(frame.getBytes(StandardCharsets.US_ASCII), false);
    }
}
