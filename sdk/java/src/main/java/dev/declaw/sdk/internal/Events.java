package dev.declaw.sdk.internal;

import dev.declaw.sdk.DeclawException;
import dev.declaw.sdk.json.JsonException;
import dev.declaw.sdk.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Server-sent events whose data are JSON objects. One thread reads; any thread may close, which ends a read that waits.
public final class Events implements AutoCloseable {
    private static final int LINE_BYTES_MAX = 2 * 1024 * 1024;

    private final InputStream in;
    private final byte[] buffer = new byte[16 * 1024];
    private int filled;
    private int taken;
    private volatile boolean closed;

    public Events(InputStream in) {
        this.in = in;
    }

    /// @param name of the event; empty when it has none
    public record Event(String name, JsonObject data) {}

    /// The next event; empty at the end of the stream or after [#close].
    ///
    /// @throws DeclawException.ConnectionFailed when the connection breaks
    public Optional<Event> next() {
        String name = "";
        StringBuilder data = null;
        while (true) {
            String line = line();
            if (line == null) return Optional.empty();
            if (line.isEmpty()) {
                if (data != null) return Optional.of(new Event(name, parse(data.toString())));
                name = "";
            } else if (line.startsWith("event:")) {
                name = line.substring(6).strip();
            } else if (line.startsWith("data:")) {
                String text = line.startsWith("data: ") ? line.substring(6) : line.substring(5);
                data = data == null ? new StringBuilder(text) : data.append('\n').append(text);
            }
        }
    }

    private String line() {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try {
            while (true) {
                if (taken == filled) {
                    filled = in.read(buffer);
                    taken = 0;
                    if (filled <= 0) {
                        filled = 0;
                        return null;
                    }
                }
                byte b = buffer[taken++];
                if (b == '\n') return line.toString(StandardCharsets.UTF_8).replaceAll("\r$", "");
                line.write(b);
                if (line.size() > LINE_BYTES_MAX) {
                    throw new DeclawException("an event is longer than " + LINE_BYTES_MAX + " bytes", "invalid_answer", 0, "");
                }
            }
        } catch (IOException e) {
            if (closed) return null;
            DeclawException failure = new DeclawException.ConnectionFailed("the stream broke", "stream_cut_off");
            failure.initCause(e);
            throw failure;
        }
    }

    private static JsonObject parse(String text) {
        try {
            return JsonObject.parse(text);
        } catch (JsonException e) {
            throw new DeclawException("an event of the server is no JSON object", "invalid_answer", 0, "");
        }
    }

    /// The failure of a stream that ended without its last event.
    public static DeclawException cutOff(String what) {
        return new DeclawException.ConnectionFailed("the stream ended before " + what + " did", "stream_cut_off");
    }

    @Override
    public void close() {
        closed = true;
        try {
            in.close();
        } catch (IOException e) {
            // Nothing is lost: whoever closes does not want what is left.
        }
    }
}
