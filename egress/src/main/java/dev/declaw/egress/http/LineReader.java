package dev.declaw.egress.http;

import io.netty.buffer.ByteBuf;

/// Takes CRLF-terminated lines from a buffer that fills bit by bit. The same bytes give the same lines and the same errors
/// however they are cut. One thread at a time.
final class LineReader {
    private static final int KEPT_BYTES = 1024;

    private byte[] line = new byte[256];
    private int length;
    /// Bytes of the unfinished line that were searched already, so that a line sent byte by byte is not read again and again.
    private int searched;

    /// Takes the next line off the buffer and keeps its content in [#bytes]; false while it is not complete.
    ///
    /// @param bytesMax room left for this line with its CRLF
    /// @param tooLong thrown when it does not suffice
    boolean next(ByteBuf in, int bytesMax, HttpViolation tooLong) throws HttpViolation {
        int start = in.readerIndex();
        int end = in.indexOf(start + searched, in.writerIndex(), (byte) '\n');
        if (end < 0) {
            searched = in.readableBytes();
            if (searched >= bytesMax) throw tooLong;
            return false;
        }
        searched = 0;
        int total = end - start + 1;
        if (total > bytesMax) throw tooLong;
        if (total < 2 || in.getByte(end - 1) != '\r') throw HttpViolation.bad("a line ends in a bare LF");
        length = total - 2;
        if (line.length < length || line.length > KEPT_BYTES && length <= KEPT_BYTES) {
            line = new byte[Math.max(length, 256)];
        }
        in.readBytes(line, 0, length);
        in.skipBytes(2);
        return true;
    }

    byte[] bytes() {
        return line;
    }

    int length() {
        return length;
    }
}
