package dev.declaw.server.metrics;

import dev.declaw.egress.metrics.MetricsText;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/// Counters of this server and of its proxy, as Prometheus text. Labels are routes, states and statuses: never ids, paths or anything
/// else that a caller chooses. Thread-safe.
public final class ServerMetrics {
    /// From a cached answer to a create that stood in line, in seconds.
    private static final double[] LATENCY_SECONDS = {0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Supplier<String> egress;
    private final Counter requests = Counter.builder()
            .name("declaw_http_requests_total")
            .help("Requests that were answered, by route and status.")
            .labelNames("method", "route", "status")
            .register(registry);
    private final Histogram latency = Histogram.builder()
            .name("declaw_http_request_seconds")
            .help("Time from the head of a request to the end of its answer, or to the first byte of a stream.")
            .labelNames("method", "route")
            .classicOnly()
            .classicUpperBounds(LATENCY_SECONDS)
            .register(registry);
    private final Gauge inFlight = Gauge.builder()
            .name("declaw_http_requests_in_flight")
            .help("Requests that are being served, streams among them.")
            .register(registry);
    private final Gauge streams = Gauge.builder()
            .name("declaw_http_streams_open")
            .help("Event streams that are open.")
            .register(registry);

    /// @param egress samples of the proxy process; empty while it is not up
    public ServerMetrics(Supplier<String> egress) {
        this.egress = egress;
        gauge("declaw_heap_bytes", "Heap in use.", () -> {
            Runtime runtime = Runtime.getRuntime();
            return runtime.totalMemory() - runtime.freeMemory();
        });
    }

    /// A value that is looked up when it is asked for.
    public void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder().name(name).help(help).callback(callback -> callback.call(value.getAsDouble())).register(registry);
    }

    /// Values by one label, looked up when they are asked for.
    public void gauges(String name, String help, String label, Supplier<Map<String, Integer>> values) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(label)
                .callback(callback -> values.get().forEach((value, count) -> callback.call(count, value)))
                .register(registry);
    }

    public void begun() {
        inFlight.inc();
    }

    /// @param route as the table of routes has it
    /// @param status 499 for a caller who left before the end
    public void ended(String method, String route, int status) {
        inFlight.dec();
        requests.labelValues(method, route, Integer.toString(status)).inc();
    }

    public void answered(String method, String route, Duration within) {
        latency.labelValues(method, route).observe(within.toNanos() / 1e9);
    }

    public void streamOpened() {
        streams.inc();
    }

    public void streamEnded() {
        streams.dec();
    }

    /// Content type of [#text].
    public static String contentType() {
        return MetricsText.CONTENT_TYPE;
    }

    /// All samples, the proxy's behind the server's own.
    public String text() {
        return MetricsText.of(registry) + egress.get();
    }
}
