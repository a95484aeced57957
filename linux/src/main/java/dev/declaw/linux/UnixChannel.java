package dev.declaw.linux;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A connected Unix stream socket that carries framed messages with descriptors (unix(7), sendmsg(2), recvmsg(2), cmsg(3)).
///
/// A frame is four bytes of length, most significant first, and that many bytes. Descriptors travel with the length
/// (SCM_RIGHTS); the kernel never merges bytes across them, so they cannot attach to another frame.
/// One thread may send while another receives; both calls block a platform thread. [#close] ends both from any thread.
public final class UnixChannel implements AutoCloseable {
    public static final int MESSAGE_BYTES_MAX = 1 << 20;
    public static final int DESCRIPTORS_MAX = 8;

    static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOCK_STREAM = 1;
    private static final int SHUT_RDWR = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_SNDTIMEO = 21;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int HEADER_BYTES = 4;
    private static final int CHUNK_BYTES = 64 * 1024;

    private static final MethodHandle SOCKET =
            Native.link("socket", Native.INT, Native.INT, Native.INT, Native.INT);
    private static final MethodHandle CONNECT =
            Native.link("connect", Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle SHUTDOWN = Native.link("shutdown", Native.INT, Native.INT, Native.INT);
    private static final MethodHandle GETSOCKOPT = Native.link(
            "getsockopt", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER, Native.POINTER);

    private static final MethodHandle SETSOCKOPT =
            Native.link("setsockopt", Native.INT, Native.INT, Native.INT, Native.INT, Native.POINTER, Native.INT);

    /// @param bytes the message
    /// @param descriptors what came with it; the receiver closes them
    public record Received(byte[] bytes, List<Descriptor> descriptors) implements AutoCloseable {
        /// Closes the descriptors that were not released.
        @Override
        public void close() {
            descriptors.forEach(Descriptor::close);
        }
    }

    /// The process at the other end as it was when it connected (SO_PEERCRED).
    public record Peer(int pid, int uid, int gid) {}

    private final Descriptor socket;
    private final int number;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ReentrantLock sending = new ReentrantLock();
    private final ReentrantLock receiving = new ReentrantLock();
    /// Held shared around every call on the number, and alone to close it: a number in use is never closed and reused.
    private final ReentrantReadWriteLock inUse = new ReentrantReadWriteLock();

    UnixChannel(Descriptor socket) {
        this.socket = socket;
        this.number = socket.descriptor();
    }

    /// @throws LinuxException when nothing listens at the path
    public static UnixChannel connect(Path path) {
        return new UnixChannel(connectSocket(path, Duration.ZERO));
    }

    /// Connects to a socket of the abstract kind (unix(7)), which has a name and no file: whoever is first in a network namespace may
    /// listen there, so ask [#peer] who it is.
    ///
    /// @param patience how long the connection, and each write, may wait for a peer that takes nothing
    /// @throws LinuxException when nobody listens under the name
    public static UnixChannel connectAbstract(String name, Duration patience) {
        try (Arena arena = Arena.ofConfined()) {
            return new UnixChannel(connectSocket(UnixAddress.ofAbstract(name, arena), patience));
        }
    }

    /// A stream socket that is connected to the path; the caller closes it.
    ///
    /// @param patience how long the connection and each write may wait for a peer that takes nothing (socket(7),
    ///     SO_SNDTIMEO); zero for as long as it takes
    static Descriptor connectSocket(Path path, Duration patience) {
        try (Arena arena = Arena.ofConfined()) {
            return connectSocket(UnixAddress.of(path, arena), patience);
        }
    }

    private static Descriptor connectSocket(MemorySegment address, Duration patience) {
        Descriptor socket = socket();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment time = arena.allocate(Native.LONG, 2); // struct timeval
            time.setAtIndex(Native.LONG, 0, patience.toSeconds());
            time.setAtIndex(Native.LONG, 1, patience.toNanosPart() / 1000);
            Native.check(
                    "setsockopt SO_SNDTIMEO",
                    (int) SETSOCKOPT.invokeExact(capture, socket.descriptor(), SOL_SOCKET, SO_SNDTIMEO, time, 16),
                    capture);
            int bytes = Math.toIntExact(address.byteSize());
            Native.check("connect", (int) CONNECT.invokeExact(capture, socket.descriptor(), address, bytes), capture);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        } catch (Throwable t) {
            socket.close();
            throw Native.impossible(t);
        }
    }

