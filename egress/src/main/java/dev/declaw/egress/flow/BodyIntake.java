package dev.declaw.egress.flow;

import dev.declaw.egress.content.BodyStream;
import dev.declaw.egress.http.RequestHead;
import dev.declaw.model.policy.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.Optional;

/// Collects a request's body for the content stages: held until it is whole and then judged by its format, or, where it is too
/// large for that and its stages allow it, judged piece by piece. Used on one event loop only.
final class BodyIntake implements StreamedUpload.Owner {
    /// A body above this, or one that must be decompressed, is screened off the event loop.
    private static final int SCREENED_INLINE_BYTES_MAX = 64 * 1024;

    /// Hears what came of it, on the event loop.
    interface Owner {
        /// The whole body was judged, or its first piece.
        ///
        /// @param refused why the request must not leave, or null
        void screened(Reason refused);

        /// A piece was judged and sent.
        ///
        /// @param last whether it was the end of the body
        void sent(int bytes, boolean last);

        /// A later piece must not leave; those before it have.
        void refusedLate(Reason reason);

        /// No more can be taken.
        void full(Reason reason, String detail);

        void crashed(RuntimeException cause);
    }

    private final GuestFlow flow;
    private final EventLoop loop;
    private final RequestHead head;
    private final RequestScreening screening;
    private final Owner owner;
    private final int bytesMax;
    private HeldBody held;
    private boolean mayStream;
    private StreamedUpload upload;
    private ScreeningPool.Waiting waiting;
    private Upstream upstream;
    /// Judged, and waits for the upstream.
    private ByteBuf firstPiece;

    BodyIntake(GuestFlow flow, EventLoop loop, RequestHead head, RequestScreening screening, Owner owner) {
        this.flow = flow;
        this.loop = loop;
        this.head = head;
        this.screening = screening;
        this.owner = owner;
        this.bytesMax = flow.services.config.limits().scanBodyBytesMax();
        this.mayStream = bytesMax > BodyStream.HELD_BYTES_MAX && screening.mayStream();
    }

    /// The most that a body may have that says its length, or any number where it may be streamed.
    long bytesMax() {
        return mayStream ? Long.MAX_VALUE : bytesMax;
    }

    /// Whether the body is judged piece by piece.
    boolean streams() {
        return upload != null;
    }

    /// Takes a piece while the body is held.
    ///
    /// @param data released here
    /// @param last whether the body ends with it
    /// @return whether it is still held and more may come
    boolean hold(ByteBuf data, boolean last) {
        if (held == null) held = new HeldBody(flow.slot, flow.guest.alloc(), bytesMax);
        switch (held.add(data)) {
            case BODY_TOO_LARGE -> {
                owner.full(Reason.REQUEST_TOO_LARGE, "bodies held for scanning");
                return false;
            }
            case SANDBOX_HOLDS_TOO_MUCH -> {
                owner.full(Reason.LIMIT_REACHED, "bodies held for scanning");
                return false;
            }
            case OK -> {}
        }
        if (!mayStream || held.bytes() <= BodyStream.HELD_BYTES_MAX) return true;
        mayStream = false; // asked once, about the same bytes whatever the segmentation
        Optional<BodyStream> stream = screening.bodyStream(held.begin(BodyStream.HELD_BYTES_MAX));
        if (stream.isEmpty()) return true;
        upload = new StreamedUpload(flow, loop, stream.get(), held.sandboxBytesMax(), this);
        byte[] begin = held.take();
        held.release();
        held = null;
        upload.screen(begin, last);
        return false;
    }

    /// Takes a piece of a body that streams.
    ///
    /// @param data released here; null for none
    /// @param last whether the body ends with it
    /// @return whether more may come now
    boolean stream(ByteBuf data, boolean last) {
        boolean full = data != null && upload.add(data);
        if (full || last) upload.screen(last);
        return !upload.busy();
    }

    /// Nothing more comes for now: what is there is judged.
    ///
    /// @return whether more may come meanwhile
    boolean paused() {
        if (upload.pending()) upload.screen(false);
        return !upload.busy();
    }

    @Override
    public void screened(ByteBuf piece, Reason refused) {
        if (refused == null && upstream != null) {
            send(piece);
        } else if (refused == null) {
            firstPiece = piece;
            owner.screened(null);
        } else {
            piece.release();
            if (upstream == null) owner.screened(refused);
            else owner.refusedLate(refused);
        }
    }

    @Override
    public void crashed(RuntimeException cause) {
        owner.crashed(cause);
    }

    /// The head was sent there: now what was judged goes, as it comes.
    void sendTo(Upstream found) {
        upstream = found;
        ByteBuf piece = firstPiece;
        firstPiece = null;
        send(piece);
    }

    private void send(ByteBuf piece) {
        int bytes = piece.readableBytes();
        upstream.write(piece);
        boolean last = upload.complete();
        if (last) upstream.end();
        else upstream.flush();
        owner.sent(bytes, last);
    }

    /// Judges the whole body, which was held, or the request that has none.
    void judge() {
        byte[] bytes = held == null ? new byte[0] : held.take();
        boolean small = bytes.length <= SCREENED_INLINE_BYTES_MAX && head.value("Content-Encoding").isEmpty();
        if (small && !screening.slow()) {
            owner.screened(screening.judgeRest(flow.services.bodyDecoder, bytes));
            return;
        }
        waiting = flow.services.screening.run(
                flow.slot, loop, () -> screening.judgeRest(flow.services.bodyDecoder, bytes), this::judged, owner::crashed);
        if (waiting == null) owner.full(Reason.LIMIT_REACHED, "bodies waiting for the scanners");
    }

    private void judged(Reason refused) {
        waiting = null;
        owner.screened(refused);
    }

    /// Gives everything back; nothing more is told.
    void stop() {
        if (held != null) held.release();
        held = null;
        if (upload != null) upload.stop();
        if (firstPiece != null) firstPiece.release();
        firstPiece = null;
        if (waiting != null) waiting.giveUp();
        waiting = null;
    }
}
