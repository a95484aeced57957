package dev.declaw.egress.flow;

import io.netty.buffer.ByteBuf;

/// What a connection speaks, by its first bytes alone.
enum Protocol {
    UNDECIDED,
    TLS,
    HTTP,
    OTHER;

    private static final int METHOD_CHARS_MAX = 32;

    /// Looks without taking anything. The answer for a byte sequence never changes as it grows, once it is not UNDECIDED.
    static Protocol of(ByteBuf in) {
        int start = in.readerIndex();
        int length = in.readableBytes();
        if (length == 0) return UNDECIDED;
        int first = in.getByte(start);
        if (first == 22) {
            if (length < 2) return UNDECIDED;
            return in.getByte(start + 1) == 3 ? TLS : OTHER;
        }
        int at = 0;
        if (first == '\r') { // one empty line may stand before a request (RFC 9112 §2.2)
            if (length < 2) return UNDECIDED;
            if (in.getByte(start + 1) != '\n') return OTHER;
            at = 2;
        }
        for (int i = at; i < length; i++) {
            int c = in.getByte(start + i);
            if (c == ' ' && i > at) return HTTP;
            boolean method = c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            if (!method || i - at >= METHOD_CHARS_MAX) return OTHER;
        }
        return UNDECIDED;
    }
}
