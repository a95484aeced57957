package dev.declaw.rego;

import java.util.Locale;

/// Where a custom policy is asked. Each has a package, `declaw.platform.<gate>`, and an input of its own (docs/policies.md).
public enum Gate {
    /// A command before it starts, and a program that one starts.
    CMD,
    /// A connection or request before anything of it leaves.
    NETWORK,
    /// A request that was read, after all scanners.
    CONTENT;

    /// `cmd`, `network` or `content`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }
}
