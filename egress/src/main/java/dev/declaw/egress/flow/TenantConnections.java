package dev.declaw.egress.flow;

import java.util.concurrent.atomic.AtomicInteger;

/// The connections that the sandboxes of one tenant have open, all together. Thread-safe.
public final class TenantConnections {
    private final AtomicInteger open = new AtomicInteger();
    private volatile int max;

    /// @param max 0 for no limit
    public TenantConnections(int max) {
        this.max = max;
    }

    /// Counts for the next connection; what is open stays.
    public void max(int connectionsMax) {
        max = connectionsMax;
    }

    public int open() {
        return open.get();
    }

    /// Takes one; false when all are taken. Each success is returned by [#release].
    boolean acquire() {
        int limit = max;
        if (open.incrementAndGet() <= limit || limit == 0) return true;
        open.decrementAndGet();
        return false;
    }

    void release() {
        open.decrementAndGet();
    }
}
