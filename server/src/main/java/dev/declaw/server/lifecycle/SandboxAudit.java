package dev.declaw.server.lifecycle;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.server.auth.RandomTokens;
import java.time.InstantSource;
import java.util.function.Consumer;

/// Makes audit events out of facts: gives them their id and time.
final class SandboxAudit {
    private final AuditSink sink;
    private final RandomTokens tokens;
    private final InstantSource clock;

    SandboxAudit(AuditSink sink, RandomTokens tokens, InstantSource clock) {
        this.sink = sink;
        this.tokens = tokens;
        this.clock = clock;
    }

    /// @throws dev.declaw.model.audit.AuditUnavailableException when it cannot be recorded; what it stands for must not happen
    void record(String sandboxId, AuditCategory category, String event, Consumer<AuditEvent.Builder> facts) {
        AuditEvent.Builder builder = AuditEvent.builder(tokens.auditId(), clock.instant(), sandboxId, category, event);
        facts.accept(builder);
        sink.record(builder.build());
    }

    void lifecycle(String sandboxId, String event, Consumer<AuditEvent.Builder> facts) {
        record(sandboxId, AuditCategory.LIFECYCLE, event, facts);
    }
}
