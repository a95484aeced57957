package dev.declaw.egress.flow;

import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.content.ResponseRun;
import dev.declaw.egress.websocket.CloseCode;
import dev.declaw.egress.websocket.FrameReader;
import dev.declaw.egress.websocket.FrameWriter;
import dev.declaw.egress.websocket.Incoming;
import dev.declaw.egress.websocket.WebSocketViolation;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import dev.declaw.model.policy.VersionedPolicy;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A WebSocket after its handshake: frames are read strictly on both sides and written anew. Where the policy screens the
/// host, each message of the guest is held back as a whole until it was judged, and tokens in the origin's text are turned
/// back as it comes. Used on one event loop only; as fast as the slower side takes it.
final class WebSocketRelay implements Conversation {
    private static final long CLOSING_SECONDS_MAX = 5;

    /// Under which decision it runs.
    ///
    /// @param messages begins the screening of one message; null where the policy does not screen the host
    record Terms(
            VersionedPolicy policy,
            Decision decision,
            Subject subject,
            Supplier<ContentRun> messages,
            long startedNanos) {}

    private final Requester guest;
    private final GuestFlow flow;
    private final Channel near;
    private final Channel far;
    private final Terms terms;
    private final FrameReader fromGuest = new FrameReader(true);
    private final FrameReader fromOrigin = new FrameReader(false);
    private final FrameWriter toGuest;
    private final FrameWriter toOrigin;
    private final ControlFrameBudget guestControls = new ControlFrameBudget();
    private final ControlFrameBudget originControls = new ControlFrameBudget();
    private final MessageScreening screening;
    private ResponseRun run;
    private boolean answering;
    private ByteBuf originInput;
    private boolean guestClosed;
    private boolean originClosed;
    private boolean over;
    private long bytesUp;
    private long bytesDown;

    WebSocketRelay(Requester guest, Channel far, Terms terms, long bytesUp, long bytesDown) {
        this.guest = guest;
        this.flow = guest.flow();
        this.near = guest.channel();
        this.far = far;
        this.terms = terms;
        this.bytesUp = bytesUp;
        this.bytesDown = bytesDown;
        ByteBufAllocator allocator = near.alloc();
        this.toGuest = new FrameWriter(allocator, false);
        this.toOrigin = new FrameWriter(allocator, true);
        this.screening = terms.messages() == null ? null : new MessageScreening(flow, terms.messages(), near, this::judged);
    }

    /// @param surplus what the origin sent behind its 101, owned here; null for nothing
    void begin(ByteBuf surplus) {
        far.pipeline().removeLast();
        far.pipeline().addLast(new Far());
        far.config().setAutoRead(true);
        near.flush();
        originInput = surplus;
        if (surplus != null) readOrigin();
        guest.process();
    }

    // --- guest to origin ---

    @Override
    public boolean takeBody(ByteBuf in) {
        if (over || busy()) return false;
        if (guestClosed) {
            in.skipBytes(in.readableBytes()); // nothing may follow a close frame
            return false;
        }
        int before = in.readableBytes();
        try {
            Incoming item = fromGuest.next(in);
            bytesUp += before - in.readableBytes();
            if (item == null) return false;
            guest.touch();
            guestSays(item);
        } catch (WebSocketViolation e) {
            refuse(Reason.MALFORMED_REQUEST, e.closeCode(), e.getMessage());
        } catch (RuntimeException | StackOverflowError e) {
            refuse(Reason.SCANNER_FAILED, CloseCode.INTERNAL_ERROR, "");
        }
        return !over;
    }

