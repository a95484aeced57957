package dev.declaw.egress.flow;

import dev.declaw.egress.dns.SyntheticNames;
import dev.declaw.model.policy.SecurityPolicy;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;

/// Everything the proxy knows of one sandbox. Which socket accepted tells which slot a connection belongs to; nothing the
/// guest sends does. Thread-safe. (The CA and the redaction tokens of the sandbox live here too, in memory only.)
public final class SandboxSlot {
    /// @param version counts up with each change; stands in every event
    /// @param policy what to enforce
    public record VersionedPolicy(int version, SecurityPolicy policy) {}

    private final String sandboxId;
    private final SyntheticNames names = new SyntheticNames();
    private final AtomicInteger connections = new AtomicInteger();
    private volatile VersionedPolicy policy;

    public SandboxSlot(String sandboxId, VersionedPolicy policy) {
        this.sandboxId = Objects.requireNonNull(sandboxId);
        this.policy = Objects.requireNonNull(policy);
    }

    public String sandboxId() {
        return sandboxId;
    }

    public SyntheticNames names() {
        return names;
    }

    /// The policy in force: read it once per decision.
    public VersionedPolicy policy() {
        return policy;
    }

    /// Takes one of the sandbox's connections; false when all are taken. Each success is returned by [#releaseConnection].
    public boolean acquireConnection(int max) {
        if (connections.incrementAndGet() <= max) return true;
        connections.decrementAndGet();
        return false;
    }

    public void releaseConnection() {
        connections.decrementAndGet();
    }
}
