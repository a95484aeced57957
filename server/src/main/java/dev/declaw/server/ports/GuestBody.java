package dev.declaw.server.ports;

import java.io.IOException;
import java.io.InputStream;
import java.util.OptionalLong;

/// The body of a guest's response, however it is framed (RFC 9112 §6.3).
final class GuestBody extends InputStream {
    private static final int LINE_BYTES_MAX = 8 * 1024;
    private static final int TRAILERS_MAX = 100;

    private final InputStream in;
    private final boolean chunked;
    private final boolean untilClose;
    private long left;
    private boolean firstChunk = true;
    private boolean ended;

    private GuestBody(InputStream in, boolean chunked, OptionalLong length) {
        this.in = in;
        this.chunked = chunked;
        this.untilClose = !chunked && length.isEmpty();
        this.left = chunked ? 0 : length.orElse(Long.MAX_VALUE);
        this.ended = left == 0 && !chunked;
    }

    /// @param none whether such a response has no body (to HEAD; 204, 304)
    static GuestBody of(GuestHead head, boolean none, InputStream in) throws IOException {
        if (none) return new GuestBody(in, false, OptionalLong.of(0));
        return new GuestBody(in, head.chunked(), head.contentLength());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) return 0;
        if (!ended && chunked && left == 0) nextChunk();
        if (ended) return -1;
        int read = in.read(target, offset, (int) Math.min(length, left));
        if (read < 0) {
            if (!untilClose) throw new GuestHead.MalformedException("the connection ended inside the body");
            ended = true;
            return -1;
        }
        left -= read;
        if (left == 0 && !chunked) ended = true;
        return read;
    }

    private void nextChunk() throws IOException {
        if (!firstChunk && !line().isEmpty()) throw new GuestHead.MalformedException("a chunk that is longer than it said");
        firstChunk = false;
        String size = line();
        int semicolon = size.indexOf(';'); // extensions are for this connection only (RFC 9112 §7.1.1)
        if (semicolon >= 0) size = size.substring(0, semicolon).strip();
        if (!size.matches("[0-9A-Fa-f]{1,15}")) throw new GuestHead.MalformedException("a malformed chunk size");
        left = Long.parseLong(size, 16);
        if (left > 0) return;
        ended = true;
        for (int i = 0; !line().isEmpty(); i++) { // trailers are not passed on
            if (i == TRAILERS_MAX) throw new GuestHead.MalformedException("more than " + TRAILERS_MAX + " trailers");
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int octet = in.read();
            if (octet < 0 || line.length() == LINE_BYTES_MAX) throw new GuestHead.MalformedException("a malformed chunk");
            if (octet == '\n') break;
            line.append((char) octet);
        }
        if (line.isEmpty() || line.charAt(line.length() - 1) != '\r') throw new GuestHead.MalformedException("a malformed chunk");
        return line.substring(0, line.length() - 1);
    }
}
