package dev.declaw.model.policy;

import java.util.Locale;

/// Whether a policy acts or only tells what it would have done.
public enum PolicyMode {
    ENFORCE,
    /// Rules and content stages only report. The floor still holds: metadata endpoints, private addresses, malformed
    /// messages, limits, and the bindings of credentials.
    REPORT;

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
