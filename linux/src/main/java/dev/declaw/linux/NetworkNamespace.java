package dev.declaw.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A named network namespace (ip-netns(8), network_namespaces(7)). The value is only the name; the kernel's object exists
/// from [#create] to [#delete], and as long as a process or socket is in it.
///
/// A thread inherits the namespace of the thread that starts it, and the JVM starts threads (carriers of virtual threads,
/// reapers of processes) from whatever thread happens to need them. So only [#call]'s own short-lived platform thread ever
/// enters a namespace, it does nothing in there but make sockets, and it leaves before anybody is woken.
public record NetworkNamespace(String name) {
    private static final Path DIRECTORY = Path.of("/run/netns");
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int O_RDONLY_CLOEXEC = 0x80000;
    private static final MethodHandle SETNS = Native.link("setns", Native.INT, Native.INT, Native.INT);
    private static final String OF_THREAD = "/proc/thread-self/ns/net";
    private static final MethodHandle UNSHARE = Native.link("unshare", Native.INT, Native.INT);
    private static final long MS_BIND = 4096;
    private static final MethodHandle MOUNT = Native.link(
            "mount", Native.INT, Native.POINTER, Native.POINTER, Native.POINTER, Native.LONG, Native.POINTER);
    private static final int MNT_DETACH = 2;
    private static final MethodHandle UMOUNT2 = Native.link("umount2", Native.INT, Native.POINTER, Native.INT);
    private static final MethodHandle OPEN =
            Native.linkVariadic("open", 2, Native.INT, Native.POINTER, Native.INT);

    public NetworkNamespace {
        if (!FORM.matcher(name).matches()) {
            throw new IllegalArgumentException("not a name for a network namespace");
        }
    }

    /// The namespaces of this machine whose name has this prefix and the form that this class accepts.
    public static List<NetworkNamespace> list(String prefix) {
        if (!Files.isDirectory(DIRECTORY)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(DIRECTORY)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith(prefix) && FORM.matcher(name).matches())
                    .map(NetworkNamespace::new)
                    .toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// The file that stands for the namespace.
    public Path path() {
        return DIRECTORY.resolve(name);
    }

    public boolean exists() {
        return Files.exists(path());
    }

    /// Makes the namespace (unshare(2) and a bind mount of what it made, mount(2): what `ip netns add` does, without a process).
    ///
    /// @throws IllegalStateException when it exists already
    /// @throws LinuxException without CAP_SYS_ADMIN
    public void create() {
        try {
            Files.createDirectories(DIRECTORY);
            Files.createFile(path());
            try {
                onThread(() -> {
                    try (OwnedDescriptor here = open(OF_THREAD)) {
                        unshare();
                        try {
                            bindTo(path());
                        } finally {
                            enter(here);
                        }
                        return null;
                    }
                });
            } catch (IOException | RuntimeException failure) {
                Files.deleteIfExists(path());
                throw failure;
            }
        } catch (FileAlreadyExistsException exists) {
            throw new IllegalStateException("there is a network namespace " + name + " already", exists);
        } catch (IOException failure) {
            if (failure.getCause() instanceof LinuxException refused) {
                throw refused;
            }
            throw new UncheckedIOException(failure);
        }
    }

    private static void unshare() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            Native.check("unshare", (int) UNSHARE.invokeExact(capture, CLONE_NEWNET), capture);
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }

    private static void bindTo(Path target) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            MemorySegment none = arena.allocateFrom("none");
            int result = (int) MOUNT.invokeExact(
                    capture, arena.allocateFrom(OF_THREAD), arena.allocateFrom(target.toString()), none, MS_BIND, MemorySegment.NULL);
            Native.check("mount " + target, result, capture);
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }

    /// Takes the name away (umount2(2) and unlink(2), which is all that `ip netns delete` does, without its 3 ms); the
    /// kernel removes the namespace, its devices and rules when no process or socket is left in it. Does nothing when there
    /// is no such name.
    public void delete() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int result = (int) UMOUNT2.invokeExact(capture, arena.allocateFrom(path().toString()), MNT_DETACH);
            // EINVAL: only the file is left, of a creation or deletion that was cut short.
            if (result < 0 && Native.errno(capture) != Errno.EINVAL && Native.errno(capture) != Errno.ENOENT) {
                throw new LinuxException("umount2 " + path(), Native.errno(capture));
            }
            Files.deleteIfExists(path());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }

    /// Runs `work` on a thread that is inside the namespace (setns(2); needs CAP_SYS_ADMIN), and waits for it. The work
    /// must be short and start neither threads nor processes, for those would stay in the namespace.
    ///
    /// @throws IOException what the work threw, or when the namespace does not exist
    public <T> T call(Callable<T> work) throws IOException {
        return onThread(() -> {
            try (OwnedDescriptor here = open(OF_THREAD);
                    OwnedDescriptor there = open(path().toString())) {
                enter(there);
                try {
                    return work.call();
                } finally {
                    enter(here);
                }
            }
        });
    }

    private <T> T onThread(Callable<T> work) throws IOException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().daemon().name("netns-" + name).start(task);
        try {
            return task.get();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for namespace " + name, interrupted);
        } catch (ExecutionException failure) {
            throw new IOException("in namespace " + name + ": " + failure.getCause().getMessage(), failure.getCause());
        }
    }

    /// A listening, non-blocking TCP socket with IP_TRANSPARENT inside the namespace. The caller closes it.
    public NativeSocket listenTransparent(InetSocketAddress address, int backlog) throws IOException {
        return call(() -> Sockets.listenTransparent(address, backlog));
    }

    /// A bound, non-blocking UDP socket inside the namespace. The caller closes it.
    public NativeSocket bindDatagram(InetSocketAddress address) throws IOException {
        return call(() -> Sockets.bindDatagram(address));
    }

    /// An unconnected, blocking channel inside the namespace. The caller connects it, from any thread, and closes it.
    public SocketChannel openChannel() throws IOException {
        return call(() -> SocketChannel.open(StandardProtocolFamily.INET));
    }

    private static OwnedDescriptor open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            int result = (int) OPEN.invokeExact(capture, arena.allocateFrom(path), O_RDONLY_CLOEXEC);
            return new OwnedDescriptor(Native.check("open " + path, result, capture));
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }

    private static void enter(OwnedDescriptor namespace) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = Native.capture(arena);
            Native.check(
                    "setns", (int) SETNS.invokeExact(capture, namespace.descriptor(), CLONE_NEWNET), capture);
        } catch (RuntimeException failure) {
            throw failure;
        } catch (Throwable thrown) {
            throw Native.impossible(thrown);
        }
    }
}
