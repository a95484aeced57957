package dev.declaw.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A listening Unix stream socket at a path (unix(7), listen(2), accept4(2), poll(2)). The socket file is made with mode
/// 0600 and removed by [#close], which wakes a waiting [#accept] from any thread.
public final class UnixListener implements AutoCloseable {
    private static final int BACKLOG = 4;
    private static final short POLLIN = 1;

    private static final MethodHandle BIND =
            Native.link("bind", Native.INT, Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle LISTEN = Native.link("listen", Native.INT, Native.INT, Native.INT);
    private static final MethodHandle ACCEPT4 =
            Native.link("accept4", Native.INT, Native.INT, Native.POINTER, Native.POINTER, Native.INT);
    private static final MethodHandle POLL =
            Native.link("poll", Native.INT, Native.POINTER, Native.LONG, Native.INT);

    private final Descriptor socket;
    private final int number;
    private final Path path;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final ReentrantReadWriteLock inUse = new ReentrantReadWriteLock();

    private UnixListener(Descriptor socket, Path path) {
        this.socket = socket;
        this.number = socket.descriptor();
        this.path = path;
    }

    /// Binds and listens. A file that a dead process left at the path is replaced.
    ///
    /// @throws LinuxException when a call fails
    public static UnixListener listen(Path path) throws IOException {
        Files.deleteIfExists(path);
        Descriptor socket = UnixChannel.socket();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment address = UnixAddress.of(path, arena);
            Native.check("bind", (int) BIND.invokeExact(capture, socket.descriptor(), address, UnixAddress.BYTES), capture);
            // Nobody can connect before listen(2), so the mode is right in time.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            Native.check("listen", (int) LISTEN.invokeExact(capture, socket.descriptor(), BACKLOG), capture);
            return new UnixListener(socket, path);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        } catch (Throwable t) {
            socket.close();
            throw Native.impossible(t);
        }
    }

    /// The next connection; empty when none came in time or the listener was closed.
    public Optional<UnixChannel> accept(Duration timeout) {
        inUse.readLock().lock();
        try (Arena arena = Arena.ofConfined()) {
            if (closed.get()) return Optional.empty();
            MemorySegment capture = Native.capture(arena);
            MemorySegment pollfd = arena.allocate(8, 4);
            pollfd.set(ValueLayout.JAVA_INT, 0, number);
            pollfd.set(ValueLayout.JAVA_SHORT, 4, POLLIN);
            int millis = Math.toIntExact(timeout.toMillis());
            int ready = (int) POLL.invokeExact(capture, pollfd, 1L, millis);
            if (ready <= 0 || closed.get()) return Optional.empty();
            int accepted = (int) ACCEPT4.invokeExact(
                    capture, number, MemorySegment.NULL, MemorySegment.NULL, UnixChannel.SOCK_CLOEXEC);
            if (accepted < 0) return Optional.empty();
            return Optional.of(new UnixChannel(new Descriptor(accepted)));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        } finally {
            inUse.readLock().unlock();
        }
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) return;
        UnixChannel.shutdown(number);
        inUse.writeLock().lock();
        try {
            socket.close();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot remove " + path, e);
        } finally {
            inUse.writeLock().unlock();
        }
    }
}
