// Made by tools/MakeAsync.java from ../Terminal.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Terminal;
import dev.declaw.sdk.internal.Calls;
import java.util.concurrent.CompletableFuture;

/// [Terminal] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncTerminal {
    private final Terminal blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncTerminal(Terminal blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Terminal blocking() {
        return blocking;
    }

    /// As [Terminal#pid()]; makes no request.
    public long pid() {
        return blocking.pid();
    }

    /// As [Terminal#output()].
    public CompletableFuture<AsyncOutputStreamed> output() {
        return Calls.start(() -> new AsyncOutputStreamed(blocking.output()));
    }

    /// As [Terminal#type(String)].
    public CompletableFuture<Void> type(String text) {
        return Calls.run(() -> blocking.type(text));
    }

    /// As [Terminal#resize(int, int)].
    public CompletableFuture<Void> resize(int columns, int rows) {
        return Calls.run(() -> blocking.resize(columns, rows));
    }

    /// As [Terminal#kill()].
    public CompletableFuture<Boolean> kill() {
        return Calls.start(() -> blocking.kill());
    }
}
