package dev.declaw.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A descriptor that this process owns: received over a Unix socket, or made by a wrapper of this package. Thread-safe.
public final class Descriptor implements NativeSocket {
    private static final MethodHandle CLOSE = Native.link("close", Native.INT, Native.INT);
    private static final MethodHandle FCNTL =
            Native.linkVariadic("fcntl", 2, Native.INT, Native.INT, Native.INT, Native.INT);
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int F_SETPIPE_SZ = 1031;
    private static final MethodHandle OPEN =
            Native.linkVariadic("open", 2, Native.INT, Native.POINTER, Native.INT, Native.INT);
    private static final MethodHandle PIPE2 = Native.link("pipe2", Native.INT, Native.POINTER, Native.INT);
    private static final int RELEASED = -1;

    private final AtomicInteger number;

    Descriptor(int number) {
        this.number = new AtomicInteger(number);
    }

    /// How [#open] opens a file: the access modes of open(2).
    public enum Access {
        READ,
        WRITE,
        READ_WRITE
    }

    /// Opens a file that exists (open(2)), to hand it to another program.
    ///
    /// @throws LinuxException when that is not possible
    public static Descriptor open(Path path, Access access) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment name = arena.allocateFrom(path.toAbsolutePath().toString());
            int result = (int) OPEN.invokeExact(capture, name, access.ordinal() | O_CLOEXEC, 0);
            return new Descriptor(Native.check("open " + path, result, capture));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }

    /// The two ends of a pipe (pipe(7)), the end to read from first. The caller closes both.
    ///
    /// @param bytes how much it should hold; the kernel may give less (F_SETPIPE_SZ)
    public static List<Descriptor> pipe(int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            Native.check("pipe2", (int) PIPE2.invokeExact(capture, ends, O_CLOEXEC), capture);
            int read = ends.getAtIndex(ValueLayout.JAVA_INT, 0);
            int write = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
            int _ = (int) FCNTL.invokeExact(capture, write, F_SETPIPE_SZ, bytes); // a smaller pipe is only slower
            return List.of(new Descriptor(read), new Descriptor(write));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable t) {
            throw Native.impossible(t);
        }
    }

    /// A channel over the end of a pipe that is read from here; the caller closes it beside this descriptor. The end is
    /// opened anew (proc(5), /proc/self/fd), so that reads belong to the JDK, which lets other virtual threads run meanwhile.
    public ReadableByteChannel newReadChannel() throws IOException {
        return FileChannel.open(Path.of("/proc/self/fd", Integer.toString(descriptor())), StandardOpenOption.READ);
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
