package dev.declaw.server.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Turns the bytes of one output stream into `output` events (wire-api 4.3). One client concatenates the events' texts, the
/// other joins them with newlines, so: one event per line, with its newline for the first and without it for the second.
/// The first gets unfinished lines at once; the second would see a line break in them, so they wait for their end.
/// Characters that are split over chunks are put together; what is not UTF-8 becomes U+FFFD.
final class LineEvents {
    /// Longer lines are sent in parts: escaped, one part stays below the 1 MiB that one client reads per line.
    static final int PART_CHARS_MAX = 64 * 1024;

    private final String type;
    private final boolean joinedWithNewlines;
    private final Consumer<ObjectNode> sink;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private final StringBuilder line = new StringBuilder();
    private ByteBuffer undecoded = ByteBuffer.allocate(0);

    /// @param type `stdout` or `stderr`
    /// @param joinedWithNewlines whether the reader puts a newline between events
    LineEvents(String type, boolean joinedWithNewlines, Consumer<ObjectNode> sink) {
        this.type = type;
        this.joinedWithNewlines = joinedWithNewlines;
        this.sink = sink;
    }

    void bytes(byte[] chunk) {
        take(decode(chunk, false));
        if (!joinedWithNewlines) flush();
    }

    /// The stream has ended.
    void end() {
        take(decode(new byte[0], true));
        flush();
    }

    private void take(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                if (!joinedWithNewlines) line.append(c);
                send();
            } else {
                line.append(c);
                boolean betweenCharacters = !Character.isHighSurrogate(c);
                if (line.length() >= PART_CHARS_MAX && betweenCharacters) send();
            }
        }
    }

    private void flush() {
        if (!line.isEmpty()) send();
    }

    private void send() {
        sink.accept(Json.object().put("type", type).put("stream", type).put("data", line.toString()));
        line.setLength(0);
    }

    private CharBuffer decode(byte[] chunk, boolean last) {
        ByteBuffer in = ByteBuffer.allocate(undecoded.remaining() + chunk.length);
        in.put(undecoded).put(chunk).flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + 2); // the bytes of a cut character become one U+FFFD
        decoder.decode(in, out, last);
        if (last) decoder.flush(out);
        undecoded = in;
        return out.flip();
    }
}
