package dev.declaw.model.policy;

import java.util.Locale;

/// What a content stage does with a finding.
public enum ContentAction {
    REDACT,
    BLOCK,
    LOG_ONLY;

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
