package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.nio.charset.StandardCharsets;

/// Writes a body to a channel in one framing: chunks without extensions or trailers, or plain bytes. The caller flushes.
record BodyWriter(Channel channel, BodyFraming framing) {
    private static final ByteBuf CRLF = constant("\r\n");
    private static final ByteBuf LAST_CHUNK = constant("0\r\n\r\n");

    private static ByteBuf constant(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        return Unpooled.unreleasableBuffer(Unpooled.directBuffer(bytes.length).writeBytes(bytes).asReadOnly());
    }

    /// @param data owned by the writer; empty data writes nothing, since an empty chunk would end the body
    void write(ByteBuf data) {
        int size = data.readableBytes();
        if (size == 0) {
            data.release();
            return;
        }
        if (framing instanceof BodyFraming.Chunked) {
            ByteBuf line = channel.alloc().ioBuffer(16);
            line.writeCharSequence(Integer.toHexString(size), StandardCharsets.US_ASCII);
            line.writeShort('\r' << 8 | '\n');
            channel.write(line);
            channel.write(data);
            channel.write(CRLF.duplicate());
        } else {
            channel.write(data);
        }
    }

    void end() {
        if (framing instanceof BodyFraming.Chunked) channel.write(LAST_CHUNK.duplicate());
    }
}
