package dev.declaw.egress.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;

/// Forms frames in their one canonical shape. Nothing of the frames that came in is copied but the payload. One thread at a
/// time.
public final class FrameWriter {
    private static final int REASON_BYTES_MAX = 123;
    /// A key that cannot be guessed keeps a page from steering what goes over the wire (RFC 6455 §10.3).
    private static final SecureRandom KEYS = new SecureRandom();

    private final ByteBufAllocator allocator;
    private final boolean masking;
    private final byte[] key = new byte[4];

    /// @param masking whether we are the client of this direction
    public FrameWriter(ByteBufAllocator allocator, boolean masking) {
        this.allocator = allocator;
        this.masking = masking;
    }

    /// A frame of a message. The first one says the kind, the others continue it.
    ///
    /// @param payload released here
    public ByteBuf message(boolean text, boolean first, boolean last, ByteBuf payload) {
        Opcode opcode = !first ? Opcode.CONTINUATION : text ? Opcode.TEXT : Opcode.BINARY;
        try {
            return frame(opcode, last, payload);
        } finally {
            payload.release();
        }
    }

    public ByteBuf ping(byte[] payload) {
        return frame(Opcode.PING, true, Unpooled.wrappedBuffer(payload));
    }

    public ByteBuf pong(byte[] payload) {
        return frame(Opcode.PONG, true, Unpooled.wrappedBuffer(payload));
    }

    /// @param code [CloseCode#NONE] for a frame without a body
    /// @param reason UTF-8
    public ByteBuf close(int code, byte[] reason) {
        ByteBuf payload = Unpooled.buffer(2 + reason.length);
        if (code != CloseCode.NONE) payload.writeShort(code).writeBytes(reason);
        return frame(Opcode.CLOSE, true, payload);
    }

    /// @param reason ASCII; cut where the frame ends
    public ByteBuf close(int code, String reason) {
        String cut = reason.length() > REASON_BYTES_MAX ? reason.substring(0, REASON_BYTES_MAX) : reason;
        return close(code, cut.getBytes(StandardCharsets.US_ASCII));
    }

    private ByteBuf frame(Opcode opcode, boolean fin, ByteBuf payload) {
        int size = payload.readableBytes();
        ByteBuf out = allocator.ioBuffer(14 + size);
        out.writeByte(opcode.bits() | (fin ? 0x80 : 0));
        int maskBit = masking ? 0x80 : 0;
        if (size < 126) {
            out.writeByte(size | maskBit);
        } else if (size <= 0xffff) {
            out.writeByte(126 | maskBit).writeShort(size);
        } else {
            out.writeByte(127 | maskBit).writeLong(size);
        }
        if (!masking) return out.writeBytes(payload, payload.readerIndex(), size);
        KEYS.nextBytes(key);
        out.writeBytes(key);
        int start = out.writerIndex();
        out.writeBytes(payload, payload.readerIndex(), size);
        Masking.apply(out.slice(start, size), key, 0);
        return out;
    }
}
