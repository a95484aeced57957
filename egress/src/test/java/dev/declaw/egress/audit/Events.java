package dev.declaw.egress.audit;

import dev.declaw.model.audit.AuditCategory;
import dev.declaw.model.audit.AuditEvent;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.Reason;
import java.time.Instant;

/// Events that differ in their number.
final class Events {
    private Events() {}

    static AuditEvent numbered(long number) {
        return AuditEvent.builder("aud_%024x".formatted(number), Instant.EPOCH, "sbx-0123abcd", AuditCategory.NETWORK, "egress_blocked")
                .decision(Decision.deny(Reason.NOT_IN_ALLOW_LIST, null))
                .text(AuditEvent.Attribute.HOST, "evil.test")
                .number(AuditEvent.Attribute.PORT, 443)
                .build();
    }

    static long number(AuditEvent event) {
        return Long.parseLong(event.id().substring(4), 16);
    }
}
