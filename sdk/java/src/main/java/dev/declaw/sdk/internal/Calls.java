package dev.declaw.sdk.internal;

import dev.declaw.sdk.DeclawException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Runs blocking calls for futures that can be cancelled.
public final class Calls {
    private static final int THREADS_MAX = 256;
    private static final int WAITING_MAX = 10_000;
    private static final int IDLE_SECONDS_MAX = 30;
    private static final ExecutorService THREADS = threads();

    private Calls() {}

    /// A future of what `work` returns or throws. What is made for a future that was cancelled in the meantime is closed.
    public static <T> CompletableFuture<T> start(Callable<T> work) {
        Call<T> call = new Call<>(work);
        try {
            THREADS.execute(call);
        } catch (RejectedExecutionException e) {
            call.completeExceptionally(new DeclawException(
                    WAITING_MAX + " calls wait for a thread, the limit; let some end first", "too_many_calls", 0, ""));
        }
        return call;
    }

    /// As [#start], for work without a result.
    public static CompletableFuture<Void> run(Runnable work) {
        return start(() -> {
            work.run();
            return null;
        });
    }

    /// Virtual threads where there are any; this is compiled for a JDK without them.
    private static ExecutorService threads() {
        try {
            return (ExecutorService) MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newVirtualThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class))
                    .invoke();
        } catch (Throwable e) {
            if (e instanceof Error error) throw error;
            ThreadPoolExecutor pool = new ThreadPoolExecutor(
                    THREADS_MAX, THREADS_MAX, IDLE_SECONDS_MAX, TimeUnit.SECONDS, new LinkedBlockingQueue<>(WAITING_MAX), work -> {
                        Thread thread = new Thread(work, "declaw-call");
                        thread.setDaemon(true);
                        return thread;
                    });
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }

    /// One call: the future and the work behind it.
    private static final class Call<T> extends CompletableFuture<T> implements Runnable {
        private final Callable<T> work;
        private Thread worker; // guarded by this: an interrupt must reach this call and no later one of the thread

        Call(Callable<T> work) {
            this.work = work;
        }

        @Override
        public void run() {
            synchronized (this) {
                if (isDone()) return;
                worker = Thread.currentThread();
            }
            T value = null;
            Throwable failure = null;
            try {
                value = work.call();
            } catch (Throwable e) {
                failure = e;
            }
            synchronized (this) {
                worker = null;
                Thread.interrupted();
            }
            // Whoever waits goes on in complete(), so it comes after the thread is free of this call.
            boolean taken = failure == null ? complete(value) : completeExceptionally(failure);
            if (taken) return;
            for (Object unwanted : value instanceof List<?> several ? several : Collections.singletonList(value)) close(unwanted);
        }

        @Override
        public boolean cancel(boolean mayInterrupt) {
            boolean cancelled = super.cancel(mayInterrupt);
            if (isCancelled()) interrupt();
            return cancelled;
        }

        /// Also what `orTimeout` and `completeExceptionally` of the caller end.
        @Override
        public boolean completeExceptionally(Throwable failure) {
            boolean done = super.completeExceptionally(failure);
            if (done) interrupt();
            return done;
        }

        private synchronized void interrupt() {
            if (worker != null) worker.interrupt();
        }

        private static void close(Object unwanted) {
            try {
                if (unwanted instanceof AutoCloseable closeable) closeable.close();
            } catch (Exception e) {
                // Nobody waits for it any more; a sandbox ends with its timeout, a stream with its connection.
            }
        }
    }
}
