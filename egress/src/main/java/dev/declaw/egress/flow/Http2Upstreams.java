package dev.declaw.egress.flow;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The HTTP/2 connections to origins that streams may share, kept apart by event loop, and the dials that may become one.
/// Many streams that start at once wait for one dial. Thread-safe: each loop touches its own part.
final class Http2Upstreams {
    private static final int HTTP1_ORIGINS_REMEMBERED_MAX = 1_024;

    private final Map<EventLoop, OfLoop> loops = new ConcurrentHashMap<>();

    private static final class OfLoop {
        private final Map<UpstreamKey, UpstreamHttp2> open = new HashMap<>();
        private final Map<UpstreamKey, List<Runnable>> dialling = new HashMap<>();
        /// Origins that chose HTTP/1.1, where nothing can be shared.
        private final Set<UpstreamKey> http1 = Collections.newSetFromMap(new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<UpstreamKey, Boolean> eldest) {
                return size() > HTTP1_ORIGINS_REMEMBERED_MAX;
            }
        });
    }

    private OfLoop of(EventLoop loop) {
        return loops.computeIfAbsent(loop, _ -> new OfLoop());
    }

    /// A connection with room for a stream, or null.
    UpstreamHttp2 take(EventLoop loop, UpstreamKey key) {
        UpstreamHttp2 found = of(loop).open.get(key);
        return found != null && found.usable() ? found : null;
    }

    /// Announces a dial, or waits for the one that was announced.
    ///
    /// @param again what to do when that one is over
    /// @return whether to wait
    boolean waitFor(EventLoop loop, UpstreamKey key, Runnable again) {
        OfLoop own = of(loop);
        if (own.http1.contains(key)) return false;
        List<Runnable> waiting = own.dialling.putIfAbsent(key, new ArrayList<>());
        if (waiting == null) return false;
        waiting.add(again);
        return true;
    }

    void offer(EventLoop loop, UpstreamHttp2 connection) {
        OfLoop own = of(loop);
        own.open.put(connection.key(), connection);
        own.http1.remove(connection.key());
        connection.channel().closeFuture().addListener(_ -> own.open.remove(connection.key(), connection));
    }

    void speaksHttp1(EventLoop loop, UpstreamKey key) {
        of(loop).http1.add(key);
    }

    /// The announced dial is over, whatever came of it.
    void dialOver(EventLoop loop, UpstreamKey key) {
        List<Runnable> waiting = of(loop).dialling.remove(key);
        if (waiting != null) waiting.forEach(Runnable::run);
    }
}
