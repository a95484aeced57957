// Made by tools/MakeAsync.java from ../Watch.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Watch;
import dev.declaw.sdk.internal.Calls;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// [Watch] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncWatch implements AutoCloseable {
    private final Watch blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncWatch(Watch blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Watch blocking() {
        return blocking;
    }

    /// As [Watch#next()].
    public CompletableFuture<Optional<Watch.Change>> next() {
        return Calls.start(() -> blocking.next());
    }

    /// As [Watch#drain(Consumer)].
    public CompletableFuture<Void> drain(Consumer<Watch.Change> listener) {
        return Calls.run(() -> blocking.drain(listener));
    }

    /// As [Watch#close()]; makes no request.
    @Override
    public void close() {
        blocking.close();
    }
}
