package dev.declaw.egress.flow;

import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/// Idle upstream connections, kept apart by event loop so that both legs of a connection stay on one. A connection gets
/// here only after a clean response. Thread-safe: each loop touches its own part.
final class UpstreamPool {
    private static final long IDLE_SECONDS_MAX = 30;
    private static final int IDLE_PER_LOOP_MAX = 1024;

    private final int perKeyMax;
    private final Map<EventLoop, OfLoop> loops = new ConcurrentHashMap<>();

    UpstreamPool(int perKeyMax) {
        this.perKeyMax = perKeyMax;
    }

    private static final class OfLoop {
        private final Map<UpstreamKey, Deque<UpstreamConnection>> idle = new HashMap<>();
        private int size;
    }

    /// A usable connection of the calling loop, or null.
    UpstreamConnection take(EventLoop loop, UpstreamKey key) {
        OfLoop own = loops.get(loop);
        Deque<UpstreamConnection> connections = own == null ? null : own.idle.get(key);
        if (connections == null) return null;
        UpstreamConnection found = null;
        while (found == null && !connections.isEmpty()) {
            UpstreamConnection youngest = connections.removeLast();
            own.size--;
            if (youngest.idle()) found = youngest;
        }
        if (connections.isEmpty()) own.idle.remove(key);
        return found;
    }

    /// Keeps an idle connection, or closes it when there are enough.
    void offer(EventLoop loop, UpstreamConnection connection) {
        OfLoop own = loops.computeIfAbsent(loop, _ -> new OfLoop());
        Deque<UpstreamConnection> connections = own.idle.computeIfAbsent(connection.key(), _ -> new ArrayDeque<>());
        if (!connection.idle() || connections.size() >= perKeyMax || own.size >= IDLE_PER_LOOP_MAX) {
            if (connections.isEmpty()) own.idle.remove(connection.key());
            connection.drop();
            return;
        }
        connections.addLast(connection);
        own.size++;
        // Removed by identity, and only if it is still the one that was put here: both endings of the wait are one task.
        connection.channel().closeFuture().addListener(_ -> remove(own, connection));
        loop.schedule(() -> {
            if (remove(own, connection)) connection.drop();
        }, IDLE_SECONDS_MAX, TimeUnit.SECONDS);
    }

    private static boolean remove(OfLoop own, UpstreamConnection connection) {
        Deque<UpstreamConnection> connections = own.idle.get(connection.key());
        if (connections == null || !connections.remove(connection)) return false;
        own.size--;
        if (connections.isEmpty()) own.idle.remove(connection.key());
        return true;
    }
}