    private void guestSays(Incoming item) throws WebSocketViolation {
        switch (item) {
            case Incoming.Piece piece when screening == null ->
                far.write(toOrigin.message(piece.text(), piece.first(), piece.last(), piece.data()));
            case Incoming.Piece piece -> {
                Reason refused = screening.add(piece);
                if (refused != null) refuse(refused, closeCodeOf(refused), "");
            }
            case Incoming.Ping(byte[] payload) -> {
                guestControls.spend();
                control(payload, clean -> sendControl(clean, toOrigin.ping(payload)));
            }
            case Incoming.Pong(byte[] payload) -> {
                guestControls.spend();
                control(payload, clean -> sendControl(clean, toOrigin.pong(payload)));
            }
            case Incoming.Close(int code, byte[] reason) -> control(reason, clean -> {
                guestClosed = true;
                far.writeAndFlush(toOrigin.close(code, clean ? reason : new byte[0]));
                closingBegins();
            });
        }
    }

    /// Control frames carry up to 125 bytes of the guest's; they cannot be redacted, so what is found in one ends it all.
    private void sendControl(boolean clean, ByteBuf frame) {
        if (clean) {
            far.write(frame);
            return;
        }
        frame.release();
        refuse(Reason.PII_BLOCKED, CloseCode.POLICY, "a control frame");
    }

    private void control(byte[] payload, Consumer<Boolean> judged) {
        if (screening == null) {
            judged.accept(true);
            return;
        }
        Reason refused = screening.control(payload, (clean, late) -> {
            if (over) return;
            judged.accept(clean);
            if (over || !late) return;
            far.flush();
            guest.process();
        });
        if (refused != null) refuse(refused, closeCodeOf(refused), "");
    }

    /// A whole message was judged, at once or beside the event loop.
    private void judged(MessageScreening.Verdict verdict) {
        if (over) return;
        if (verdict.refused() != null) {
            String id = flow.blocked(
                    terms.policy(), Decision.deny(verdict.refused(), null), terms.subject(), verdict.seen(), "websocket message");
            endBoth(closeCodeOf(verdict.refused()), verdict.refused().code() + " " + id, verdict.refused().code());
            return;
        }
        if (verdict.note() != null) {
            try {
                Decision decision = Decision.allow(verdict.note(), terms.decision().rule().orElse(null));
                flow.allowed(terms.policy(), decision, terms.subject(), verdict.seen());
            } catch (dev.declaw.model.audit.AuditUnavailableException e) {
                refuse(Reason.AUDIT_UNAVAILABLE, CloseCode.INTERNAL_ERROR, "");
                return;
            }
        }
        far.write(toOrigin.message(verdict.text(), true, true, Unpooled.wrappedBuffer(verdict.content())));
        if (verdict.late()) {
            far.flush();
            guest.process();
        }
    }

    private boolean busy() {
        return screening != null && screening.busy();
    }

    private static int closeCodeOf(Reason reason) {
        return reason == Reason.REQUEST_TOO_LARGE ? CloseCode.TOO_BIG : CloseCode.POLICY;
    }

    // --- origin to guest ---

    private void readOrigin() {
        try {
            while (!over && originInput != null) {
                if (originClosed) originInput.skipBytes(originInput.readableBytes());
                Incoming item = fromOrigin.next(originInput);
                if (!originInput.isReadable()) {
                    originInput.release();
                    originInput = null;
                }
                if (item == null) break;
                originSays(item);
            }
        } catch (WebSocketViolation e) {
            endBoth(CloseCode.PROTOCOL_ERROR, "the origin broke RFC 6455", "origin: " + e.getMessage());
        } catch (RuntimeException e) {
            guest.crashed(e);
        }
        if (!over && !near.isWritable()) far.config().setAutoRead(false);
    }

    private void originSays(Incoming item) throws WebSocketViolation {
        switch (item) {
            case Incoming.Piece piece -> answer(piece);
            case Incoming.Ping(byte[] payload) -> {
                originControls.spend();
                near.write(toGuest.ping(masked(payload)));
            }
            case Incoming.Pong(byte[] payload) -> {
                originControls.spend();
                near.write(toGuest.pong(masked(payload)));
            }
            case Incoming.Close(int code, byte[] reason) -> {
                originClosed = true;
                near.writeAndFlush(toGuest.close(code, masked(reason)));
                closingBegins();
            }
        }
    }

