package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicInteger;

/// A file descriptor that is closed exactly once (close(2)), however often and from whatever thread [#close] is called:
/// a second close could hit a descriptor that somebody else has been given since.
final class OwnedDescriptor implements NativeSocket {
    private static final MethodHandle CLOSE = Native.link("close", Native.INT, Native.INT);
    private static final int CLOSED = -1;

    private final AtomicInteger descriptor;

    OwnedDescriptor(int descriptor) {
        this.descriptor = new AtomicInteger(descriptor);
    }

    @Override
    public int descriptor() {
        int current = descriptor.get();
        if (current == CLOSED) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return current;
    }

    @Override
    public void close() {
        int current = descriptor.getAndSet(CLOSED);
        if (current == CLOSED) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int result = (int) CLOSE.invokeExact(capture, current);
            // EINTR: Linux has released the descriptor all the same (close(2), NOTES).
            if (result < 0 && Native.errno(capture) != Errno.EINTR) {
                throw new LinuxException("close", Native.errno(capture));
            }
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }
}
