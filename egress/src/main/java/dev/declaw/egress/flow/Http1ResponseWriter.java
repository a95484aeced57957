package dev.declaw.egress.flow;

import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HeadWriter;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import java.util.List;

/// Responses of HTTP/1.1, and of HTTP/1.0 for clients that know no chunks. Trailers are dropped: few clients read them, and
/// none of those that do needs HTTP/1.1.
final class Http1ResponseWriter implements ResponseWriter {
    private final Channel guest;
    private final HeadWriter heads;
    private final boolean http11;
    private BodyWriter body;

    /// @param http11 whether the guest understands chunks
    Http1ResponseWriter(Channel guest, HeadWriter heads, boolean http11) {
        this.guest = guest;
        this.heads = heads;
        this.http11 = http11;
    }

    @Override
    public int head(
            int status, String reason, List<Field> fields, BodyFraming framing, long announcedLength, boolean close) {
        // Chunks let the guest tell an end from a cut.
        BodyFraming said = framing == BodyFraming.UNTIL_CLOSE ? BodyFraming.CHUNKED : framing;
        if (said == BodyFraming.CHUNKED && !http11) said = BodyFraming.UNTIL_CLOSE;
        body = new BodyWriter(guest, said);
        ByteBuf out = guest.alloc().ioBuffer(1024);
        heads.response(status, reason, fields, said, announcedLength, close || untilClose(), out);
        int size = out.readableBytes();
        guest.write(out);
        return size;
    }

    @Override
    public void data(ByteBuf data) {
        body.write(data);
    }

    @Override
    public void end(List<Field> trailers) {
        body.end();
    }

    @Override
    public void flush() {
        guest.flush();
    }

    @Override
    public boolean writable() {
        return guest.isWritable();
    }

    @Override
    public boolean untilClose() {
        return body.framing() == BodyFraming.UNTIL_CLOSE;
    }
}