    /// Sends one frame with copies of the descriptors; the caller keeps and closes its own.
    ///
    /// @throws IOException when the peer is gone or this channel is closed; the channel is of no more use
    public void send(byte[] message, int... descriptors) throws IOException {
        if (message.length > MESSAGE_BYTES_MAX || descriptors.length > DESCRIPTORS_MAX) {
            throw new IllegalArgumentException("a message has at most " + MESSAGE_BYTES_MAX + " bytes and "
                    + DESCRIPTORS_MAX + " descriptors");
        }
        sending.lock();
        inUse.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            MessageHeader header = new MessageHeader(arena, HEADER_BYTES + message.length, DESCRIPTORS_MAX);
            for (int shift = 24, i = 0; i < HEADER_BYTES; shift -= 8, i++) {
                header.data().set(ValueLayout.JAVA_BYTE, i, (byte) (message.length >> shift));
            }
            MemorySegment.copy(message, 0, header.data(), ValueLayout.JAVA_BYTE, HEADER_BYTES, message.length);
            header.attach(descriptors);
            long sent = 0;
            long total = HEADER_BYTES + (long) message.length;
            while (sent < total) {
                header.window(sent, total - sent);
                sent += call(MessageHeader.SENDMSG, "sendmsg", header, MSG_NOSIGNAL);
                header.attach(); // the descriptors went with the first byte
            }
        } finally {
            inUse.readLock().unlock();
            sending.unlock();
        }
    }

    /// The next frame.
    ///
    /// @throws EOFException when the peer has closed, or this channel was closed
    /// @throws IOException when a frame is over its limits; the channel is of no more use
    public Received receive() throws IOException {
        receiving.lock();
        inUse.readLock().lock();
        List<Descriptor> descriptors = new ArrayList<>();
        boolean complete = false;
        try (Arena arena = Arena.ofConfined()) {
            MessageHeader header = new MessageHeader(arena, CHUNK_BYTES, DESCRIPTORS_MAX);
            byte[] length = new byte[HEADER_BYTES];
            fill(header, length, descriptors);
            int size = (length[0] & 255) << 24 | (length[1] & 255) << 16 | (length[2] & 255) << 8 | (length[3] & 255);
            if (size < 0 || size > MESSAGE_BYTES_MAX) throw new IOException("the peer announced a frame over its limit");
            byte[] message = new byte[size];
            fill(header, message, descriptors);
            complete = true;
            return new Received(message, List.copyOf(descriptors));
        } finally {
            if (!complete) descriptors.forEach(Descriptor::close);
            inUse.readLock().unlock();
            receiving.unlock();
        }
    }

    private void fill(MessageHeader header, byte[] target, List<Descriptor> descriptors) throws IOException {
        int filled = 0;
        while (filled < target.length) {
            header.window(0, Math.min(CHUNK_BYTES, target.length - filled));
            header.makeRoomForDescriptors();
            int read = (int) call(MessageHeader.RECVMSG, "recvmsg", header, MSG_CMSG_CLOEXEC);
            header.takeDescriptors(descriptors);
            if (header.truncated() || descriptors.size() > DESCRIPTORS_MAX) {
                throw new IOException("the peer sent more than " + DESCRIPTORS_MAX + " descriptors");
            }
            if (read == 0) throw new EOFException("the peer has closed the channel");
            MemorySegment.copy(header.data(), ValueLayout.JAVA_BYTE, 0, target, filled, read);
            filled += read;
        }
    }

    private long call(MethodHandle handle, String name, MessageHeader header, int flags) throws IOException {
        while (true) {
            if (closed.get()) throw new EOFException("this channel was closed");
            long result;
            try {
                result = (long) handle.invokeExact(header.capture(), number, header.pointer(), flags);
            } catch (Throwable t) {
                throw Native.impossible(t);
            }
            if (result >= 0) return result;
            int errno = Native.errno(header.capture());
            if (errno != Errno.EINTR) throw new IOException(new LinuxException(name, errno));
        }
    }

    /// Who is at the other end.
    public Peer peer() {
        inUse.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment value = arena.allocate(12, 4);
            MemorySegment length = arena.allocate(ValueLayout.JAVA_INT);
            length.set(ValueLayout.JAVA_INT, 0, 12);
            int result = (int) GETSOCKOPT.invokeExact(capture, socket.descriptor(), SOL_SOCKET, SO_PEERCRED, value, length);
            Native.check("getsockopt SO_PEERCRED", result, capture);
            return new Peer(
                    value.get(ValueLayout.JAVA_INT, 0),
                    value.get(ValueLayout.JAVA_INT, 4),
                    value.get(ValueLayout.JAVA_INT, 8));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        } finally {
            inUse.readLock().unlock();
        }
    }

    /// Whether a thread is in [#send] or [#receive].
    boolean inCall() {
        return inUse.getReadLockCount() > 0;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        shutdown(number);
        inUse.writeLock().lock();
        try {
            socket.close();
        } finally {
            inUse.writeLock().unlock();
        }
    }

    static Descriptor socket() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int type = SOCK_STREAM | SOCK_CLOEXEC;
            return new Descriptor(Native.check(
                    "socket", (int) SOCKET.invokeExact(capture, UnixAddress.AF_UNIX, type, 0), capture));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }

    /// shutdown(2): wakes whoever waits on the socket. Its errors say only that the peer was faster.
    static void shutdown(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int _ = (int) SHUTDOWN.invokeExact(capture, descriptor, SHUT_RDWR);
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }
}
