package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/// `struct msghdr` with one `iovec` over a buffer, and room for descriptors (sendmsg(2), recvmsg(2), cmsg(3)). It lives as
/// long as its arena; used by one thread.
final class MessageHeader {
    static final MethodHandle SENDMSG = Native.link("sendmsg", Native.LONG, Native.INT, Native.POINTER, Native.INT);
    static final MethodHandle RECVMSG = Native.link("recvmsg", Native.LONG, Native.INT, Native.POINTER, Native.INT);
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 8;

    // struct cmsghdr { size_t len; int level; int type; } and struct msghdr, LP64 (both supported machines are).
    private static final int CMSG_HEADER_BYTES = 16;
    private static final int MSGHDR_BYTES = 56;
    private static final long IOV = 16;
    private static final long IOV_LENGTH = 24;
    private static final long CONTROL = 32;
    private static final long CONTROL_LENGTH = 40;
    private static final long FLAGS = 48;

    private final MemorySegment capture;
    private final MemorySegment data;
    private final MemorySegment vector;
    private final MemorySegment control;
    private final MemorySegment header;
    private final int controlBytes;

    /// @param bytes room of the buffer
    /// @param descriptorsMax room for descriptors
    MessageHeader(Arena arena, int bytes, int descriptorsMax) {
        capture = Native.capture(arena);
        data = arena.allocate(bytes);
        controlBytes = CMSG_HEADER_BYTES + descriptorsMax * Integer.BYTES;
        vector = arena.allocate(16, 8);
        control = arena.allocate(controlBytes, 8);
        header = arena.allocate(MSGHDR_BYTES, 8);
        header.set(ValueLayout.ADDRESS, IOV, vector);
        header.set(ValueLayout.JAVA_LONG, IOV_LENGTH, 1);
    }

    void window(long from, long bytes) {
        vector.set(ValueLayout.ADDRESS, 0, data.asSlice(from));
        vector.set(ValueLayout.JAVA_LONG, 8, bytes);
    }

    void attach(int... descriptors) {
        long bytes = CMSG_HEADER_BYTES + (long) descriptors.length * Integer.BYTES;
        boolean none = descriptors.length == 0;
        header.set(ValueLayout.ADDRESS, CONTROL, none ? MemorySegment.NULL : control);
        header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, none ? 0 : bytes);
        control.set(ValueLayout.JAVA_LONG, 0, bytes);
        control.set(ValueLayout.JAVA_INT, 8, SOL_SOCKET);
        control.set(ValueLayout.JAVA_INT, 12, SCM_RIGHTS);
        MemorySegment.copy(descriptors, 0, control, ValueLayout.JAVA_INT, CMSG_HEADER_BYTES, descriptors.length);
    }

    void makeRoomForDescriptors() {
        header.set(ValueLayout.ADDRESS, CONTROL, control);
        header.set(ValueLayout.JAVA_LONG, CONTROL_LENGTH, controlBytes);
    }

    boolean truncated() {
        return (header.get(ValueLayout.JAVA_INT, FLAGS) & MSG_CTRUNC) != 0;
    }

    void takeDescriptors(List<Descriptor> into) {
        long received = header.get(ValueLayout.JAVA_LONG, CONTROL_LENGTH);
        if (received < CMSG_HEADER_BYTES) return;
        boolean rights = control.get(ValueLayout.JAVA_INT, 8) == SOL_SOCKET
                && control.get(ValueLayout.JAVA_INT, 12) == SCM_RIGHTS;
        long end = Math.min(control.get(ValueLayout.JAVA_LONG, 0), received);
        for (long at = CMSG_HEADER_BYTES; rights && at + Integer.BYTES <= end; at += Integer.BYTES) {
            into.add(new Descriptor(control.get(ValueLayout.JAVA_INT, at)));
        }
    }

    MemorySegment capture() {
        return capture;
    }

    MemorySegment data() {
        return data;
    }

    MemorySegment pointer() {
        return header;
    }
}
