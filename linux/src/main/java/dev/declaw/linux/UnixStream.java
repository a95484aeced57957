package dev.declaw.linux;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A connected Unix stream socket of plain bytes that can take descriptors along (unix(7), SCM_RIGHTS): what the control
/// sockets of other programs speak. One thread may read while another writes; a read blocks a platform thread. [#close]
/// ends both from any thread.
public final class UnixStream implements AutoCloseable {
    public static final int WRITE_BYTES_MAX = 64 * 1024;
    private static final int READ_BYTES_MAX = 16 * 1024;
    private static final int DESCRIPTORS_MAX = 1;
    private static final int MSG_NOSIGNAL = 0x4000;

    private final Descriptor socket;
    private final int number;
    private final AtomicBoolean closed = new AtomicBoolean();
    /// Held shared around every call on the number, and alone to close it: a number in use is never closed and reused.
    private final ReentrantReadWriteLock inUse = new ReentrantReadWriteLock();

    private UnixStream(Descriptor socket) {
        this.socket = socket;
        this.number = socket.descriptor();
    }

    /// @param patience how long the connection, and each write, may wait for a peer that takes nothing
    /// @throws LinuxException when nothing listens at the path, or nobody accepts in time
    /// @throws IllegalArgumentException when the path is longer than the kernel allows
    public static UnixStream connect(Path path, Duration patience) {
        return new UnixStream(UnixChannel.connectSocket(path, patience));
    }

    /// Writes all bytes; a copy of the descriptor, if one is given, goes with the first of them. The caller keeps and
    /// closes its own.
    ///
    /// @throws IOException when the peer is gone or this stream is closed
    public void write(byte[] bytes, int... descriptors) throws IOException {
        if (bytes.length == 0 || bytes.length > WRITE_BYTES_MAX || descriptors.length > DESCRIPTORS_MAX) {
            throw new IllegalArgumentException("a write has 1 to " + WRITE_BYTES_MAX + " bytes and one descriptor at most");
        }
        inUse.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            MessageHeader header = new MessageHeader(arena, bytes.length, DESCRIPTORS_MAX);
            MemorySegment.copy(bytes, 0, header.data(), ValueLayout.JAVA_BYTE, 0, bytes.length);
            header.attach(descriptors);
            long sent = 0;
            while (sent < bytes.length) {
                header.window(sent, bytes.length - sent);
                sent += call(MessageHeader.SENDMSG, "sendmsg", header, MSG_NOSIGNAL);
                header.attach();
            }
        } finally {
            inUse.readLock().unlock();
        }
    }

    /// The next bytes that come, at least one. Descriptors that come with them are not taken.
    ///
    /// @throws EOFException when the peer has closed, or this stream was closed
    public byte[] read() throws IOException {
        inUse.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            MessageHeader header = new MessageHeader(arena, READ_BYTES_MAX, DESCRIPTORS_MAX);
            header.window(0, READ_BYTES_MAX);
            header.attach();
            int read = (int) call(MessageHeader.RECVMSG, "recvmsg", header, 0);
            if (read == 0) throw new EOFException("the peer has closed the stream");
            byte[] bytes = new byte[read];
            MemorySegment.copy(header.data(), ValueLayout.JAVA_BYTE, 0, bytes, 0, read);
            return bytes;
        } finally {
            inUse.readLock().unlock();
        }
    }

    private long call(MethodHandle handle, String name, MessageHeader header, int flags) throws IOException {
        while (true) {
            if (closed.get()) throw new EOFException("this stream was closed");
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

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        UnixChannel.shutdown(number);
        inUse.writeLock().lock();
        try {
            socket.close();
        } finally {
            inUse.writeLock().unlock();
        }
    }
}
