package dev.declaw.egress.flow;

import dev.declaw.egress.content.BodyStream;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;

/// Takes a request's body that is too large to be held through the content stages, piece by piece, beside the event loop: one
/// piece is screened while the next one comes, and no more than that is kept. Used on one event loop only.
final class StreamedUpload {
    /// Bytes that are screened together.
    private static final int PIECE_BYTES = 64 * 1024;

    /// Hears what came of a piece, on the event loop.
    interface Owner {
        /// @param piece what may leave now
        /// @param refused why nothing more may; null to go on
        void screened(ByteBuf piece, Reason refused);

        void crashed(RuntimeException cause);
    }

    private final GuestFlow flow;
    private final EventLoop loop;
    private final BodyStream stream;
    private final Owner owner;
    private final long heldBytesMax;
    private final ByteBuf waiting;
    private long accounted;
    private ScreeningPool.Waiting screening;
    private volatile byte[] screened;
    private boolean ended;
    private boolean over;

    /// @param heldBytesMax what all bodies of the sandbox may have held back together
    StreamedUpload(GuestFlow flow, EventLoop loop, BodyStream stream, long heldBytesMax, Owner owner) {
        this.flow = flow;
        this.loop = loop;
        this.stream = stream;
        this.heldBytesMax = heldBytesMax;
        this.owner = owner;
        this.waiting = flow.guest.alloc().heapBuffer(PIECE_BYTES);
    }

    /// Whether a piece is being screened, so that no more is taken.
    boolean busy() {
        return screening != null;
    }

    /// Whether all of the body was screened.
    boolean complete() {
        return ended && screening == null;
    }

    /// @param data released here
    /// @return whether a piece is full, so that [#screen] should be called
    boolean add(ByteBuf data) {
        waiting.writeBytes(data);
        data.release();
        return waiting.readableBytes() >= PIECE_BYTES;
    }

    /// Whether something waits to be screened.
    boolean pending() {
        return waiting.isReadable();
    }

    /// Screens what has come.
    ///
    /// @param last whether it is the end of the body
    void screen(boolean last) {
        byte[] bytes = new byte[waiting.readableBytes()];
        waiting.readBytes(bytes).clear();
        screen(bytes, last);
    }

    void screen(byte[] bytes, boolean last) {
        ended = last;
        screening = flow.services.screening.run(flow.slot, loop, () -> feed(bytes, last), this::told, owner::crashed);
        if (screening == null) owner.screened(Unpooled.EMPTY_BUFFER, Reason.LIMIT_REACHED);
    }

    private Reason feed(byte[] bytes, boolean last) {
        screened = stream.feed(bytes, last);
        return stream.refused().orElse(null);
    }

    private void told(Reason refused) {
        screening = null;
        if (over) return;
        boolean room = refused != null || account(stream.heldBytes() - accounted);
        Reason reason = room ? refused : Reason.LIMIT_REACHED;
        owner.screened(reason == null ? Unpooled.wrappedBuffer(screened) : Unpooled.EMPTY_BUFFER, reason);
    }

    private boolean account(long more) {
        if (more > 0 && !flow.slot.acquireBodyBytes(more, heldBytesMax)) return false;
        if (more < 0) flow.slot.releaseBodyBytes(-more);
        accounted += more;
        return true;
    }

    /// Gives everything back; the owner hears nothing more.
    void stop() {
        if (over) return;
        over = true;
        if (screening != null) screening.giveUp();
        screening = null;
        waiting.release();
        flow.slot.releaseBodyBytes(accounted);
        accounted = 0;
    }
}
