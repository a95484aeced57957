package dev.declaw.egress.flow;

import dev.declaw.egress.content.Carrier;
import dev.declaw.egress.content.Rehydrator;
import dev.declaw.egress.content.TokenVault;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;

/// Passes one response on to the guest: head in canonical form, body in a framing the guest can check, redaction tokens
/// turned back where that was asked for. Every piece goes on as it comes. Used on one event loop only; the caller flushes.
final class ResponseRelay {
    private final ResponseWriter guest;
    private final Rehydrator rehydrator;
    private long bytes;

    private ResponseRelay(ResponseWriter guest, Rehydrator rehydrator) {
        this.guest = guest;
        this.rehydrator = rehydrator;
    }

    /// Writes the head.
    ///
    /// @param vault tokens to turn back; null for none
    /// @param host whose response it is
    /// @param close whether the connection ends with this response in any case
    static ResponseRelay begin(ResponseWriter guest, ResponseHead head, TokenVault vault, String host, boolean close) {
        BodyFraming framing = head.framing();
        List<Field> fields = head.fields();
        Rehydrator rehydrator = null;
        if (vault != null && framing != BodyFraming.NONE && !vault.idle(host) && identity(head)) {
            rehydrator = new Rehydrator(vault, host, Carrier.of(head.value("Content-Type")));
            framing = BodyFraming.CHUNKED; // the length changes
            fields = RequestScreening.withoutDigests(fields);
        }
        ResponseRelay relay = new ResponseRelay(guest, rehydrator);
        relay.bytes = guest.head(
                head.status(), head.reason(), fields, framing, head.announcedLength().orElse(-1), close);
        return relay;
    }

    private static boolean identity(ResponseHead head) {
        String coding = head.value("Content-Encoding");
        return coding.isEmpty() || coding.equalsIgnoreCase("identity");
    }

    /// Whether the end of the connection is the end of the body.
    boolean untilClose() {
        return guest.untilClose();
    }

    /// @param data released here
    void write(ByteBuf data) {
        bytes += data.readableBytes();
        if (rehydrator == null) {
            guest.data(data);
            return;
        }
        byte[] read = new byte[data.readableBytes()];
        data.readBytes(read);
        data.release();
        guest.data(Unpooled.wrappedBuffer(rehydrator.feed(read, 0, read.length)));
    }

    void end(List<Field> trailers) {
        if (rehydrator != null) guest.data(Unpooled.wrappedBuffer(rehydrator.finish()));
        guest.end(trailers);
    }

    void flush() {
        guest.flush();
    }

    /// Bytes of head and body so far, before rehydration.
    long bytes() {
        return bytes;
    }

    boolean writable() {
        return guest.writable();
    }
}