    /// The few bytes of a control frame without the credentials of the request; never more of them.
    private byte[] masked(byte[] payload) {
        if (terms.messages() == null || payload.length == 0) return payload;
        String latin1 = new String(payload, StandardCharsets.ISO_8859_1);
        return terms.messages().get().masked(latin1).getBytes(StandardCharsets.ISO_8859_1);
    }

    private void answer(Incoming.Piece piece) {
        if (piece.first()) {
            answering = false;
            run = terms.messages() == null
                    ? null
                    : terms.messages().get().response(piece.text() ? "application/json" : "application/octet-stream", "").orElse(null);
        }
        ByteBuf data = piece.data();
        if (run != null) {
            byte[] read = new byte[data.readableBytes()];
            data.readBytes(read);
            data.release();
            data = Unpooled.wrappedBuffer(run.feed(read, 0, read.length));
            if (piece.last()) data = Unpooled.wrappedBuffer(data, Unpooled.wrappedBuffer(run.finish()));
            if (!data.isReadable() && !piece.last()) return; // all of it may still become a token
        }
        near.write(toGuest.message(piece.text(), !answering, piece.last(), data));
        answering = true;
    }

    // --- flow control ---

    @Override
    public void guestPaused() {
        far.flush();
    }

    @Override
    public void guestWritable(boolean writable) {
        if (!over) far.config().setAutoRead(writable);
    }

    @Override
    public boolean throttlesGuest() {
        return busy() || !far.isWritable();
    }

    @Override
    public boolean wantsBody() {
        return !guestClosed;
    }

    // --- the end ---

    private void closingBegins() {
        if (guestClosed && originClosed) {
            end("");
            guest.exchangeOver(false);
            return;
        }
        near.eventLoop().schedule(
                () -> {
                    if (over) return;
                    end("the closing handshake was not answered");
                    guest.exchangeOver(false);
                },
                CLOSING_SECONDS_MAX,
                TimeUnit.SECONDS);
    }

    private void refuse(Reason reason, int closeCode, String detail) {
        flow.blocked(
                terms.policy(), Decision.deny(reason, null), terms.subject(), FlowRecorder.Screening.NONE, detail);
        endBoth(closeCode, reason.code(), reason.code());
    }

    /// Says to the guest why, and to the origin only that.
    private void endBoth(int closeCode, String said, String recorded) {
        if (over) return;
        if (!originClosed) near.write(toGuest.close(closeCode, said));
        if (!guestClosed) far.write(toOrigin.close(CloseCode.GOING_AWAY, ""));
        end(recorded);
        guest.exchangeOver(false);
    }

    private void end(String detail) {
        if (over) return;
        over = true;
        if (screening != null) screening.release();
        if (originInput != null) originInput.release();
        originInput = null;
        far.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        long nanos = System.nanoTime() - terms.startedNanos();
        flow.closed(terms.policy(), terms.subject(), 101, bytesUp, bytesDown, nanos, detail);
    }

    @Override
    public void timedOut() {
        endBoth(CloseCode.GOING_AWAY, Reason.TIMED_OUT.code(), Reason.TIMED_OUT.code());
    }

    @Override
    public void refuseBody(int status, String detail) {
        refuse(Reason.MALFORMED_REQUEST, CloseCode.PROTOCOL_ERROR, detail);
    }

    @Override
    public void cancel() {
        if (over) return;
        if (!guestClosed) far.write(toOrigin.close(CloseCode.GOING_AWAY, new byte[0]));
        end("the guest ended it");
    }

    /// The origin's end of the wire.
    private final class Far extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf data = (ByteBuf) message;
            if (over) {
                data.release();
                return;
            }
            guest.touch();
            bytesDown += data.readableBytes();
            originInput = originInput == null
                    ? data
                    : ByteToMessageDecoder.MERGE_CUMULATOR.cumulate(ctx.alloc(), originInput, data);
            readOrigin();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            if (!over) near.flush();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext ctx) {
            if (!over) guest.updateReading();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (over) return;
            end(originClosed ? "" : "the origin ended it");
            if (originClosed) {
                guest.exchangeOver(false);
            } else {
                guest.abort();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
