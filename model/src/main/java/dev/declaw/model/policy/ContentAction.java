package dev.declaw.model.policy;

import java.util.Locale;

/// What a content stage does with a finding.
public enum ContentAction {
    /// Replace it by a token.
    REDACT,
    /// Take it out.
    STRIP,
    BLOCK,
    LOG_ONLY;

    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
