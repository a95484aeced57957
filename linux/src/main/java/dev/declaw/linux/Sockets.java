package dev.declaw.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.net.Inet4Address;
import java.net.InetSocketAddress;

/// IPv4 sockets with options that the JDK does not offer. All of them are non-blocking and close-on-exec (socket(2)).
/// A socket belongs to the network namespace of the thread that makes it, for good (network_namespaces(7)).
final class Sockets {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SOL_IP = 0;
    private static final int IP_TRANSPARENT = 19;
    private static final int SOCKADDR_IN_BYTES = 16;
    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT.withOrder(java.nio.ByteOrder.BIG_ENDIAN);

    private static final MethodHandle SOCKET = Native.link("socket", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle SETSOCKOPT =
            Native.link("setsockopt", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle BIND =
            Native.link("bind", Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle LISTEN = Native.link("listen", Native.INT, Native.INT, Native.INT);

    private Sockets() {}

    /// A listening TCP socket that accepts connections to any destination which TPROXY steers to it (ip(7),
    /// IP_TRANSPARENT; needs CAP_NET_ADMIN).
    static NativeSocket listenTransparent(InetSocketAddress address, int backlog) {
        return open(SOCK_STREAM, (socket, arena, capture) -> {
            enable(socket, SOL_SOCKET, SO_REUSEADDR, "setsockopt(SO_REUSEADDR)", arena, capture);
            enable(socket, SOL_IP, IP_TRANSPARENT, "setsockopt(IP_TRANSPARENT)", arena, capture);
            bind(socket, address, arena, capture);
            Native.check("listen", (int) LISTEN.invokeExact(capture, socket, backlog), capture);
        });
    }

    /// A bound UDP socket.
    static NativeSocket bindDatagram(InetSocketAddress address) {
        return open(SOCK_DGRAM, (socket, arena, capture) -> bind(socket, address, arena, capture));
    }

    @FunctionalInterface
    private interface Setup {
        void apply(int socket, Arena arena, MemorySegment capture) throws Throwable;
    }

    private static NativeSocket open(int type, Setup setup) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int socket = Native.check(
                    "socket",
                    (int) SOCKET.invokeExact(capture, AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
                    capture);
            OwnedDescriptor owned = new OwnedDescriptor(socket);
            try {
                setup.apply(socket, arena, capture);
                return owned;
            } catch (Throwable failure) {
                owned.close();
                throw failure;
            }
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }

    private static void enable(int socket, int level, int option, String call, Arena arena, MemorySegment capture)
            throws Throwable {
        MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_INT, 1);
        Native.check(call, (int) SETSOCKOPT.invokeExact(capture, socket, level, option, one, Integer.BYTES), capture);
    }

    private static void bind(int socket, InetSocketAddress address, Arena arena, MemorySegment capture)
            throws Throwable {
        if (!(address.getAddress() instanceof Inet4Address ip)) {
            throw new IllegalArgumentException("a slot's sockets are IPv4");
        }
        MemorySegment sockaddr = arena.allocate(SOCKADDR_IN_BYTES, 8);
        sockaddr.set(ValueLayout.JAVA_SHORT, 0, (short) AF_INET);
        sockaddr.set(NETWORK_SHORT, 2, (short) address.getPort());
        MemorySegment.copy(ip.getAddress(), 0, sockaddr, ValueLayout.JAVA_BYTE, 4, 4);
        Native.check(
                "bind to " + ip.getHostAddress() + ":" + address.getPort(),
                (int) BIND.invokeExact(capture, socket, sockaddr, SOCKADDR_IN_BYTES),
                capture);
    }
}
