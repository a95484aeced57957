// Made by tools/MakeAsync.java from ../OutputStreamed.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Output;
import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.internal.Calls;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// [OutputStreamed] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncOutputStreamed implements AutoCloseable {
    private final OutputStreamed blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncOutputStreamed(OutputStreamed blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public OutputStreamed blocking() {
        return blocking;
    }

    /// As [OutputStreamed#read()].
    public CompletableFuture<Optional<Output>> read() {
        return Calls.start(() -> blocking.read());
    }

    /// As [OutputStreamed#drain(Consumer)].
    public CompletableFuture<OptionalInt> drain(Consumer<Output> listener) {
        return Calls.start(() -> blocking.drain(listener));
    }

    /// As [OutputStreamed#exitCode()]; makes no request.
    public OptionalInt exitCode() {
        return blocking.exitCode();
    }

    /// As [OutputStreamed#close()]; makes no request.
    @Override
    public void close() {
        blocking.close();
    }
}
