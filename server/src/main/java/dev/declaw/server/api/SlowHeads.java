package dev.declaw.server.api;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;

/// Cuts connections on which the head of a request, or what comes before the first one (TLS, the choice of a protocol), does not come to
/// its end in time, however busily its bytes drip: a silence is the connector's to end, and this is not one. It also wraps the handler,
/// which is how it knows that a request is under way. Thread-safe.
final class SlowHeads extends Handler.Wrapper implements Connection.Listener {
    private static final long LOOK_EVERY_MILLIS = 1000;

    private final Duration headMax;
    private final Map<Connection, Progress> connections = new ConcurrentHashMap<>();
    private volatile Scheduler scheduler;

    /// What is known of one connection.
    private static final class Progress {
        private int underWay;
        private long bytesBefore;
        private long since = System.nanoTime();

        synchronized void begun() {
            underWay++;
        }

        synchronized void ended(long bytes, long now) {
            underWay--;
            bytesBefore = bytes;
            since = now;
        }

        /// Whether bytes of a head have been coming for longer than this. What has sent nothing yet is not late.
        synchronized boolean late(boolean negotiating, long bytes, long now, long nanosMax) {
            if (underWay > 0) return false;
            if (bytes == bytesBefore && !negotiating) since = now;
            return now - since > nanosMax;
        }
    }

    SlowHeads(Handler handler, Duration headMax) {
        super(handler);
        this.headMax = headMax;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        scheduler = getServer().getScheduler();
        LifeCycle.start(scheduler);
        look();
    }

    private void look() {
        if (!isRunning() && !isStarting()) return;
        long now = System.nanoTime();
        connections.forEach((connection, progress) -> {
            boolean http = connection instanceof org.eclipse.jetty.server.ConnectionMetaData;
            if (progress.late(!http, connection.getBytesIn(), now, headMax.toNanos())) connection.getEndPoint().close();
        });
        scheduler.schedule(this::look, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void onOpened(Connection connection) {
        boolean watched = !(connection instanceof SslConnection) && !(connection instanceof dev.declaw.server.ports.UpgradedConnection)
                && !(connection instanceof org.eclipse.jetty.http2.HTTP2Connection);
        if (watched) connections.put(connection, new Progress());
    }

    @Override
    public void onClosed(Connection connection) {
        connections.remove(connection);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        Connection connection = request.getConnectionMetaData().getConnection();
        Progress progress = connections.get(connection);
        if (progress != null) {
            progress.begun();
            Request.addCompletionListener(request, _ -> progress.ended(connection.getBytesIn(), System.nanoTime()));
        }
        return super.handle(request, response, callback);
    }
}
