package dev.declaw.server.lifecycle;

import java.util.concurrent.atomic.AtomicInteger;

/// Counts living sandboxes against their limit. An adopted one takes its place even when the limit is smaller now than it
/// was before the restart. Thread-safe.
final class Places {
    private final int max;
    private final AtomicInteger taken = new AtomicInteger();

    Places(int max) {
        this.max = max;
    }

    boolean tryTake() {
        if (taken.incrementAndGet() <= max) return true;
        taken.decrementAndGet();
        return false;
    }

    void take() {
        taken.incrementAndGet();
    }

    void release() {
        taken.decrementAndGet();
    }
}
