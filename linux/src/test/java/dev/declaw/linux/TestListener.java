package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A listening IPv4 socket whose accepted descriptors are numbers, by socket(2), bind(2), listen(2) and accept(2).
final class TestListener implements AutoCloseable {
    private static final MethodHandle SOCKET =
            Native.link("socket", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle BIND = Native.link("bind", Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle LISTEN = Native.link("listen", Native.INT, Native.INT, Native.INT);
    private static final MethodHandle ACCEPT =
            Native.link("accept", Native.INT, Native.INT, Native.POINTER, Native.POINTER);

    private final Descriptor socket;

    private TestListener(Descriptor socket) {
        this.socket = socket;
    }

    static TestListener on(int port) throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            Descriptor socket =
                    new Descriptor(Native.check("socket", (int) SOCKET.invokeExact(capture, 2, 1, 0), capture));
            MemorySegment address = arena.allocate(16, 4);
            address.set(ValueLayout.JAVA_SHORT, 0, (short) 2);
            address.set(ValueLayout.JAVA_BYTE, 2, (byte) (port >> 8));
            address.set(ValueLayout.JAVA_BYTE, 3, (byte) port);
            Native.check("bind", (int) BIND.invokeExact(capture, socket.descriptor(), address, 16), capture);
            Native.check("listen", (int) LISTEN.invokeExact(capture, socket.descriptor(), 1), capture);
            return new TestListener(socket);
        }
    }

    Descriptor accept() throws Throwable {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int accepted = (int) ACCEPT.invokeExact(capture, socket.descriptor(), MemorySegment.NULL, MemorySegment.NULL);
            return new Descriptor(Native.check("accept", accepted, capture));
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
