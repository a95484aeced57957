package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicInteger;

/// A descriptor that this process owns: received over a Unix socket, or made by a wrapper of this package. Thread-safe.
public final class Descriptor implements NativeSocket {
    private static final MethodHandle CLOSE = Native.link("close", Native.INT, Native.INT);
    private static final MethodHandle FCNTL =
            Native.linkVariadic("fcntl", 2, Native.INT, Native.INT, Native.INT, Native.INT);
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int RELEASED = -1;

    private final AtomicInteger number;

    Descriptor(int number) {
        this.number = new AtomicInteger(number);
    }

    @Override
    public int descriptor() {
        int open = number.get();
        if (open == RELEASED) throw new IllegalStateException("the descriptor was closed or given away");
        return open;
    }

    /// Sets O_NONBLOCK (fcntl(2)), for every process that shares the open file.
    public Descriptor nonBlocking() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int flags = Native.check("fcntl", (int) FCNTL.invokeExact(capture, descriptor(), F_GETFL, 0), capture);
            Native.check("fcntl", (int) FCNTL.invokeExact(capture, descriptor(), F_SETFL, flags | O_NONBLOCK), capture);
            return this;
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }

    /// Gives the number to a new owner, who closes it from now on (a Netty channel does when it is closed).
    public int release() {
        int open = number.getAndSet(RELEASED);
        if (open == RELEASED) throw new IllegalStateException("the descriptor was closed or given away");
        return open;
    }

    @Override
    public void close() {
        int open = number.getAndSet(RELEASED);
        if (open != RELEASED) closeNumber(open);
    }

    /// close(2). Its errors are not reported: the number is free afterwards in any case, and nothing was written here.
    static void closeNumber(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int _ = (int) CLOSE.invokeExact(capture, descriptor);
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }
}
