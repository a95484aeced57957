package dev.declaw.server.lifecycle;

import dev.declaw.model.failure.PlatformFailure;
import dev.declaw.runtime.MicroVm;
import dev.declaw.runtime.MicroVmHost;
import dev.declaw.runtime.template.Template;
import dev.declaw.server.auth.RandomTokens;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A few microVMs of one template that are booted in advance and belong to nobody: no identity, no way out. A claim takes
/// one at once, and the pool fills up again in the background, one boot at a time. Thread-safe.
final class WarmPool implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmPool.class);
    private static final Duration BACKOFF_FIRST = Duration.ofSeconds(1);
    private static final Duration BACKOFF_MAX = Duration.ofSeconds(30);

    private final MicroVmHost host;
    private final String templateName;
    private final int size;
    private final RandomTokens tokens;
    private final Deque<Warm> ready = new ArrayDeque<>();
    private final Thread filler;
    private boolean closed;

    /// @param digest of the template that it was booted from
    private record Warm(MicroVm vm, String digest) {}

    WarmPool(MicroVmHost host, String templateName, int size, RandomTokens tokens) {
        this.host = host;
        this.templateName = templateName;
        this.size = size;
        this.tokens = tokens;
        this.filler = Thread.ofVirtual().name("warm-pool").unstarted(this::fill);
    }

    void start() {
        if (size > 0) filler.start();
    }

    /// A booted microVM, now the caller's; empty when there is none of this template. One of an earlier build of it is removed.
    Optional<MicroVm> claim(Template template) {
        if (!template.name().equals(templateName)) return Optional.empty();
        synchronized (this) {
            while (!ready.isEmpty()) {
                Warm warm = ready.removeFirst();
                notifyAll();
                boolean dead = warm.vm().exited().toCompletableFuture().isDone();
                if (!dead && warm.digest().equals(template.digest())) return Optional.of(warm.vm());
                release(warm.vm());
            }
            return Optional.empty();
        }
    }

    synchronized int available() {
        return ready.size();
    }

    private void fill() {
        Duration backoff = BACKOFF_FIRST;
        try {
            while (awaitRoom()) {
                Optional<Warm> booted = bootOne();
                if (booted.isEmpty()) {
                    pause(backoff);
                    backoff = backoff.multipliedBy(2).compareTo(BACKOFF_MAX) < 0 ? backoff.multipliedBy(2) : BACKOFF_MAX;
                    continue;
                }
                backoff = BACKOFF_FIRST;
                if (!offer(booted.get())) booted.get().vm().kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // close() ends this thread
        }
    }

    private synchronized boolean awaitRoom() throws InterruptedException {
        while (!closed && ready.size() >= size) wait();
        return !closed;
    }

    /// Waits for the given time at most: a claim or the end of the pool cuts it short.
    private synchronized void pause(Duration time) throws InterruptedException {
        if (!closed) wait(time.toMillis());
    }

    private synchronized boolean offer(Warm warm) {
        if (closed) return false;
        ready.addLast(warm);
        return true;
    }

    private Optional<Warm> bootOne() {
        try {
            Template template = host.template(templateName).orElse(null);
            if (template == null) return Optional.empty();
            return Optional.of(new Warm(host.boot(tokens.sandboxId(), template), template.digest()));
        } catch (PlatformFailure e) {
            LOG.warn("the warm pool could not boot a microVM: {}", e.getMessage());
            return Optional.empty();
        } catch (RuntimeException e) {
            LOG.warn("the warm pool could not boot a microVM", e);
            return Optional.empty();
        }
    }

    private static void release(MicroVm unfit) {
        Thread.startVirtualThread(() -> {
            try {
                unfit.kill();
            } catch (RuntimeException e) {
                LOG.warn("what an unfit warm microVM held could not be removed", e);
            }
        });
    }

    /// Stops filling and kills what nobody claimed; returns when all is gone.
    @Override
    public void close() {
        Deque<Warm> left;
        synchronized (this) {
            closed = true;
            notifyAll();
            left = new ArrayDeque<>(ready);
            ready.clear();
        }
        for (Warm warm : left) {
            try {
                warm.vm().kill();
            } catch (RuntimeException e) {
                LOG.warn("a warm microVM could not be removed", e);
            }
        }
        try {
            if (size > 0) filler.join(Duration.ofSeconds(60)); // a boot that is under way ends in a kill
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
