package dev.declaw.server.ports;

import dev.declaw.runtime.guest.GuestTunnel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;

/// A connection that left HTTP: moves bytes between the caller and the guest until one of them ends. Two virtual threads per
/// connection, a bounded buffer each; who reads slowly slows the other down.
public final class UpgradedConnection extends AbstractConnection implements Connection.UpgradeTo {
    /// Silence in both directions.
    private static final long IDLE_MILLIS_MAX = 3_600_000;

    private static final int COPY_BYTES = 32 * 1024;

    private final GuestTunnel tunnel;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final AtomicBoolean ending = new AtomicBoolean();
    private volatile boolean opened;
    private ByteBuffer early = BufferUtil.EMPTY_BUFFER;

    UpgradedConnection(Request request, GuestTunnel tunnel) {
        super(request.getConnectionMetaData().getConnection().getEndPoint(), request.getComponents().getExecutor());
        this.tunnel = tunnel;
        request.addHttpStreamWrapper(stream -> new HttpStream.Wrapper(stream) {
            @Override
            public void succeeded() {
                super.succeeded(); // hands the connection over
                endUnlessOpened();
            }

            @Override
            public void failed(Throwable cause) {
                super.failed(cause);
                endUnlessOpened();
            }
        });
    }

    /// The caller left before it had the answer: nobody will ever open, or close, this connection.
    private void endUnlessOpened() {
        if (!opened) end();
    }

    /// Runs this when both directions have ended, at once if they have.
    public void whenEnded(Runnable then) {
        ended.thenRun(then);
    }

    /// What the caller sent behind its request.
    @Override
    public void onUpgradeTo(ByteBuffer buffer) {
        early = BufferUtil.copy(buffer);
    }

    @Override
    public void onOpen() {
        opened = true;
        super.onOpen();
        getEndPoint().setIdleTimeout(IDLE_MILLIS_MAX);
        Thread.ofVirtual().name("port-in").start(this::inwards);
        Thread.ofVirtual().name("port-out").start(this::outwards);
    }

    /// Reading is done by the threads, not by callbacks.
    @Override
    public void onFillable() {}

    @Override
    public void onClose(Throwable cause) {
        super.onClose(cause);
        end();
    }

    private void inwards() {
        try {
            byte[] first = BufferUtil.toArray(early);
            if (first.length > 0) tunnel.write(first, first.length);
            ByteBuffer buffer = BufferUtil.allocate(COPY_BYTES);
            while (fill(getEndPoint(), buffer) >= 0) {
                byte[] bytes = BufferUtil.toArray(buffer);
                BufferUtil.clear(buffer);
                tunnel.write(bytes, bytes.length);
            }
        } catch (IOException e) {
            // one end is gone, which ends the other
        } finally {
            end();
        }
    }

    /// Blocks until there is at least one byte; negative at the end.
    private static int fill(EndPoint endPoint, ByteBuffer buffer) throws IOException {
        while (true) {
            int n = endPoint.fill(buffer);
            if (n != 0) return n;
            CompletableFuture<Void> ready = new CompletableFuture<>();
            endPoint.fillInterested(Callback.from(() -> ready.complete(null), ready::completeExceptionally));
            await(ready);
        }
    }

    private void outwards() {
        byte[] buffer = new byte[COPY_BYTES];
        try {
            for (int n = tunnel.in().read(buffer); n >= 0; n = tunnel.in().read(buffer)) {
                CompletableFuture<Void> written = new CompletableFuture<>();
                getEndPoint().write(
                        Callback.from(() -> written.complete(null), written::completeExceptionally), ByteBuffer.wrap(buffer, 0, n));
                await(written);
            }
        } catch (IOException e) {
            // as above
        } finally {
            end();
        }
    }

    private static void await(CompletableFuture<Void> future) throws IOException {
        try {
            future.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private void end() {
        if (!ending.compareAndSet(false, true)) return;
        tunnel.close();
        getEndPoint().close();
        ended.complete(null);
    }
}
