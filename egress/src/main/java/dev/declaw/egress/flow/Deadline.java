package dev.declaw.egress.flow;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/// One timer of a connection that is moved far more often than it expires: moving it is a store, and the event loop is
/// woken only at the earliest time it was ever set to. Used on the event loop only; [#stop] releases it.
final class Deadline {
    private final EventLoop loop;
    private final Runnable expired;
    private long dueNanos;
    private long wakeNanos;
    private boolean set;
    private ScheduledFuture<?> wake;

    Deadline(EventLoop loop, Runnable expired) {
        this.loop = loop;
        this.expired = expired;
    }

    /// Expires in so many milliseconds unless it is set again.
    void in(long millis) {
        set = true;
        dueNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        if (wake == null) {
            schedule();
        } else if (dueNanos - wakeNanos < 0) {
            wake.cancel(false);
            schedule();
        }
    }

    void stop() {
        set = false;
        if (wake != null) wake.cancel(false);
        wake = null;
    }

    private void schedule() {
        wakeNanos = dueNanos;
        wake = loop.schedule(this::wakeUp, Math.max(0, dueNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    }

    private void wakeUp() {
        wake = null;
        if (!set) return;
        if (dueNanos - System.nanoTime() > 0) {
            schedule();
        } else {
            set = false;
            expired.run();
        }
    }
}
