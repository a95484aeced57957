package dev.declaw.server.lifecycle;

import dev.declaw.server.store.AuditTable;
import dev.declaw.server.store.IdempotencyTable;
import dev.declaw.server.store.SandboxTable;
import dev.declaw.server.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks after what nobody asks for: deadlines, teardowns and slots that failed and must be tried again, and records whose
/// time is over. One thread looks at all living sandboxes every [#TICK]; tests call [#tick] themselves.
final class Reaper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Reaper.class);
    private static final Duration TICK = Duration.ofMillis(200);
    private static final Duration SAMPLE_EVERY = Duration.ofSeconds(10);
    private static final int PAUSE_RETRY_SECONDS = 3;
    private static final String IDLE = "idle";
    private static final Duration RETAIN_EVERY = Duration.ofSeconds(2);
    private static final Duration FORGET_EVERY = Duration.ofMinutes(5);
    private static final Duration KILLED_STAY_READABLE = Duration.ofHours(24);
    private static final Duration AUDIT_STAYS = Duration.ofDays(7);

    private final Map<String, LiveSandbox> live;
    private final SandboxTable sandboxes;
    private final IdempotencyTable idempotency;
    private final AuditTable audit;
    private final SandboxEnd end;
    private final EgressSlots slots;
    private final SandboxPause pause;
    private final SnapshotRetention retention;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition stop = lock.newCondition();
    private final Thread thread;
    private final AtomicBoolean retaining = new AtomicBoolean();
    private Instant forgetAt;
    private Instant retainAt = Instant.MIN;
    private boolean closed;

    Reaper(
            Map<String, LiveSandbox> live,
            SandboxTable sandboxes,
            IdempotencyTable idempotency,
            AuditTable audit,
            SandboxEnd end,
            EgressSlots slots,
            SandboxPause pause,
            SnapshotRetention retention,
            InstantSource clock) {
        this.retention = retention;
        this.live = live;
        this.sandboxes = sandboxes;
        this.idempotency = idempotency;
        this.audit = audit;
        this.end = end;
        this.slots = slots;
        this.pause = pause;
        this.clock = clock;
        this.forgetAt = clock.instant();
        this.thread = Thread.ofVirtual().name("reaper").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        lock.lock();
        try {
            while (!closed) {
                tick();
                stop.awaitNanos(TimeUnit.MILLISECONDS.toNanos(TICK.toMillis()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    /// One look at everything. Never throws.
    void tick() {
        Instant now = clock.instant();
        for (LiveSandbox sandbox : live.values()) {
            try {
                look(sandbox, now);
            } catch (RuntimeException e) {
                sandbox.retryAfter(now.plusSeconds(5));
                LOG.warn("could not look after {}", sandbox.id(), e);
            }
        }
        if (!now.isBefore(retainAt)) {
            retainAt = now.plus(RETAIN_EVERY);
            if (retaining.compareAndSet(false, true)) {
                Thread.ofVirtual().name("snapshot-retention").start(() -> retain(now));
            }
        }
        if (!now.isBefore(forgetAt)) {
            forgetAt = now.plus(FORGET_EVERY);
            forget(now);
        }
    }

    private void look(LiveSandbox sandbox, Instant now) {
        if (sandbox.creating() || !sandbox.mayRetry(now)) return;
        if (sandbox.endReason().isEmpty() && sandbox.sampleDue(now.minus(SAMPLE_EVERY))) sample(sandbox, now);
        boolean expired = sandbox.deadline().map(deadline -> !deadline.isAfter(now)).orElse(false);
        boolean idle = !expired && idle(sandbox, now);
        if (idle && sandbox.endReason().isEmpty()) {
            sandbox.retryAfter(now.plusSeconds(PAUSE_RETRY_SECONDS));
            Thread.ofVirtual().name("idle-" + sandbox.id()).start(() -> endIdle(sandbox));
        } else if (expired && sandbox.lifecycle().pauseOnTimeout() && sandbox.mayTryPause()) {
            sandbox.retryAfter(now.plusSeconds(PAUSE_RETRY_SECONDS));
            Thread.ofVirtual().name("pause-" + sandbox.id()).start(() -> pauseExpired(sandbox, now));
        } else if (expired && end.decideExpired(sandbox, now)) {
            end.tearDownLater(sandbox);
        } else if (sandbox.endReason().isPresent()) {
            end.tearDownLater(sandbox);
        } else if (!sandbox.egressOpen() && slots.ready()) {
            sandbox.retryAfter(now.plusSeconds(2));
            Thread.ofVirtual().name("reopen-" + sandbox.id()).start(() -> slots.reopen(sandbox));
        }
    }

    private static boolean idle(LiveSandbox sandbox, Instant now) {
        long seconds = sandbox.lifecycle().idleSeconds();
        Instant since = sandbox.idleSince(now);
        return seconds > 0 && !since.plusSeconds(seconds).isAfter(now);
    }

    private void endIdle(LiveSandbox sandbox) {
        try {
            if (sandbox.lifecycle().pauseOnTimeout() && sandbox.mayTryPause()) {
                pause.pauseIdle(sandbox);
            } else if (end.decide(sandbox, IDLE)) {
                end.tearDown(sandbox);
            }
        } catch (RuntimeException e) {
            LOG.warn("{} is idle and could not be paused", sandbox.id(), e);
        }
    }

    /// What cannot be measured still ends at its deadline.
    private static void sample(LiveSandbox sandbox, Instant now) {
        try {
            sandbox.usage(now);
        } catch (RuntimeException e) {
            LOG.debug("the use of {} could not be measured: {}", sandbox.id(), e.getMessage());
        }
    }

    /// A sandbox that cannot be paused after some tries is killed: its deadline holds either way (L2).
    private void pauseExpired(LiveSandbox sandbox, Instant now) {
        try {
            pause.pauseExpired(sandbox, now);
        } catch (RuntimeException e) {
            LOG.warn("{} is over its time and could not be paused", sandbox.id(), e);
        }
    }

    /// Away from the tick: a store may take its time.
    private void retain(Instant now) {
        try {
            retention.sweep(now);
        } catch (RuntimeException e) {
            LOG.warn("snapshots whose time is over could not be removed yet", e);
        } finally {
            retaining.set(false);
        }
    }

    private void forget(Instant now) {
        try {
            idempotency.forgetBefore(now.minus(KILLED_STAY_READABLE));
            sandboxes.forgetKilledBefore(now.minus(KILLED_STAY_READABLE));
            audit.forgetSilentSince(now.minus(AUDIT_STAYS));
        } catch (StoreException e) {
            LOG.warn("old records could not be removed", e);
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            stop.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(Duration.ofSeconds(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
