package dev.declaw.runtime.guest;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/// One TCP connection to the agent. Used by one thread at a time; [#close] may come from any.
final class GuestConnection implements AutoCloseable {
    private static final int BUFFER_BYTES = 16384;

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;
    private final Runnable released;
    private final AtomicReference<CompletableFuture<Void>> end =
            new AtomicReference<>(CompletableFuture.completedFuture(null));
    private boolean closed;

    /// @param channel unconnected; closed with this connection
    /// @param released called once, when the connection is closed
    GuestConnection(SocketChannel channel, InetSocketAddress address, Duration deadline, Runnable released)
            throws IOException {
        this.channel = channel;
        this.released = released;
        channel.socket().connect(address, (int) deadline.toMillis());
        channel.socket().setTcpNoDelay(true);
        this.in = new BufferedInputStream(channel.socket().getInputStream(), BUFFER_BYTES);
        this.out = channel.socket().getOutputStream();
    }

    InputStream in() {
        return in;
    }

    /// Writes all of it. A guest that stops reading is given up after [WireLimits#WRITE_DEADLINE]: the connection is closed
    /// under the write, which fails then.
    ///
    /// @throws SocketTimeoutException when it was given up: some of it may have been taken
    void write(byte[] bytes, int length) throws IOException {
        write(bytes, length, WireLimits.WRITE_DEADLINE);
    }

    void write(byte[] bytes, int length, Duration deadline) throws IOException {
        CompletableFuture<Void> done =
                new CompletableFuture<Void>().orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
        done.whenComplete((written, late) -> {
            if (late != null) {
                close();
            }
        });
        try {
            out.write(bytes, 0, length);
        } catch (IOException failure) {
            if (done.isCompletedExceptionally()) {
                throw new SocketTimeoutException("the guest takes nothing for " + deadline.toMillis() + " ms");
            }
            throw failure;
        } finally {
            done.complete(null);
        }
    }

    /// How long a read may wait for the next byte.
    void readDeadline(Duration deadline) throws IOException {
        channel.socket().setSoTimeout((int) Math.max(1, deadline.toMillis()));
    }

    /// A read waits as long as it takes.
    void readForever() throws IOException {
        channel.socket().setSoTimeout(0);
    }

    /// Closes the connection when the exchange has not ended by then, however busily the guest sends: a read that is
    /// under way fails. Replaces an earlier end.
    void endAfter(Duration deadline) {
        CompletableFuture<Void> next =
                new CompletableFuture<Void>().orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
        next.whenComplete((ended, late) -> {
            if (late != null) {
                close();
            }
        });
        CompletableFuture<Void> former = end.getAndSet(next);
        former.complete(null);
    }

    /// Takes [#endAfter] back.
    void endNever() {
        end.get().complete(null);
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        endNever();
        try {
            channel.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            released.run();
        }
    }
}
