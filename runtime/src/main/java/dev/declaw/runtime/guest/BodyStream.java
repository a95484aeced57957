package dev.declaw.runtime.guest;

import java.io.IOException;
import java.io.InputStream;

/// The body of one response, however it is framed. At its end, and only there, the connection goes back to the pool;
/// closed before, the connection is cut.
final class BodyStream extends InputStream {
    private final GuestConnection connection;
    private final InputStream in;
    private final boolean chunked;
    private final Runnable giveBack;
    private long left;
    private boolean firstChunk = true;
    private boolean ended;
    private boolean closed;

    /// @param giveBack called once, when the body has been read to its end
    BodyStream(GuestConnection connection, HttpHead head, Runnable giveBack) {
        this.connection = connection;
        this.in = connection.in();
        this.chunked = head.contentLength().isEmpty();
        this.left = head.contentLength().orElse(0);
        this.giveBack = giveBack;
        if (!chunked && left == 0) {
            end();
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (closed && !ended) {
            throw new IOException("the stream is closed");
        }
        if (!ended && left == 0 && chunked) {
            nextChunk();
        }
        if (ended) {
            return -1;
        }
        int read = in.read(target, offset, (int) Math.min(length, left));
        if (read < 0) {
            throw new GuestProtocolException("the connection ended inside a body");
        }
        left -= read;
        if (left == 0 && !chunked) {
            end();
        }
        return read;
    }

    /// RFC 9112 §7.1; extensions and trailers are refused: our agent sends none.
    private void nextChunk() throws IOException {
        if (!firstChunk && !line().isEmpty()) {
            throw new GuestProtocolException("a chunk that is longer than it said");
        }
        firstChunk = false;
        String size = line();
        if (!size.matches("[0-9A-Fa-f]{1,8}")) {
            throw new GuestProtocolException("malformed chunk size");
        }
        left = Long.parseLong(size, 16);
        if (left == 0) {
            if (!line().isEmpty()) {
                throw new GuestProtocolException("trailers are not accepted");
            }
            end();
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0 || line.length() == WireLimits.CHUNK_LINE_BYTES_MAX) {
                throw new GuestProtocolException("malformed chunk");
            }
            line.append((char) octet);
        }
        if (line.isEmpty() || line.charAt(line.length() - 1) != '\r') {
            throw new GuestProtocolException("malformed chunk");
        }
        return line.substring(0, line.length() - 1);
    }

    private void end() {
        ended = true;
        if (!closed) {
            closed = true;
            giveBack.run();
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            connection.close();
        }
    }
}
