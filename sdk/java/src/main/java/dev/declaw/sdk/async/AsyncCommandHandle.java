// Made by tools/MakeAsync.java from ../CommandHandle.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.CommandHandle;
import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.internal.Calls;
import java.util.concurrent.CompletableFuture;

/// [CommandHandle] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncCommandHandle {
    private final CommandHandle blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncCommandHandle(CommandHandle blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public CommandHandle blocking() {
        return blocking;
    }

    /// As [CommandHandle#pid()]; makes no request.
    public long pid() {
        return blocking.pid();
    }

    /// As [CommandHandle#await()].
    public CompletableFuture<CommandResult> await() {
        return Calls.start(() -> blocking.await());
    }

    /// As [CommandHandle#write(String)].
    public CompletableFuture<Void> write(String text) {
        return Calls.run(() -> blocking.write(text));
    }

    /// As [CommandHandle#kill()].
    public CompletableFuture<Boolean> kill() {
        return Calls.start(() -> blocking.kill());
    }
}
