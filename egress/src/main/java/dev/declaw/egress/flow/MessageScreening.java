package dev.declaw.egress.flow;

import dev.declaw.egress.content.ContentRun;
import dev.declaw.egress.flow.FlowRecorder.Screening;
import dev.declaw.egress.websocket.Incoming;
import dev.declaw.model.policy.Reason;
import io.netty.channel.Channel;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Holds back one message of a guest's WebSocket after the other until the content stages have judged it. Used on one event
/// loop; large messages are judged beside it, and until then [#busy] holds.
final class MessageScreening {
    private static final int SCREENED_INLINE_BYTES_MAX = 64 * 1024;

    /// @param refused why the message must not leave; null when it may
    /// @param note what an allow event says; null when nothing was found
    /// @param late whether it was judged beside the event loop
    record Verdict(boolean text, byte[] content, Reason refused, Reason note, Screening seen, boolean late) {}

    private final GuestFlow flow;
    private final Supplier<ContentRun> runs;
    private final Channel near;
    private final Consumer<Verdict> judged;
    private HeldBody held;
    private ScreeningPool.Waiting waiting;

    MessageScreening(GuestFlow flow, Supplier<ContentRun> runs, Channel near, Consumer<Verdict> judged) {
        this.flow = flow;
        this.runs = runs;
        this.near = near;
        this.judged = judged;
    }

    /// Whether a message is being judged, so that none may follow.
    boolean busy() {
        return waiting != null;
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
        Message whole = new Message(runs.get(), piece.text(), message);
        if (message.length <= SCREENED_INLINE_BYTES_MAX && !whole.run.slow()) {
            Reason refused = whole.judge();
            release();
            judged.accept(whole.verdict(refused, false));
            return null;
        }
        return beside(whole::judge, refused -> {
            release();
            judged.accept(whole.verdict(refused, true));
        });
    }

    private Reason beside(Supplier<Reason> work, Consumer<Reason> told) {
        waiting = flow.services.screening.run(flow.slot, near.eventLoop(), work, refused -> {
            waiting = null;
            told.accept(refused);
        }, cause -> near.pipeline().fireExceptionCaught(cause));
        return waiting == null ? Reason.LIMIT_REACHED : null;
    }

    /// Tells whether nothing is found in a few bytes that cannot be changed, at once or beside the event loop. Scanners that
    /// run a model and only judge do not read them.
    ///
    /// @return why they cannot be judged, or null
    Reason control(byte[] payload, Control told) {
        Message control = new Message(runs.get(), false, payload);
        if (control.run.slowHead() && payload.length > 0) {
            return beside(control::edit, refused -> told.judged(refused == null && control.content == payload, true));
        }
        Reason refused = control.run.slow() ? control.edit() : control.judge();
        told.judged(refused == null && control.content == payload, false);
        return null;
    }

    /// Hears of the payload of a control frame.
    interface Control {
        /// @param late whether the frame had to wait, so that reading must be taken up again
        void judged(boolean clean, boolean late);
    }

    private static final class Message {
        private final ContentRun run;
        private final boolean text;
        private volatile byte[] content;

        Message(ContentRun run, boolean text, byte[] content) {
            this.run = run;
            this.text = text;
            this.content = content;
        }

        /// Whatever goes wrong in a scanner is a reason to block, never to let pass.
        Reason judge() {
            Reason refused = edit();
            if (refused != null) return refused;
            try {
                run.judge();
                return run.refused().orElse(null);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                return Reason.SCANNER_FAILED;
            }
        }

        Reason edit() {
            try {
                content = run.body(content, text ? "text/plain; charset=utf-8" : "");
                return run.refused().orElse(null);
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                return Reason.SCANNER_FAILED;
            }
        }

        Verdict verdict(Reason refused, boolean late) {
            Screening seen = new Screening(run.scanner(), run.counts(), run.decisions());
            Reason note = run.wouldRefuse().or(run::note).orElse(null);
            return new Verdict(text, content, refused, refused == null ? note : null, seen, late);
        }
    }

    /// Nothing more is wanted.
    void release() {
        if (waiting != null) waiting.giveUp();
        waiting = null;
        if (held != null) held.release();
        held = null;
    }
}
