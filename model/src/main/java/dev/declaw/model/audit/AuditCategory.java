package dev.declaw.model.audit;

import java.util.Locale;

/// Groups of audit events. Lifecycle and admin events are recorded whatever the policy says.
public enum AuditCategory {
    LIFECYCLE,
    ADMIN,
    NETWORK,
    DNS,
    COMMAND,
    PTY,
    FILESYSTEM,
    SECURITY;

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
