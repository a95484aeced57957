package dev.declaw.egress.flow;

import dev.declaw.egress.content.Screened;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.egress.websocket.Incoming;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/// Holds back one message of a guest's WebSocket after the other until the content stages have judged it. Used on one event
/// loop; large messages are judged beside it, and until then [#busy] holds.
final class MessageScreening {
    private static final int SCREENED_INLINE_BYTES_MAX = 64 * 1024;

    /// @param refused why the message must not leave; null when it may
    /// @param note what an allow event says; null when nothing was found
    /// @param late whether it was judged beside the event loop
    record Verdict(boolean text, byte[] content, Reason refused, Reason note, Screening seen, boolean late) {}

    private final GuestFlow flow;
    private final String host;
    private final Channel near;
    private final Consumer<Verdict> judged;
    private HeldBody held;
    private boolean busy;

    MessageScreening(GuestFlow flow, String host, Channel near, Consumer<Verdict> judged) {
        this.flow = flow;
        this.host = host;
        this.near = near;
        this.judged = judged;
    }

    /// Whether a message is being judged, so that none may follow.
    boolean busy() {
        return busy;
    }

    /// Adds to the message, and has it judged when it is whole.
    ///
    /// @return why it cannot be held, or null
    Reason add(Incoming.Piece piece) {
        if (held == null) {
            held = new HeldBody(flow.slot, near.alloc(), flow.services.config.limits().scanBodyBytesMax());
        }
        HeldBody.Added added = held.add(piece.data());
        if (added != HeldBody.Added.OK) {
            return added == HeldBody.Added.BODY_TOO_LARGE ? Reason.REQUEST_TOO_LARGE : Reason.LIMIT_REACHED;
        }
        if (!piece.last()) return null;
        byte[] message = held.take();
        if (message.length <= SCREENED_INLINE_BYTES_MAX) {
            Verdict verdict = judge(piece.text(), message, false);
            release();
            judged.accept(verdict);
            return null;
        }
        busy = true;
        try {
            flow.services.screening.execute(() -> {
                Verdict verdict = judge(piece.text(), message, true);
                near.eventLoop().execute(() -> {
                    busy = false;
                    release();
                    judged.accept(verdict);
                });
            });
        } catch (RejectedExecutionException e) {
            busy = false;
            return Reason.LIMIT_REACHED;
        }
        return null;
    }

    /// Whether nothing is found in a few bytes that cannot be changed.
    boolean clean(byte[] payload) {
        Verdict verdict = judge(false, payload, false);
        return verdict.refused() == null && verdict.content() == payload;
    }

    /// Whatever goes wrong in a scanner is a reason to block, never to let pass.
    private Verdict judge(boolean text, byte[] message, boolean late) {
        Screened<byte[]> screened;
        try {
            screened = flow.slot.screen().screenBody(message, text ? "text/plain; charset=utf-8" : "", host);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            return new Verdict(text, message, Reason.SCANNER_FAILED, null, Screening.NONE, late);
        }
        Map<String, Integer> counts = screened.counts();
        Screening seen = new Screening(RequestScreening.SCANNER, counts);
        return switch (screened) {
            case Screened.Blocked<byte[]> blocked -> new Verdict(text, message, blocked.reason(), null, seen, late);
            case Screened.Redacted<byte[]> changed ->
                new Verdict(text, changed.content(), null, Reason.PII_REDACTED, seen, late);
            case Screened.Logged<byte[]> _ -> new Verdict(text, message, null, Reason.PII_LOGGED, seen, late);
            case Screened.Clean<byte[]> _ -> new Verdict(text, message, null, null, seen, late);
        };
    }

    void release() {
        if (held != null) held.release();
        held = null;
    }
}
