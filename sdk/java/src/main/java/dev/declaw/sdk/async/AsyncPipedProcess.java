// Made by tools/MakeAsync.java from ../PipedProcess.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.OutputStreamed;
import dev.declaw.sdk.PipedProcess;
import dev.declaw.sdk.internal.Calls;
import java.util.concurrent.CompletableFuture;

/// [PipedProcess] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncPipedProcess {
    private final PipedProcess blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncPipedProcess(PipedProcess blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public PipedProcess blocking() {
        return blocking;
    }

    /// As [PipedProcess#id()]; makes no request.
    public String id() {
        return blocking.id();
    }

    /// As [PipedProcess#output()].
    public CompletableFuture<AsyncOutputStreamed> output() {
        return Calls.start(() -> new AsyncOutputStreamed(blocking.output()));
    }

    /// As [PipedProcess#outputAfter(OutputStreamed)].
    public CompletableFuture<AsyncOutputStreamed> outputAfter(OutputStreamed former) {
        return Calls.start(() -> new AsyncOutputStreamed(blocking.outputAfter(former)));
    }

    /// As [PipedProcess#write(byte[])].
    public CompletableFuture<Void> write(byte[] bytes) {
        return Calls.run(() -> blocking.write(bytes));
    }

    /// As [PipedProcess#closeInput()].
    public CompletableFuture<Void> closeInput() {
        return Calls.run(() -> blocking.closeInput());
    }

    /// As [PipedProcess#kill()].
    public CompletableFuture<Boolean> kill() {
        return Calls.start(() -> blocking.kill());
    }
}
