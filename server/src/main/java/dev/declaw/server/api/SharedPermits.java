package dev.declaw.server.api;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// A number of something costly that may go on at one time, of which no tenant gets more than its share: one tenant cannot keep the
/// others out. Thread-safe.
final class SharedPermits {
    private final Semaphore all;
    private final int perTenantMax;
    private final Map<String, Semaphore> tenants = new ConcurrentHashMap<>(); // one per tenant at most

    SharedPermits(int max, int perTenantMax) {
        this.all = new Semaphore(max, true);
        this.perTenantMax = perTenantMax;
    }

    enum Outcome {
        TAKEN,
        /// The tenant has its share already.
        TENANT_FULL,
        /// All are taken.
        ALL_FULL
    }

    int perTenantMax() {
        return perTenantMax;
    }

    Outcome tryAcquire(String owner) {
        Semaphore own = own(owner);
        if (!own.tryAcquire()) return Outcome.TENANT_FULL;
        if (all.tryAcquire()) return Outcome.TAKEN;
        own.release();
        return Outcome.ALL_FULL;
    }

    /// Stands in line, in the tenant's own first.
    Outcome acquire(String owner, Duration wait) throws InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        Semaphore own = own(owner);
        if (!own.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS)) return Outcome.TENANT_FULL;
        boolean taken = false;
        try {
            taken = all.tryAcquire(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } finally {
            if (!taken) own.release();
        }
        return taken ? Outcome.TAKEN : Outcome.ALL_FULL;
    }

    void release(String owner) {
        all.release();
        own(owner).release();
    }

    private Semaphore own(String owner) {
        return tenants.computeIfAbsent(owner, _ -> new Semaphore(perTenantMax, true));
    }
}
