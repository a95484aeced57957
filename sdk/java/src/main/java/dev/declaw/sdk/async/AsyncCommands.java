// Made by tools/MakeAsync.java from ../Commands.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.CommandResult;
import dev.declaw.sdk.Commands;
import dev.declaw.sdk.RunOptions;
import dev.declaw.sdk.internal.Calls;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// [Commands] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncCommands {
    private final Commands blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncCommands(Commands blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Commands blocking() {
        return blocking;
    }

    /// As [Commands#run(String)]; cancelling the future kills the command.
    public CompletableFuture<CommandResult> run(String command) {
        return Calls.start(() -> blocking.runInterruptibly(command, RunOptions.defaults()));
    }

    /// As [Commands#run(String, RunOptions)]; cancelling the future kills the command.
    public CompletableFuture<CommandResult> run(String command, RunOptions options) {
        return Calls.start(() -> blocking.runInterruptibly(command, options));
    }

    /// As [Commands#stream(String)].
    public CompletableFuture<AsyncOutputStreamed> stream(String command) {
        return Calls.start(() -> new AsyncOutputStreamed(blocking.stream(command)));
    }

    /// As [Commands#stream(String, RunOptions)].
    public CompletableFuture<AsyncOutputStreamed> stream(String command, RunOptions options) {
        return Calls.start(() -> new AsyncOutputStreamed(blocking.stream(command, options)));
    }

    /// As [Commands#start(String)].
    public CompletableFuture<AsyncCommandHandle> start(String command) {
        return Calls.start(() -> new AsyncCommandHandle(blocking.start(command)));
    }

    /// As [Commands#start(String, RunOptions)].
    public CompletableFuture<AsyncCommandHandle> start(String command, RunOptions options) {
        return Calls.start(() -> new AsyncCommandHandle(blocking.start(command, options)));
    }

    /// As [Commands#connect(long)]; makes no request.
    public AsyncCommandHandle connect(long pid) {
        return new AsyncCommandHandle(blocking.connect(pid));
    }

    /// As [Commands#list()].
    public CompletableFuture<List<Commands.Running>> list() {
        return Calls.start(() -> blocking.list());
    }
}
