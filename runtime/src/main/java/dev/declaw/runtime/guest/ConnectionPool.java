package dev.declaw.runtime.guest;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// The connections to one guest: a bounded number in all, a few of them kept idle for the next call.
final class ConnectionPool implements AutoCloseable {
    private static final Duration REFUSAL_PAUSE = Duration.ofMillis(20);

    private final ChannelFactory dialer;
    private final InetSocketAddress address;
    private final Semaphore places = new Semaphore(WireLimits.CONNECTIONS_MAX);
    private final Deque<GuestConnection> idle = new ArrayDeque<>();
    private boolean closed;

    ConnectionPool(ChannelFactory dialer, InetSocketAddress address) {
        this.dialer = dialer;
        this.address = address;
    }

    /// A connection that was used before, if one is idle; the agent may have closed it since.
    GuestConnection reused() {
        synchronized (idle) {
            return idle.pollLast();
        }
    }

    /// A new connection, waiting for a place no longer than the deadline.
    GuestConnection fresh(Duration deadline) throws IOException {
        try {
            if (!places.tryAcquire(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException(
                        "all " + WireLimits.CONNECTIONS_MAX + " connections to the guest are in use");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
        SocketChannel channel = null;
        try {
            synchronized (idle) {
                if (closed) {
                    throw new IOException("the sandbox has ended");
                }
            }
            channel = dialer.open();
            return new GuestConnection(channel, address, deadline, places::release);
        } catch (IOException | RuntimeException failure) {
            if (channel != null) {
                channel.close();
            }
            places.release();
            throw failure;
        }
    }

    /// Whether the agent accepts a connection now; the connection is kept for the next call. A refusal comes at once and is
    /// waited out too, so that a caller may ask in a loop.
    boolean reachable(Duration patience) {
        long start = System.nanoTime();
        try {
            giveBack(fresh(patience));
            return true;
        } catch (IOException notYet) {
            long left = patience.toNanos() - (System.nanoTime() - start);
            try {
                Thread.sleep(Duration.ofNanos(Math.max(0, Math.min(left, REFUSAL_PAUSE.toNanos()))));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            return false;
        }
    }

    void giveBack(GuestConnection connection) {
        synchronized (idle) {
            if (!closed && idle.size() < WireLimits.IDLE_CONNECTIONS_MAX) {
                idle.addLast(connection);
                return;
            }
        }
        connection.close();
    }

    /// Closes the idle connections; those in use end with the guest.
    @Override
    public void close() {
        Deque<GuestConnection> all;
        synchronized (idle) {
            closed = true;
            all = new ArrayDeque<>(idle);
            idle.clear();
        }
        all.forEach(GuestConnection::close);
    }
}
