package dev.declaw.egress.metrics;

import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditSink;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.IntSupplier;

/// What the proxy process counts. Names begin with `declaw_egress_`; labels have few values and never come from a guest. Whoever has
/// something to count adds it to [#registry]. The server fetches [#text] over the control channel. Thread-safe.
public final class EgressMetrics {
    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter events = Counter.builder()
            .name("declaw_egress_events_total")
            .help("Events that were recorded, by what happened and why.")
            .labelNames("event", "decision", "reason")
            .register(registry);
    private final Counter unrecorded = Counter.builder()
            .name("declaw_egress_audit_failures_total")
            .help("Events that could not be recorded; what they were about was denied.")
            .register(registry);

    public EgressMetrics() {
        gauge("declaw_egress_heap_bytes", "Heap in use.", () -> {
            Runtime runtime = Runtime.getRuntime();
            return runtime.totalMemory() - runtime.freeMemory();
        });
    }

    /// Where stages add counters and histograms of their own.
    public PrometheusRegistry registry() {
        return registry;
    }

    /// A value that is looked up when it is asked for.
    public void gauge(String name, String help, java.util.function.DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(value.getAsDouble()))
                .register(registry);
    }

    /// How many sandboxes are served, and how many connections they have open.
    public void slots(IntSupplier served, IntSupplier connections) {
        gauge("declaw_egress_slots", "Sandboxes that are served.", served::getAsInt);
        gauge("declaw_egress_connections", "Connections of sandboxes that are open.", connections::getAsInt);
    }

    /// The sink, with what it records counted.
    public AuditSink counting(AuditSink sink) {
        return event -> {
            try {
                sink.record(event);
            } catch (RuntimeException e) {
                unrecorded.inc();
                throw e;
            }
            count(event);
        };
    }

    private void count(AuditEvent event) {
        events.labelValues(event.event(), event.decision().orElse(""), event.reason().orElse("")).inc();
    }

    /// All of it as Prometheus text.
    public String text() {
        return MetricsText.of(registry);
    }
}
