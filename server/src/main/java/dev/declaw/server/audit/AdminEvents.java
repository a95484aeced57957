package dev.declaw.server.audit;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.audit.AuditSink;
import dev.declaw.server.auth.Caller;
import dev.declaw.server.auth.RandomTokens;
import java.time.InstantSource;
import java.util.function.Consumer;

/// Records what is done to an account: keys, secrets, volumes, tenants. These events stand in a chain of the account's own.
public final class AdminEvents {
    private final AuditSink sink;
    private final RandomTokens tokens;
    private final InstantSource clock;

    public AdminEvents(AuditSink sink, RandomTokens tokens, InstantSource clock) {
        this.sink = sink;
        this.tokens = tokens;
        this.clock = clock;
    }

    /// @throws dev.declaw.model.audit.AuditUnavailableException when it cannot be recorded; then it must not be done (I6)
    public void record(Caller caller, String event, Consumer<AuditEvent.Builder> facts) {
        AuditEvent.Builder builder =
                AuditEvent.builder(tokens.auditId(), clock.instant(), caller.owner(), AuditCategory.ADMIN, event);
        builder.text("key_id", caller.keyId());
        facts.accept(builder);
        sink.record(builder.build());
    }
}
