package dev.declaw.runtime;

import dev.declaw.linux.SlotSockets;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Stands where the egress proxy stands: serves the two real sockets of a slot with plain system calls. Each TCP connection
/// is told its destination as we see it, then closed (or held); each DNS question is answered with one address.
@SuppressWarnings("restricted")
final class SlotPeer implements AutoCloseable {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final MethodHandle POLL = link("poll", INT, ValueLayout.ADDRESS, LONG, INT);
    private static final MethodHandle ACCEPT = link("accept", INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    private static final MethodHandle GETSOCKNAME =
            link("getsockname", INT, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    private static final MethodHandle WRITE = link("write", LONG, INT, ValueLayout.ADDRESS, LONG);
    private static final MethodHandle CLOSE = link("close", INT, INT);
    private static final MethodHandle RECVFROM =
            link("recvfrom", LONG, INT, ValueLayout.ADDRESS, LONG, INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS);
    private static final MethodHandle SENDTO =
            link("sendto", LONG, INT, ValueLayout.ADDRESS, LONG, INT, ValueLayout.ADDRESS, INT);
    private static final short POLLIN = 1;
    private static final int TURN_MILLIS = 100;
    private static final byte[] ANSWER = {(byte) 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, (byte) 192, 0, 2, 1};

    private final SlotSockets sockets;
    private final boolean hold;
    private final Thread thread;
    private final ConcurrentLinkedQueue<String> destinations = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Integer> held = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private static MethodHandle link(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
    }

    /// @param hold keeps accepted connections open until the end
    SlotPeer(SlotSockets sockets, boolean hold) {
        this.sockets = sockets;
        this.hold = hold;
        this.thread = Thread.ofPlatform().name("slot-peer").start(this::serve);
    }

    /// Destinations of the connections so far, as `address:port`, in order.
    List<String> destinations() {
        return List.copyOf(destinations);
    }

    private void serve() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment descriptors = arena.allocate(16, 8);
            descriptors.set(INT, 0, sockets.tcp().descriptor());
            descriptors.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
            descriptors.set(INT, 8, sockets.dns().descriptor());
            descriptors.set(ValueLayout.JAVA_SHORT, 12, POLLIN);
            MemorySegment address = arena.allocate(16, 8);
            MemorySegment length = arena.allocate(INT);
            MemorySegment buffer = arena.allocate(2048);
            while (!closed) {
                int ready = (int) POLL.invokeExact(descriptors, 2L, TURN_MILLIS);
                if (ready > 0 && descriptors.get(ValueLayout.JAVA_SHORT, 6) != 0) {
                    accept(address, length, buffer);
                }
                if (ready > 0 && descriptors.get(ValueLayout.JAVA_SHORT, 14) != 0) {
                    answer(address, length, buffer);
                }
            }
        } catch (Throwable failure) {
            throw new AssertionError(failure);
        }
    }

    private void accept(MemorySegment address, MemorySegment length, MemorySegment buffer) throws Throwable {
        int connection = (int) ACCEPT.invokeExact(sockets.tcp().descriptor(), MemorySegment.NULL, MemorySegment.NULL);
        if (connection < 0) {
            return;
        }
        length.set(INT, 0, 16);
        int named = (int) GETSOCKNAME.invokeExact(connection, address, length);
        String destination = named == 0 ? text(address) : "unknown";
        destinations.add(destination);
        if (hold) {
            held.add(connection);
            return;
        }
        byte[] line = (destination + "\n").getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(line, 0, buffer, ValueLayout.JAVA_BYTE, 0, line.length);
        long written = (long) WRITE.invokeExact(connection, buffer, (long) line.length);
        int result = (int) CLOSE.invokeExact(connection);
        if (written < 0 || result < 0) {
            destinations.add("broken");
        }
    }

    private void answer(MemorySegment address, MemorySegment length, MemorySegment buffer) throws Throwable {
        length.set(INT, 0, 16);
        long size = (long) RECVFROM.invokeExact(sockets.dns().descriptor(), buffer, 1024L, 0, address, length);
        if (size < 12) {
            return;
        }
        buffer.set(ValueLayout.JAVA_BYTE, 2, (byte) 0x81);
        buffer.set(ValueLayout.JAVA_BYTE, 3, (byte) 0x80);
        buffer.set(ValueLayout.JAVA_BYTE, 7, (byte) 1);
        MemorySegment.copy(ANSWER, 0, buffer, ValueLayout.JAVA_BYTE, size, ANSWER.length);
        long sent = (long) SENDTO.invokeExact(
                sockets.dns().descriptor(), buffer, size + ANSWER.length, 0, address, length.get(INT, 0));
        destinations.add(sent > 0 ? "dns" : "dns failed");
    }

    private static String text(MemorySegment address) {
        int port = Short.toUnsignedInt(
                address.get(ValueLayout.JAVA_SHORT.withOrder(ByteOrder.BIG_ENDIAN), 2));
        StringBuilder text = new StringBuilder();
        for (int i = 4; i < 8; i++) {
            text.append(address.get(ValueLayout.JAVA_BYTE, i) & 0xff).append(i < 7 ? "." : ":");
        }
        return text.append(port).toString();
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
        sockets.close();
        for (int connection : held) {
            try {
                int result = (int) CLOSE.invokeExact(connection);
                assert result == 0;
            } catch (Throwable failure) {
                throw new AssertionError(failure);
            }
        }
    }
}
