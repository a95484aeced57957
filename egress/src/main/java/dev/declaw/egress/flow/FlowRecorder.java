package dev.declaw.egress.flow;

import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditEvent.Attribute;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.model.audit.AuditUnavailableException;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.PolicyMode;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes the proxy's decisions to the audit sink. Thread-safe.
final class FlowRecorder {
    private static final Logger LOG = LoggerFactory.getLogger(FlowRecorder.class);

    private static final long LATER_MILLIS_MAX = 10;

    private final AuditSink sink;
    private final InstantSource clock;
    private final AtomicBoolean flushing = new AtomicBoolean();

    FlowRecorder(AuditSink sink, InstantSource clock) {
        this.sink = sink;
        this.clock = clock;
    }

    /// Records that something may pass. Returns once that is durable.
    ///
    /// @throws AuditUnavailableException when it cannot be recorded, so it may not pass
    void allowed(
            String id, String sandboxId, VersionedPolicy policy, Decision decision, Subject subject, Screening screening) {
        if (!policy.policy().auditEnabled()) return;
        AuditEvent.Builder event = builder(id, sandboxId, policy, subject, "egress_allowed", screening);
        sink.record(event.decision(decision).build());
    }

    /// Records a denial. A denial stands whether or not it can be recorded.
    void blocked(
            String id,
            String sandboxId,
            VersionedPolicy policy,
            Decision decision,
            Subject subject,
            Screening screening,
            String detail) {
        if (!policy.policy().auditEnabled()) return;
        AuditEvent.Builder event = builder(id, sandboxId, policy, subject, "egress_blocked", screening);
        recordOrLog(event.decision(decision).text(Attribute.DETAIL, detail).build());
    }

    /// Records how something that was allowed ended, with the next event or within some milliseconds: no decision waits
    /// for it.
    ///
    /// @param loop the caller's
    /// @param screening what was seen, where the allow event could not tell all of it
    /// @param status HTTP status towards the guest; 0 for none
    /// @param detail what went wrong; empty for a clean end
    void closed(
            EventLoop loop,
            String id,
            String sandboxId,
            VersionedPolicy policy,
            Subject subject,
            Screening screening,
            int status,
            long bytesUp,
            long bytesDown,
            long nanos,
            String detail) {
        if (!policy.policy().auditEnabled()) return;
        AuditEvent.Builder event = builder(id, sandboxId, policy, subject, "egress_closed", screening)
                .number(Attribute.BYTES_UP, bytesUp)
                .number(Attribute.BYTES_DOWN, bytesDown)
                .number(Attribute.LATENCY_MICROS, nanos / 1000);
        if (status > 0) event.number(Attribute.STATUS, status);
        AuditEvent built = event.text(Attribute.DETAIL, detail).build();
        try {
            sink.recordLater(built);
        } catch (AuditUnavailableException e) {
            lost(built, e);
        }
        if (!flushing.compareAndSet(false, true)) return;
        try {
            loop.schedule(this::flush, LATER_MILLIS_MAX, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException shuttingDown) {
            flush();
        }
    }

    private void flush() {
        flushing.set(false);
        try {
            sink.flush();
        } catch (AuditUnavailableException e) {
            LOG.warn("ends of what was allowed are not recorded yet: {}", e.getMessage());
        }
    }

    private void recordOrLog(AuditEvent event) {
        try {
            sink.record(event);
        } catch (AuditUnavailableException e) {
            lost(event, e);
        }
    }

    private static void lost(AuditEvent event, AuditUnavailableException e) {
        LOG.warn("audit event {} {} of {} is lost: {}", event.event(), event.id(), event.sandboxId(), e.getMessage());
    }

    private AuditEvent.Builder builder(
            String id, String sandboxId, VersionedPolicy policy, Subject subject, String name, Screening screening) {
        AuditCategory category = screening.counts().isEmpty() ? AuditCategory.NETWORK : AuditCategory.SECURITY;
        return AuditEvent.builder(id, clock.instant(), sandboxId, category, name)
                .text(Attribute.HOST, subject.host())
                .text(Attribute.ADDRESS, subject.address().getHostAddress())
                .number(Attribute.PORT, subject.port())
                .text(Attribute.PROTOCOL, subject.protocol())
                .text(Attribute.METHOD, subject.method())
                .text(Attribute.PATH, subject.path())
                .text(Attribute.SCANNER, screening.scanner())
                .counts(Attribute.FINDINGS, screening.counts())
                .words(Attribute.STAGES, screening.stages())
                .text(Attribute.MODE, policy.policy().mode() == PolicyMode.REPORT ? PolicyMode.REPORT.wire() : "")
                .number(Attribute.POLICY_VERSION, policy.version());
    }

    /// What scanners saw in a request; holds no text.
    ///
    /// @param scanner who decided, or who found something
    /// @param counts findings by type
    /// @param stages content stage to its decision
    record Screening(String scanner, Map<String, Integer> counts, Map<String, String> stages) {
        static final Screening NONE = new Screening("", Map.of(), Map.of());
    }
}
