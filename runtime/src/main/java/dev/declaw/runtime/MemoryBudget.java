package dev.declaw.runtime;

import dev.declaw.model.failure.PlatformFailure;
import java.util.concurrent.atomic.AtomicInteger;

/// Memory promised to guests. What is promised may be used at any time, so it is never promised twice.
final class MemoryBudget {
    private final int limitMib;
    private final AtomicInteger promisedMib = new AtomicInteger();

    MemoryBudget(int limitMib) {
        this.limitMib = limitMib;
    }

    /// @throws PlatformFailure.NoCapacity when it is not there
    void take(int mib) {
        int before = promisedMib.getAndUpdate(promised -> promised + mib <= limitMib ? promised + mib : promised);
        if (before + mib > limitMib) {
            throw new PlatformFailure.NoCapacity(
                    "no_memory",
                    "the sandboxes of this machine may use " + limitMib + " MiB, " + before
                            + " MiB of it are promised, and " + mib + " MiB were needed; kill sandboxes or raise the limit");
        }
    }

    /// Counts what an adopted microVM uses, limit or not: it is running.
    void adopt(int mib) {
        promisedMib.addAndGet(mib);
    }

    MicroVmHost.Memory state() {
        return new MicroVmHost.Memory(limitMib, promisedMib.get());
    }

    void giveBack(int mib) {
        promisedMib.addAndGet(-mib);
    }
}
