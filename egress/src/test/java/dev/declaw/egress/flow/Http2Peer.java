package dev.declaw.egress.flow;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// One end of an HTTP/2 connection that does as told, right or wrong. Its fields are literals without tables, so that a test
/// says every byte; only what it reads is decoded by a library. One thread at a time.
final class Http2Peer {
    static final int DATA = 0;
    static final int HEADERS = 1;
    static final int PRIORITY = 2;
    static final int RST_STREAM = 3;
    static final int SETTINGS = 4;
    static final int PUSH_PROMISE = 5;
    static final int PING = 6;
    static final int GOAWAY = 7;
    static final int WINDOW_UPDATE = 8;
    static final int CONTINUATION = 9;
    static final int END_STREAM = 1;
    static final int END_HEADERS = 4;

    private final DataInputStream in;
    private final OutputStream out;
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, 1 << 20);
    private final Map<Integer, Message> messages = new HashMap<>();
    final List<byte[]> headerBlocks = new ArrayList<>();
    final Map<Integer, Long> settings = new HashMap<>();
    /// Whether what is read is credited, so that the other side may go on.
    boolean credits = true;
    int goAway = -1;

    record Frame(int type, int flags, int stream, byte[] payload) {}

    /// What came on one stream.
    static final class Message {
        final Map<String, String> fields = new HashMap<>();
        final Map<String, String> trailers = new HashMap<>();
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        boolean headed;
        boolean ended;
        int reset = -1;

        String status() {
            return fields.get(":status");
        }

        String text() {
            return body.toString(StandardCharsets.ISO_8859_1);
        }
    }

    Http2Peer(InputStream in, OutputStream out, boolean client) throws IOException {
        this.in = new DataInputStream(in);
        this.out = out;
        if (client) {
            raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else {
            byte[] preface = this.in.readNBytes(24);
            if (preface.length < 24) throw new EOFException();
        }
        frame(SETTINGS, 0, 0, new byte[] {0, 4, 0x00, 0x7f, (byte) 0xff, (byte) 0xff}); // INITIAL_WINDOW_SIZE
        frame(WINDOW_UPDATE, 0, 0, new byte[] {0x00, 0x7f, 0, 0});
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    static byte[] bytes(int type, int flags, int stream, byte[] payload) {
        byte[] frame = new byte[9 + payload.length];
        frame[0] = (byte) (payload.length >> 16);
        frame[1] = (byte) (payload.length >> 8);
        frame[2] = (byte) payload.length;
        frame[3] = (byte) type;
        frame[4] = (byte) flags;
        for (int i = 0; i < 4; i++) frame[5 + i] = (byte) (stream >> 24 - 8 * i);
        System.arraycopy(payload, 0, frame, 9, payload.length);
        return frame;
    }

    void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        raw(bytes(type, flags, stream, payload));
    }

    /// Names and values in turn, as Latin-1.
    static byte[] block(String... fields) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        for (int i = 0; i < fields.length; i += 2) {
            block.write(0);
            string(block, fields[i]);
            string(block, fields[i + 1]);
        }
        return block.toByteArray();
    }

    private static void string(ByteArrayOutputStream block, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        int size = bytes.length;
        if (size < 127) {
            block.write(size);
        } else {
            block.write(127);
            for (size -= 127; size >= 128; size >>= 7) block.write(size & 127 | 128);
            block.write(size);
        }
        block.writeBytes(bytes);
    }

    void headers(int stream, boolean end, String... fields) throws IOException {
        frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), stream, block(fields));
    }

    void get(int stream, String authority, String path) throws IOException {
        headers(stream, true, ":method", "GET", ":scheme", "https", ":authority", authority, ":path", path);
    }

    void data(int stream, boolean end, String text) throws IOException {
        frame(DATA, end ? END_STREAM : 0, stream, text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /// The next frame, after what every peer must do about it; null at the end of the connection.
    Frame read() throws IOException {
        byte[] head;
        try {
            head = in.readNBytes(9);
        } catch (IOException e) {
            return null;
        }
        if (head.length < 9) return null;
        int size = (head[0] & 255) << 16 | (head[1] & 255) << 8 | head[2] & 255;
        int stream = (head[5] & 127) << 24 | (head[6] & 255) << 16 | (head[7] & 255) << 8 | head[8] & 255;
        Frame frame = new Frame(head[3], head[4] & 255, stream, in.readNBytes(size));
        note(frame);
        return frame;
    }

    private void note(Frame frame) throws IOException {
        Message message = messages.computeIfAbsent(frame.stream(), _ -> new Message());
        switch (frame.type()) {
            case SETTINGS -> {
                if ((frame.flags() & 1) != 0) return;
                byte[] p = frame.payload();
                for (int i = 0; i + 6 <= p.length; i += 6) {
                    long value = 0;
                    for (int k = 2; k < 6; k++) value = value << 8 | p[i + k] & 255;
                    settings.put((p[i] & 255) << 8 | p[i + 1] & 255, value);
                }
                frame(SETTINGS, 1, 0, new byte[0]);
            }
            case HEADERS -> {
                headerBlocks.add(frame.payload());
                Map<String, String> target = message.headed ? message.trailers : message.fields;
                try {
                    decoder.decodeHeaders(frame.stream(), Unpooled.wrappedBuffer(frame.payload()))
                            .forEach(e -> target.merge(e.getKey().toString(), e.getValue().toString(), (a, b) -> a + "|" + b));
                } catch (Http2Exception e) {
                    throw new IOException(e);
                }
                message.headed |= !"100".equals(message.status());
                message.ended |= (frame.flags() & END_STREAM) != 0;
            }
            case DATA -> {
                message.body.writeBytes(frame.payload());
                message.ended |= (frame.flags() & END_STREAM) != 0;
                if (credits && frame.payload().length > 0) {
                    byte[] credit = new byte[4];
                    for (int i = 0; i < 4; i++) credit[i] = (byte) (frame.payload().length >> 24 - 8 * i);
                    frame(WINDOW_UPDATE, 0, 0, credit);
                    if (!message.ended) frame(WINDOW_UPDATE, 0, frame.stream(), credit);
                }
            }
            case RST_STREAM -> message.reset = frame.payload()[3] & 255;
            case GOAWAY -> goAway = frame.payload()[7] & 255;
            default -> {}
        }
    }

    Message message(int stream) {
        return messages.computeIfAbsent(stream, _ -> new Message());
    }

    /// Reads until the stream has ended, well or not.
    Message await(int stream) throws IOException {
        Message message = message(stream);
        while (!message.ended && message.reset < 0) {
            if (read() == null) throw new EOFException("the connection ended, GOAWAY " + goAway);
        }
        return message;
    }

    /// Reads until the head of a message is there.
    Message awaitHead(int stream) throws IOException {
        while (!message(stream).headed) {
            if (read() == null) throw new EOFException("the connection ended, GOAWAY " + goAway);
        }
        return message(stream);
    }

    /// Reads until the first head of a request is there, and says on which stream.
    int awaitRequest() throws IOException {
        while (true) {
            Frame frame = read();
            if (frame == null) throw new EOFException();
            if (frame.type() == HEADERS) return frame.stream();
        }
    }

    /// Reads until the connection ends.
    void drain() throws IOException {
        while (read() != null) {}
    }
}
