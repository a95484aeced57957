package dev.declaw.egress.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EgressMetricsTest {
    private static AuditEvent.Builder event(String name) {
        return AuditEvent.builder("aud_1", Instant.EPOCH, "sbx-1", AuditCategory.NETWORK, name);
    }

    @Test
    void countsStagesFindingsBytesAndTimesAndPassesEachCallOn() {
        List<String> calls = new ArrayList<>();
        AuditSink inner = new AuditSink() {
            @Override
            public void record(AuditEvent event) {
                calls.add("record");
            }

            @Override
            public void recordLater(AuditEvent event) {
                calls.add("later");
            }

            @Override
            public void flush() {
                calls.add("flush");
            }
        };
        EgressMetrics metrics = new EgressMetrics();
        AuditSink sink = metrics.counting(inner);
        sink.record(event("egress_allowed")
                .decision(Decision.allow(Reason.PII_REDACTED, null))
                .counts(Attribute.FINDINGS, Map.of("ssn", 2, "employee_id", 1))
                .words(Attribute.STAGES, Map.of("pii", "redacted", "credentials", "injected: sec_1"))
                .build());
        sink.recordLater(event("egress_closed")
                .number(Attribute.LATENCY_MICROS, 3_000)
                .number(Attribute.BYTES_UP, 100)
                .number(Attribute.BYTES_DOWN, 2_000)
                .build());
        sink.flush();
        assertThat(calls).containsExactly("record", "later", "flush");
        assertThat(metrics.text())
                .contains("declaw_egress_stage_decisions_total{decision=\"redacted\",stage=\"pii\"} 1")
                .contains("declaw_egress_stage_decisions_total{decision=\"injected\",stage=\"credentials\"} 1")
                .contains("declaw_egress_findings_total{type=\"ssn\"} 2")
                .contains("declaw_egress_findings_total{type=\"other\"} 1")
                .contains("declaw_egress_bytes_total{direction=\"down\"} 2000")
                .contains("declaw_egress_duration_seconds_bucket{le=\"0.005\"} 1")
                .doesNotContain("sec_1", "employee_id");
    }

    @Test
    void whatCannotBeRecordedIsCountedAndStillThrown() {
        EgressMetrics metrics = new EgressMetrics();
        AuditSink sink = metrics.counting(_ -> {
            throw new AuditUnavailableException("full", null);
        });
        assertThatThrownBy(() -> sink.record(event("egress_allowed").build())).isInstanceOf(AuditUnavailableException.class);
        assertThat(metrics.text()).contains("declaw_egress_audit_failures_total 1").doesNotContain("event=\"egress_allowed\"");
    }
}
