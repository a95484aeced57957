package dev.declaw.egress.metrics;

import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.scan.PiiType;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Map;
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

    private final Counter stages = Counter.builder()
            .name("declaw_egress_stage_decisions_total")
            .help("What each content stage decided about requests and messages.")
            .labelNames("stage", "decision")
            .register(registry);
    private final Counter findings = Counter.builder()
            .name("declaw_egress_findings_total")
            .help("What the scanners found, by type; types of a policy's own and those of other stages are 'other'.")
            .labelNames("type")
            .register(registry);
    private final Counter bytes = Counter.builder()
            .name("declaw_egress_bytes_total")
            .help("Bytes of what was allowed, by direction, counted at its end.")
            .labelNames("direction")
            .register(registry);
    private final Histogram durations = Histogram.builder()
            .name("declaw_egress_duration_seconds")
            .help("From the head of a request, or the accept of a connection that passes unread, to its end.")
            .classicOnly()
            .classicUpperBounds(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600)
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
        return new AuditSink() {
            @Override
            public void record(AuditEvent event) {
                counted(() -> sink.record(event));
                count(event);
            }

            @Override
            public void recordLater(AuditEvent event) {
                counted(() -> sink.recordLater(event));
                count(event);
            }

            @Override
            public void flush() {
                counted(sink::flush);
            }
        };
    }

    private void counted(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            unrecorded.inc();
            throw e;
        }
    }

    private void count(AuditEvent event) {
        events.labelValues(event.event(), event.decision().orElse(""), event.reason().orElse("")).inc();
        boolean end = event.event().equals("egress_closed");
        if (!end && event.attributes().get(Attribute.STAGES) instanceof Map<?, ?> decided) {
            // What follows a colon are ids.
            decided.forEach((stage, word) -> stages.labelValues(stage.toString(), word.toString().split(":", 2)[0]).inc());
        }
        if (event.attributes().get(Attribute.FINDINGS) instanceof Map<?, ?> found && !end) {
            found.forEach((type, number) -> findings.labelValues(builtIn(type.toString())).inc(((Number) number).doubleValue()));
        }
        if (!end) return;
        if (event.attributes().get(Attribute.LATENCY_MICROS) instanceof Number micros) durations.observe(micros.doubleValue() / 1e6);
        if (event.attributes().get(Attribute.BYTES_UP) instanceof Number up) bytes.labelValues("up").inc(up.doubleValue());
        if (event.attributes().get(Attribute.BYTES_DOWN) instanceof Number down) bytes.labelValues("down").inc(down.doubleValue());
    }

    /// Types that a policy has made up are one label.
    private static String builtIn(String type) {
        return PiiType.parse(type).isPresent() ? type : "other";
    }

    /// All of it as Prometheus text.
    public String text() {
        return MetricsText.of(registry);
    }
}
