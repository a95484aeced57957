package dev.declaw.model.scan;

import java.util.Locale;

/// How sure and how bad, in four words, for people and for routing alerts. Decisions compare scores, never these.
public enum Severity {
    LOW,
    MEDIUM,
    HIGH,
    CRITICAL;

    /// `low` below 0.5, `medium` below 0.8, `high` below 0.95, `critical` from there.
    public static Severity of(double score) {
        if (score < 0.5) return LOW;
        if (score < 0.8) return MEDIUM;
        return score < 0.95 ? HIGH : CRITICAL;
    }

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
