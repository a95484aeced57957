package dev.declaw.egress.websocket;

import io.netty.buffer.ByteBuf;

/// RFC 6455 §5.3, in place.
final class Masking {
    private Masking() {}

    /// @param at which byte of the key comes first
    /// @return which one comes next
    static int apply(ByteBuf data, byte[] key, int at) {
        int position = data.readerIndex();
        int end = data.writerIndex();
        long wide = 0;
        for (int i = 0; i < 8; i++) wide = wide << 8 | key[at + i & 3] & 255;
        while (end - position >= 8) {
            data.setLong(position, data.getLong(position) ^ wide);
            position += 8;
        }
        int next = at;
        for (; position < end; position++) {
            data.setByte(position, data.getByte(position) ^ key[next]);
            next = next + 1 & 3;
        }
        return next;
    }
}
