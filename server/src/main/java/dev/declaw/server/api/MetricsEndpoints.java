package dev.declaw.server.api;

import dev.declaw.server.metrics.ServerMetrics;
import java.nio.charset.StandardCharsets;

/// What monitoring fetches, with a key of an administrator.
final class MetricsEndpoints {
    private final ServerMetrics metrics;

    MetricsEndpoints(ServerMetrics metrics) {
        this.metrics = metrics;
    }

    void scrape(HttpCall call) {
        byte[] text = metrics.text().getBytes(StandardCharsets.UTF_8);
        call.start(200, ServerMetrics.contentType());
        call.contentLength(text.length);
        call.write(text, true);
    }
}
