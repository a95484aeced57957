package dev.declaw.egress.flow;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/// A request body that is collected until it can be screened as a whole, within the limit of one body and of all bodies
/// that the sandbox has held back. One thread at a time; [#release] gives everything back.
final class HeldBody {
    /// Bodies of the largest size that a sandbox may have held back at one time.
    private static final int BODIES_MAX = 4;

    enum Added {
        OK,
        BODY_TOO_LARGE,
        SANDBOX_HOLDS_TOO_MUCH
    }

    private final SandboxSlot slot;
    private final int bytesMax;
    private ByteBuf held;
    private int accounted;

    HeldBody(SandboxSlot slot, ByteBufAllocator allocator, int bytesMax) {
        this.slot = slot;
        this.bytesMax = bytesMax;
        this.held = allocator.heapBuffer(1024);
    }

    /// @param data released here
    Added add(ByteBuf data) {
        try {
            int size = data.readableBytes();
            if (held.readableBytes() + size > bytesMax) return Added.BODY_TOO_LARGE;
            if (!slot.acquireBodyBytes(size, sandboxBytesMax())) return Added.SANDBOX_HOLDS_TOO_MUCH;
            accounted += size;
            held.writeBytes(data);
            return Added.OK;
        } finally {
            data.release();
        }
    }

    /// Bytes so far.
    int bytes() {
        return held.readableBytes();
    }

    /// A copy of the first bytes.
    byte[] begin(int length) {
        byte[] bytes = new byte[length];
        held.getBytes(held.readerIndex(), bytes);
        return bytes;
    }

    /// What the sandbox may have held back in all.
    long sandboxBytesMax() {
        return (long) BODIES_MAX * bytesMax;
    }

    /// The body; stays accounted for until [#release].
    byte[] take() {
        byte[] bytes = new byte[held.readableBytes()];
        held.readBytes(bytes);
        held.release();
        held = null;
        return bytes;
    }

    void release() {
        if (held != null) held.release();
        held = null;
        slot.releaseBodyBytes(accounted);
        accounted = 0;
    }
}
