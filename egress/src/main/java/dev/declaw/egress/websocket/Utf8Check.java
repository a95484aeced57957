package dev.declaw.egress.websocket;

import io.netty.buffer.ByteBuf;

/// Checks that bytes are UTF-8 (RFC 3629) as they come: no overlong form, no surrogate, nothing above U+10FFFF.
final class Utf8Check {
    private int missing;
    private int lowerBound = 0x80;
    private int upperBound = 0xbf;

    /// @return false as soon as the bytes cannot be UTF-8, whatever follows
    boolean feed(ByteBuf data) {
        int at = data.readerIndex();
        int end = data.writerIndex();
        while (at < end) {
            if (missing == 0 && end - at >= 8 && (data.getLong(at) & 0x8080808080808080L) == 0) {
                at += 8;
            } else if (!next(data.getByte(at++) & 255)) {
                return false;
            }
        }
        return true;
    }

    boolean feed(byte[] data, int from) {
        for (int i = from; i < data.length; i++) {
            if (!next(data[i] & 255)) return false;
        }
        return true;
    }

    /// Whether no character is open.
    boolean complete() {
        return missing == 0;
    }

    private boolean next(int b) {
        if (missing > 0) {
            if (b < lowerBound || b > upperBound) return false;
            missing--;
            lowerBound = 0x80;
            upperBound = 0xbf;
            return true;
        }
        if (b < 0x80) return true;
        if (b < 0xc2 || b > 0xf4) return false;
        missing = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
        if (b == 0xe0) lowerBound = 0xa0;
        if (b == 0xed) upperBound = 0x9f;
        if (b == 0xf0) lowerBound = 0x90;
        if (b == 0xf4) upperBound = 0x8f;
        return true;
    }
}
