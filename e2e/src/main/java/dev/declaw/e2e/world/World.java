package dev.declaw.e2e.world;

import dev.declaw.linux.Command;
import dev.declaw.linux.Exec;
import dev.declaw.linux.NetworkNamespace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import javax.net.ssl.SSLContext;

/// A network namespace joined to the host by a veth pair, in one /28 of TEST-NET-3 (RFC 5737): a name server and as many
/// origins as wanted, each on an address of its own. Nothing of it is reachable but through the veth. Needs root.
///
/// Not thread-safe; [#close] removes everything, also after a failure while opening.
public final class World implements AutoCloseable {
    private static final int BLOCKS = 16;
    private static final int ORIGINS_MAX = 11;

    private final Deque<AutoCloseable> releases = new ArrayDeque<>();
    private final NetworkNamespace namespace;
    private final int block;
    private final Authority authority = new Authority("A world of tests");
    private final NameServer names;
    /// An interrupted run (SIGINT, SIGTERM) takes its world with it.
    private final Thread interrupted = new Thread(this::release, "world-interrupted");

    private int originCount;

    public World() {
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            block = freeBlock();
            namespace = new NetworkNamespace("declaw-world-" + block);
            namespace.create();
            releases.push(namespace::delete);
            String outside = "dcw" + block;
            ip("link", "add", outside, "type", "veth", "peer", "name", "inside", "netns", namespace.name());
            releases.push(() -> ip("link", "delete", outside));
            ip("addr", "add", text(hostAddress()) + "/28", "dev", outside);
            ip("link", "set", outside, "up");
            inside("link", "set", "lo", "up");
            inside("link", "set", "inside", "up");
            inside("addr", "add", text(address(2)) + "/28", "dev", "inside");
            names = new NameServer(in(() -> new DatagramSocket(new InetSocketAddress(address(2), 53))));
            releases.push(names);
        } catch (RuntimeException | Error failure) {
            closeAfter(failure);
            throw failure;
        }
    }

    /// The name server's address, port 53.
    public InetSocketAddress resolver() {
        return new InetSocketAddress(address(2), 53);
    }

    /// The address block that all of it lies in, for the operator's list of internal ranges.
    public String range() {
        return "203.0.113." + block * 16 + "/28";
    }

    public NameServer names() {
        return names;
    }

    public Authority authority() {
        return authority;
    }

    /// An HTTPS origin on port 443 of an address of its own, with a certificate of the world's authority, and its A record.
    public Origin tlsOrigin(String name, Function<Received, Received.Answer> answers) {
        return tlsOrigin(name, authority.contextFor(name), answers);
    }

    public Origin tlsOrigin(String name, SSLContext context, Function<Received, Received.Answer> answers) {
        return origin(name, 443, where -> context.getServerSocketFactory().createServerSocket(443, 50, where), answers);
    }

    /// An HTTP origin on a port of an address of its own, and its A record.
    public Origin plainOrigin(String name, int port, Function<Received, Received.Answer> answers) {
        return origin(name, port, where -> new ServerSocket(port, 50, where), answers);
    }

    /// The address that the last origin got.
    public InetAddress lastAddress() {
        return address(2 + originCount);
    }

    private interface Listening {
        ServerSocket on(InetAddress address) throws IOException;
    }

    private Origin origin(String name, int port, Listening listening, Function<Received, Received.Answer> answers) {
        if (originCount >= ORIGINS_MAX) throw new IllegalStateException("a world has room for " + ORIGINS_MAX + " origins");
        originCount++;
        InetAddress where = lastAddress();
        inside("addr", "add", text(where) + "/28", "dev", "inside");
        Origin origin = new Origin(name, in(() -> listening.on(where)), answers);
        releases.push(origin);
        names.answer(name, () -> List.of(where));
        return origin;
    }

    private InetAddress hostAddress() {
        return address(1);
    }

    private InetAddress address(int host) {
        try {
            return InetAddress.getByAddress(new byte[] {(byte) 203, 0, 113, (byte) (block * 16 + host)});
        } catch (java.net.UnknownHostException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int freeBlock() {
        for (int candidate = 0; candidate < BLOCKS; candidate++) {
            if (!new NetworkNamespace("declaw-world-" + candidate).exists()) return candidate;
        }
        throw new IllegalStateException("all " + BLOCKS + " worlds are in use; remove leftovers with: ip netns delete declaw-world-N");
    }

    private <T> T in(Callable<T> work) {
        try {
            return namespace.call(work);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void inside(String... arguments) {
        ip(prependBoth("-n", namespace.name(), arguments));
    }

    private static void ip(String... arguments) {
        Exec.run(Command.of(prepend("ip", arguments)));
    }

    private static String[] prepend(String first, String... rest) {
        String[] all = new String[rest.length + 1];
        all[0] = first;
        System.arraycopy(rest, 0, all, 1, rest.length);
        return all;
    }

    private static String[] prependBoth(String first, String second, String... rest) {
        return prepend(first, prepend(second, rest));
    }

    private static String text(InetAddress address) {
        return address.getHostAddress();
    }

    private void closeAfter(Throwable failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(interrupted);
        release();
    }

    private synchronized void release() {
        RuntimeException first = null;
        while (!releases.isEmpty()) {
            try {
                releases.pop().close();
            } catch (Exception e) {
                if (first == null) first = new IllegalStateException("the world did not go away cleanly");
                first.addSuppressed(e);
            }
        }
        if (first != null) throw first;
    }
}
