package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/// Where a connection was going before nftables redirected it: getsockopt(2) with SO_ORIGINAL_DST, which asks conntrack
/// (linux/netfilter_ipv4.h, and IP6T_SO_ORIGINAL_DST in linux/netfilter_ipv6/ip6_tables.h).
public final class OriginalDestination {
    private static final int SOL_IP = 0;
    private static final int SOL_IPV6 = 41;
    private static final int SO_ORIGINAL_DST = 80;
    private static final int AF_INET = 2;
    private static final int SOCKADDR_IN_BYTES = 16;
    private static final int SOCKADDR_IN6_BYTES = 28;

    private static final MethodHandle GETSOCKOPT = Native.link(
            "getsockopt", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER, Native.POINTER);

    private OriginalDestination() {}

    /// @param descriptor an accepted TCP socket
    /// @throws LinuxException with ENOENT when the connection was not redirected
    public static InetSocketAddress of(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment address = arena.allocate(SOCKADDR_IN6_BYTES, 4);
            if (ask(descriptor, SOL_IP, SOCKADDR_IN_BYTES, address, capture, arena) < 0) {
                int errno = Native.errno(capture);
                if (ask(descriptor, SOL_IPV6, SOCKADDR_IN6_BYTES, address, capture, arena) < 0) {
                    throw new LinuxException("getsockopt SO_ORIGINAL_DST", errno);
                }
            }
            boolean v4 = address.get(ValueLayout.JAVA_SHORT, 0) == AF_INET;
            int port = (address.get(ValueLayout.JAVA_BYTE, 2) & 255) << 8 | address.get(ValueLayout.JAVA_BYTE, 3) & 255;
            byte[] bytes = address.asSlice(v4 ? 4 : 8, v4 ? 4 : 16).toArray(ValueLayout.JAVA_BYTE);
            return new InetSocketAddress(InetAddress.getByAddress(bytes), port);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("4 or 16 bytes are always an address", e);
        }
    }

    private static int ask(
            int descriptor, int level, int bytes, MemorySegment address, MemorySegment capture, Arena arena) {
        MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
        length.set(ValueLayout.JAVA_INT, 0, bytes);
        try {
            return (int) GETSOCKOPT.invokeExact(capture, descriptor, level, SO_ORIGINAL_DST, address, length);
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }
}
