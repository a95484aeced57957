package dev.declaw.egress.flow;

import dev.declaw.egress.http.HttpViolation;
import io.netty.buffer.ByteBuf;

/// What a guest's connection is busy with: one request and its response, or a WebSocket. Used on the connection's event
/// loop only.
interface Conversation {
    /// Takes what it can use of the input.
    ///
    /// @return whether it took something and may take more; after false the input may be gone
    boolean takeBody(ByteBuf in) throws HttpViolation;

    /// No more input for now: what was passed on may be flushed.
    void guestPaused();

    void guestWritable(boolean writable);

    /// Whether the guest must not be read from for now.
    boolean throttlesGuest();

    /// Whether the end of the guest's input would cut it short.
    boolean wantsBody();

    void timedOut();

    /// The rest of the input is malformed, so nothing can follow it.
    void refuseBody(int status, String detail);

    /// Nobody waits for the other side's bytes any more.
    void cancel();
}
