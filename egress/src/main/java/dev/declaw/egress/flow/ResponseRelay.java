package dev.declaw.egress.flow;

import dev.declaw.egress.content.Carrier;
import dev.declaw.egress.content.Rehydrator;
import dev.declaw.egress.content.TokenVault;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.HeadWriter;
import dev.declaw.egress.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.util.List;

/// Writes one response to the guest: head in canonical form, body in a framing the guest can check, redaction tokens turned
/// back where that was asked for. Used on one event loop only; the caller flushes.
final class ResponseRelay {
    private final Channel guest;
    private final BodyWriter body;
    private final Rehydrator rehydrator;
    private final boolean untilClose;
    private long bytes;

    private ResponseRelay(Channel guest, BodyWriter body, Rehydrator rehydrator, boolean untilClose) {
        this.guest = guest;
        this.body = body;
        this.rehydrator = rehydrator;
        this.untilClose = untilClose;
    }

    /// Writes the head.
    ///
    /// @param http11 whether the guest understands chunks
    /// @param vault tokens to turn back; null for none
    /// @param host whose response it is
    /// @param close whether the connection ends with this response in any case
    static ResponseRelay begin(
            Channel guest, HeadWriter heads, ResponseHead head, boolean http11, TokenVault vault, String host, boolean close) {
        BodyFraming framing = head.framing();
        List<Field> fields = head.fields();
        Rehydrator rehydrator = null;
        if (vault != null && framing != BodyFraming.NONE && !vault.idle(host) && identity(head)) {
            rehydrator = new Rehydrator(vault, host, Carrier.of(head.value("Content-Type")));
            framing = BodyFraming.CHUNKED; // the length changes
            fields = RequestScreening.withoutDigests(fields);
        } else if (framing == BodyFraming.UNTIL_CLOSE) {
            framing = BodyFraming.CHUNKED; // so that the guest can tell an end from a cut
        }
        if (framing == BodyFraming.CHUNKED && !http11) framing = BodyFraming.UNTIL_CLOSE;
        boolean untilClose = framing == BodyFraming.UNTIL_CLOSE;
        ByteBuf out = guest.alloc().ioBuffer(1024);
        heads.response(
                head.status(),
                head.reason(),
                fields,
                framing,
                head.announcedLength().orElse(-1),
                close || untilClose,
                out);
        ResponseRelay relay = new ResponseRelay(guest, new BodyWriter(guest, framing), rehydrator, untilClose);
        relay.bytes = out.readableBytes();
        guest.write(out);
        return relay;
    }

    private static boolean identity(ResponseHead head) {
        String coding = head.value("Content-Encoding");
        return coding.isEmpty() || coding.equalsIgnoreCase("identity");
    }

    /// Whether the end of the connection is the end of the body.
    boolean untilClose() {
        return untilClose;
    }

    /// @param data released here
    void write(ByteBuf data) {
        bytes += data.readableBytes();
        if (rehydrator == null) {
            body.write(data);
            return;
        }
        byte[] read = new byte[data.readableBytes()];
        data.readBytes(read);
        data.release();
        body.write(Unpooled.wrappedBuffer(rehydrator.feed(read, 0, read.length)));
    }

    void end() {
        if (rehydrator != null) body.write(Unpooled.wrappedBuffer(rehydrator.finish()));
        body.end();
    }

    /// Bytes of head and body so far, before rehydration.
    long bytes() {
        return bytes;
    }

    boolean writable() {
        return guest.isWritable();
    }
}
