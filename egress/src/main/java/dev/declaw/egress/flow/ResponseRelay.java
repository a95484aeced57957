package dev.declaw.egress.flow;

import dev.declaw.egress.content.ResponseRun;
import dev.declaw.egress.http.BodyFraming;
import dev.declaw.egress.http.Field;
import dev.declaw.egress.http.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Passes one response on to the guest: head in canonical form, body in a framing the guest can check, through what
/// the content stages do with responses. Every piece goes on as it comes. Used on one event loop only; the caller flushes.
final class ResponseRelay {
    private final ResponseWriter guest;
    private final RequestScreening screening;
    private final ResponseRun run;
    /// What may continue in the next event of a stream waits for it at most this long.
    private static final long HOLD_MILLIS_MAX = 1_000;

    private final EventLoop loop;
    private ScheduledFuture<?> release;
    private long bytes;

    private ResponseRelay(ResponseWriter guest, RequestScreening screening, ResponseRun run, EventLoop loop) {
        this.screening = screening;
        this.loop = loop;
        this.guest = guest;
        this.run = run;
    }

    /// Writes the head.
    ///
    /// @param screening what the request went through, which tells what the response does; null for nothing
    /// @param loop the guest's
    /// @param close whether the connection ends with this response in any case
    static ResponseRelay begin(ResponseWriter guest, ResponseHead head, RequestScreening screening, EventLoop loop, boolean close) {
        BodyFraming framing = head.framing();
        List<Field> fields = screening == null ? head.fields() : screening.masked(head.fields());
        boolean reads = screening != null && framing != BodyFraming.NONE;
        ResponseRun body = reads ? screening.response(head).orElse(null) : null;
        if (body != null) {
            framing = BodyFraming.CHUNKED; // the length changes
            fields = RequestScreening.withoutDigests(fields);
            if (body.decodes()) fields = fields.stream().filter(field -> !field.is("Content-Encoding")).toList();
        }
        ResponseRelay relay = new ResponseRelay(guest, screening, body, loop);
        String reason = screening == null ? head.reason() : screening.masked(head.reason());
        relay.bytes = guest.head(
                head.status(), reason, fields, framing, head.announcedLength().orElse(-1), close);
        return relay;
    }

    /// Whether the end of the connection is the end of the body.
    boolean untilClose() {
        return guest.untilClose();
    }

    /// @param data released here
    void write(ByteBuf data) {
        bytes += data.readableBytes();
        if (run == null) {
            guest.data(data);
            return;
        }
        byte[] read = new byte[data.readableBytes()];
        data.readBytes(read);
        data.release();
        guest.data(Unpooled.wrappedBuffer(run.feed(read, 0, read.length)));
        stop();
        if (run.holds()) release = loop.schedule(this::release, HOLD_MILLIS_MAX, TimeUnit.MILLISECONDS);
    }

    private void release() {
        release = null;
        guest.data(Unpooled.wrappedBuffer(run.release()));
        guest.flush();
    }

    /// Nothing more goes to the guest.
    void stop() {
        if (release != null) release.cancel(false);
        release = null;
    }

    void end(List<Field> trailers) {
        stop();
        if (run != null) guest.data(Unpooled.wrappedBuffer(run.finish()));
        guest.end(screening == null ? trailers : screening.masked(trailers));
    }

    void flush() {
        guest.flush();
    }

    /// Bytes of head and body so far, as they came.
    long bytes() {
        return bytes;
    }

    boolean writable() {
        return guest.writable();
    }
}
