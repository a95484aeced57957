package dev.declaw.egress.flow;

import dev.declaw.model.policy.Reason;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Where bodies are screened that would hold up the other connections of an event loop: large ones, and those that a model
/// reads. Each has a time box; one that outlives it is refused, and its thread, if it does not react to the interrupt, is
/// replaced, so that a scanner that hangs takes nobody else along. Thread-safe.
final class ScreeningPool implements AutoCloseable {
    /// Requests that wait for a thread. Their bodies are bounded by what a sandbox and the process may hold.
    private static final int WAITING_MAX = 1024;
    /// Of them, those of one sandbox: it may be as slow as it likes, but not for others.
    private static final int PER_SANDBOX_MAX = WAITING_MAX / 4;
    /// Threads that may hang at one time. Beyond it nothing more is screened, and so nothing more leaves.
    private static final int LOST_MAX = 16;

    private final ThreadPoolExecutor threads;
    private final int size = Math.max(2, Runtime.getRuntime().availableProcessors());
    private final AtomicInteger lost = new AtomicInteger();
    private final long millisMax;

    /// @param millisMax time box of one screening, waiting included
    ScreeningPool(long millisMax) {
        this.millisMax = millisMax;
        threads = new ThreadPoolExecutor(
                size,
                size,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING_MAX),
                Thread.ofPlatform().name("screening-", 0).daemon().factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /// Runs a screening and tells its result on the event loop: a reason to refuse, or null.
    ///
    /// @param crashed told of what [told] throws
    /// @return null when too many wait; the request must be blocked then
    Waiting run(
            SandboxSlot slot,
            EventLoop loop,
            Supplier<Reason> screening,
            Consumer<Reason> told,
            Consumer<RuntimeException> crashed) {
        if (!slot.acquireScreening(PER_SANDBOX_MAX)) return null;
        Task task = new Task(slot, screening, loop, refused -> {
            try {
                told.accept(refused);
            } catch (RuntimeException e) {
                crashed.accept(e);
            }
        });
        try {
            task.future = threads.submit(task);
        } catch (RejectedExecutionException e) {
            // The queue is the limit; the caller refuses the request.
            task.release();
            return null;
        }
        task.box = loop.schedule(task::expired, millisMax, TimeUnit.MILLISECONDS);
        return task;
    }

    /// A screening that was asked for.
    interface Waiting {
        /// Nobody wants the result any more: it leaves the queue, or is interrupted. Called on the event loop.
        void giveUp();
    }

    private final class Task implements Runnable, Waiting {
        private final SandboxSlot slot;
        private final AtomicBoolean released = new AtomicBoolean();
        private final Supplier<Reason> screening;
        private final EventLoop loop;
        private final Consumer<Reason> told;
        private final AtomicBoolean over = new AtomicBoolean();
        private final AtomicBoolean running = new AtomicBoolean();
        private volatile boolean replaced;
        private volatile Future<?> future;
        /// Touched on the event loop only.
        private ScheduledFuture<?> box;

        Task(SandboxSlot slot, Supplier<Reason> screening, EventLoop loop, Consumer<Reason> told) {
            this.slot = slot;
            this.screening = screening;
            this.loop = loop;
            this.told = told;
        }

        @Override
        public void run() {
            running.set(true);
            Reason refused;
            try {
                refused = screening.get();
            } catch (RuntimeException | Error e) {
                // Whatever goes wrong in a scanner is a reason to block, never to let pass.
                refused = Reason.SCANNER_FAILED;
            }
            running.set(false);
            release();
            giveBack();
            Reason result = refused;
            if (over.compareAndSet(false, true)) {
                loop.execute(() -> {
                    box.cancel(false);
                    told.accept(result);
                });
            }
        }

        private void expired() {
            if (!over.compareAndSet(false, true)) return;
            boolean hangs = running.get();
            future.cancel(true);
            if (hangs) {
                replace();
            } else {
                threads.remove((Runnable) future); // it keeps the body that its caller accounts for no longer
                release();
            }
            told.accept(Reason.SCANNER_FAILED);
        }

        @Override
        public void giveUp() {
            if (threads.remove((Runnable) future)) {
                over.set(true);
                box.cancel(false);
                release();
            } else {
                future.cancel(true); // the box stays: what does not react must be replaced
            }
        }

        private void release() {
            if (released.compareAndSet(false, true)) slot.releaseScreening();
        }

        private void replace() {
            if (lost.incrementAndGet() > LOST_MAX) {
                lost.decrementAndGet();
                return;
            }
            replaced = true;
            resize();
            if (!running.get()) giveBack();
        }

        private synchronized void giveBack() {
            if (!replaced) return;
            replaced = false;
            lost.decrementAndGet();
            resize();
        }
    }

    private synchronized void resize() {
        int wanted = size + Math.max(0, lost.get());
        if (wanted > threads.getMaximumPoolSize()) {
            threads.setMaximumPoolSize(wanted);
            threads.setCorePoolSize(wanted);
        } else {
            threads.setCorePoolSize(wanted);
            threads.setMaximumPoolSize(wanted);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
