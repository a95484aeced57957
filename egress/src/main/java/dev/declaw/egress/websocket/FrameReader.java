package dev.declaw.egress.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Arrays;

/// Reads the frames of one direction of a WebSocket, strictly: whatever two endpoints could read differently is refused.
/// The same bytes give the same messages and the same errors however they are cut. One thread at a time; after a
/// [WebSocketViolation] or an [Incoming.Close] it must not be used again.
public final class FrameReader {
    private static final int CONTROL_BYTES_MAX = 125;
    /// Frames without a byte carry nothing, so a peer that keeps sending them only burns our time.
    private static final int EMPTY_FRAGMENTS_MAX = 32;

    private final boolean masked;
    private final Utf8Check utf8 = new Utf8Check();
    private final byte[] mask = new byte[4];
    private boolean inFrame;
    private Opcode opcode;
    private boolean fin;
    private long left;
    private int maskAt;
    private boolean inMessage;
    private boolean text;
    private boolean begun;
    private int emptyFragments;

    /// @param masked whether frames must be masked, as a client's must, or must not, as a server's (RFC 6455 §5.1)
    public FrameReader(boolean masked) {
        this.masked = masked;
    }

    /// Takes the next item off the buffer, whose bytes it may change.
    ///
    /// @return null while more input is needed
    public Incoming next(ByteBuf in) throws WebSocketViolation {
        while (true) {
            if (!inFrame && !readHeader(in)) return null;
            if (opcode.control()) {
                if (in.readableBytes() < left) return null;
                inFrame = false;
                return control(in);
            }
            Incoming.Piece piece = piece(in);
            if (piece != null) return piece;
            if (inFrame) return null;
        }
    }

    private boolean readHeader(ByteBuf in) throws WebSocketViolation {
        int available = in.readableBytes();
        if (available == 0) return false;
        int at = in.readerIndex();
        int first = in.getByte(at) & 255;
        if ((first & 0x70) != 0) throw WebSocketViolation.protocol("a reserved bit is set, and no extension was agreed on");
        Opcode read = Opcode.of(first & 15);
        boolean last = (first & 0x80) != 0;
        if (read.control() && !last) throw WebSocketViolation.protocol("a control frame is fragmented");
        if (read == Opcode.CONTINUATION && !inMessage) throw WebSocketViolation.protocol("a continuation of no message");
        if (!read.control() && read != Opcode.CONTINUATION && inMessage) {
            throw WebSocketViolation.protocol("a message begins inside another one");
        }
        if (available < 2) return false;
        int second = in.getByte(at + 1) & 255;
        if ((second & 0x80) != 0 != masked) {
            throw WebSocketViolation.protocol(masked ? "a client's frame is not masked" : "a server's frame is masked");
        }
        int short7 = second & 127;
        if (read.control() && short7 > CONTROL_BYTES_MAX) throw WebSocketViolation.protocol("a control frame is too long");
        int size = 2 + (short7 == 126 ? 2 : short7 == 127 ? 8 : 0) + (masked ? 4 : 0);
        if (available < size) return false;
        left = length(in, at, short7);
        if (masked) in.getBytes(at + size - 4, mask);
        in.skipBytes(size);
        maskAt = 0;
        opcode = read;
        fin = last;
        inFrame = true;
        if (!read.control()) beginFragment(read);
        return true;
    }

    /// RFC 6455 §5.2 asks for the shortest form.
    private static long length(ByteBuf in, int at, int short7) throws WebSocketViolation {
        if (short7 < 126) return short7;
        long value = short7 == 126 ? in.getUnsignedShort(at + 2) : in.getLong(at + 2);
        if (value < 0 || value <= (short7 == 126 ? 125 : 0xffff)) {
            throw WebSocketViolation.protocol("a frame's length is not in its shortest form");
        }
        return value;
    }

    private void beginFragment(Opcode read) throws WebSocketViolation {
        if (read != Opcode.CONTINUATION) {
            inMessage = true;
            begun = false;
            text = read == Opcode.TEXT;
            emptyFragments = 0;
        }
        if (left == 0 && !fin && ++emptyFragments > EMPTY_FRAGMENTS_MAX) {
            throw new WebSocketViolation(CloseCode.POLICY, "too many empty fragments");
        }
    }

    /// Null when the frame brought nothing to say: more input is needed if it is still open.
    private Incoming.Piece piece(ByteBuf in) throws WebSocketViolation {
        int size = (int) Math.min(left, in.readableBytes());
        if (size == 0 && left > 0) return null;
        ByteBuf data = in.readRetainedSlice(size);
        left -= size;
        boolean frameEnds = left == 0;
        boolean last = frameEnds && fin;
        inFrame = !frameEnds;
        if (masked) unmask(data);
        if (text && (!utf8.feed(data) || last && !utf8.complete())) {
            data.release();
            throw new WebSocketViolation(CloseCode.NOT_TEXT, "a text message is not UTF-8");
        }
        if (last) inMessage = false;
        if (size == 0 && !last) {
            data.release();
            return null;
        }
        boolean first = !begun;
        begun = true;
        return new Incoming.Piece(data, text, first, last);
    }

    private Incoming control(ByteBuf in) throws WebSocketViolation {
        ByteBuf data = in.readSlice((int) left);
        if (masked) unmask(data);
        byte[] payload = ByteBufUtil.getBytes(data);
        return switch (opcode) {
            case PING -> new Incoming.Ping(payload);
            case PONG -> new Incoming.Pong(payload);
            default -> close(payload);
        };
    }

    private static Incoming close(byte[] payload) throws WebSocketViolation {
        if (payload.length == 0) return new Incoming.Close(CloseCode.NONE, payload);
        if (payload.length == 1) throw WebSocketViolation.protocol("a close frame has half a code");
        int code = (payload[0] & 255) << 8 | payload[1] & 255;
        if (!CloseCode.maySend(code)) throw WebSocketViolation.protocol("a close code that nobody may send");
        Utf8Check check = new Utf8Check();
        if (!check.feed(payload, 2) || !check.complete()) {
            throw new WebSocketViolation(CloseCode.NOT_TEXT, "a close reason is not UTF-8");
        }
        return new Incoming.Close(code, Arrays.copyOfRange(payload, 2, payload.length));
    }

    private void unmask(ByteBuf data) {
        maskAt = Masking.apply(data, mask, maskAt);
    }
}
