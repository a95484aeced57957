package dev.declaw.egress.flow;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Base64;

/// One end of a WebSocket that does as told, right or wrong, one byte at a time. Written apart from the product's codec.
final class WebSocketPeer {
    static final int FIN = 0x80;
    static final int TEXT = 1;
    static final int BINARY = 2;
    static final int CLOSE = 8;
    static final int PING = 9;
    static final int PONG = 10;
    static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private final InputStream in;
    private final OutputStream out;
    private final boolean client;

    record Frame(int firstByte, boolean masked, byte[] payload) {
        int opcode() {
            return firstByte & 15;
        }

        boolean fin() {
            return (firstByte & FIN) != 0;
        }

        String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        int closeCode() {
            return (payload[0] & 255) << 8 | payload[1] & 255;
        }
    }

    WebSocketPeer(InputStream in, OutputStream out, boolean client) {
        this.in = in;
        this.out = out;
        this.client = client;
    }

    static String request(String host, int port, String more) {
        return "GET /chat HTTP/1.1\r\nHost: " + host + ":" + port + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY + "\r\n" + more + "\r\n";
    }

    static String accept(String request) {
        int at = request.indexOf("Sec-WebSocket-Key: ") + 19;
        String key = request.substring(at, request.indexOf('\r', at));
        return proof(key);
    }

    static String proof(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (java.security.GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    static String switching(String request, String more) {
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
                + accept(request) + "\r\n" + more + "\r\n";
    }

    void text(String text) throws IOException {
        frame(FIN | TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    void frame(int firstByte, byte[] payload) throws IOException {
        raw(bytes(firstByte, payload, client));
    }

    void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    static byte[] bytes(int firstByte, byte[] payload, boolean mask) {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(firstByte);
        int bit = mask ? 0x80 : 0;
        int size = payload.length;
        if (size < 126) {
            frame.write(bit | size);
        } else if (size < 65_536) {
            frame.write(bit | 126);
            frame.write(size >> 8);
            frame.write(size);
        } else {
            frame.write(bit | 127);
            for (int shift = 56; shift >= 0; shift -= 8) frame.write((int) ((long) size >> shift));
        }
        byte[] key = {0x11, 0x22, 0x33, 0x44};
        if (mask) frame.writeBytes(key);
        for (int i = 0; i < size; i++) frame.write(mask ? payload[i] ^ key[i & 3] : payload[i]);
        return frame.toByteArray();
    }

    static byte[] close(int code) {
        return new byte[] {(byte) (code >> 8), (byte) code};
    }

    /// The next frame; null at the end of the connection.
    Frame read() throws IOException {
        int first = in.read();
        if (first < 0) return null;
        int second = next();
        long size = second & 127;
        if (size == 126) size = next() << 8 | next();
        if (size == 127) {
            size = 0;
            for (int i = 0; i < 8; i++) size = size << 8 | next();
        }
        boolean masked = (second & 0x80) != 0;
        byte[] key = masked ? in.readNBytes(4) : new byte[4];
        byte[] payload = in.readNBytes((int) size);
        for (int i = 0; i < payload.length; i++) payload[i] ^= key[i & 3];
        return new Frame(first, masked, payload);
    }

    /// The next message as text, joined from its fragments; control frames in between are skipped.
    String message() throws IOException {
        StringBuilder text = new StringBuilder();
        while (true) {
            Frame frame = read();
            if (frame == null) throw new EOFException();
            if (frame.opcode() >= 8) continue;
            text.append(frame.text());
            if (frame.fin()) return text.toString();
        }
    }

    private int next() throws IOException {
        int b = in.read();
        if (b < 0) throw new EOFException();
        return b;
    }
}
