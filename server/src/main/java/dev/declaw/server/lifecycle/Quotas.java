package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.server.auth.Tenants;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// Holds tenants to their limits. What a tenant uses is counted from the living sandboxes themselves, so it cannot drift.
/// Thread-safe.
final class Quotas {
    private final Tenants tenants;
    private final ConcurrentMap<String, LiveSandbox> live;
    private final InstantSource clock;
    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>(); // one per tenant at most

    /// A token bucket, one token per create: holds a second's worth.
    private static final class Bucket {
        private double tokens;
        private Instant filled;

        Bucket(double tokens, Instant filled) {
            this.tokens = tokens;
            this.filled = filled;
        }

        /// Takes a token; 0 when there was one, otherwise the seconds until there will be.
        synchronized int take(int perSecond, Instant now) {
            double seconds = Math.max(0, Duration.between(filled, now).toNanos() / 1e9); // a clock may be set back
            tokens = Math.min(perSecond, tokens + seconds * perSecond);
            filled = now;
            if (tokens >= 1) {
                tokens--;
                return 0;
            }
            return Math.max(1, (int) Math.ceil((1 - tokens) / perSecond));
        }
    }

    Quotas(Tenants tenants, ConcurrentMap<String, LiveSandbox> live, InstantSource clock) {
        this.tenants = tenants;
        this.live = live;
        this.clock = clock;
    }

    /// Counts a create against the rate of its tenant.
    ///
    /// @throws PlatformFailure.QuotaExceeded when it is one too many in this second
    void admitRate(String owner) {
        int perSecond = tenants.limits(owner).createsPerSecondMax();
        if (perSecond == 0) return;
        Instant now = clock.instant();
        int wait = buckets.computeIfAbsent(owner, _ -> new Bucket(perSecond, now)).take(perSecond, now);
        if (wait > 0) {
            throw new PlatformFailure.QuotaExceeded(
                    "create_rate", "more than " + perSecond + " sandboxes per second were created, the limit of this account", wait, perSecond);
        }
    }

    /// Whether a sandbox of this size may be added. The caller holds [#lock] until the sandbox is among the living.
    ///
    /// @throws PlatformFailure.QuotaExceeded when the tenant has too many, or too much memory in use
    /// @throws PlatformFailure.PermissionDenied when it would not fit into an empty account either
    void admit(String owner, int memoryMib) {
        admit(owner, memoryMib, "");
    }

    /// As above, for a sandbox that takes the room of another one.
    ///
    /// @param replaced its id, which is not counted; empty for none
    void admit(String owner, int memoryMib, String replaced) {
        Tenants.Limits limits = tenants.limits(owner);
        if (limits.sandboxesMax() == 0 && limits.memoryMibMax() == 0) return;
        int sandboxes = 0;
        long memory = 0;
        for (LiveSandbox sandbox : live.values()) {
            if (!sandbox.row().owner().equals(owner) || sandbox.id().equals(replaced)) continue;
            sandboxes++;
            memory += sandbox.row().memoryMib();
        }
        if (limits.sandboxesMax() > 0 && sandboxes >= limits.sandboxesMax()) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_many_sandboxes",
                    "this account runs " + sandboxes + " sandboxes, its limit: kill one first",
                    5,
                    limits.sandboxesMax());
        }
        if (limits.memoryMibMax() == 0) return;
        if (memoryMib > limits.memoryMibMax()) {
            throw new PlatformFailure.PermissionDenied(
                    "template_too_large",
                    "the template needs " + memoryMib + " MiB of memory; this account may use " + limits.memoryMibMax());
        }
        if (memory + memoryMib > limits.memoryMibMax()) {
            throw new PlatformFailure.QuotaExceeded(
                    "too_much_memory",
                    "the sandboxes of this account use " + memory + " MiB of memory and may use " + limits.memoryMibMax()
                            + ": kill one first",
                    5);
        }
    }

    /// What admits and adds in one step.
    Object lock() {
        return this;
    }
}
