// Made by tools/MakeAsync.java from ../Templates.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Templates;
import dev.declaw.sdk.internal.Calls;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// [Templates] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncTemplates {
    private final Templates blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncTemplates(Templates blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Templates blocking() {
        return blocking;
    }

    /// As [Templates#build(String, Templates.Steps, Duration, Consumer)].
    public CompletableFuture<Templates.Build> build(String alias, Templates.Steps steps, Duration limit, Consumer<String> log) {
        return Calls.start(() -> blocking.build(alias, steps, limit, log));
    }

    /// As [Templates#start(String, Templates.Steps)].
    public CompletableFuture<Templates.Build> start(String alias, Templates.Steps steps) {
        return Calls.start(() -> blocking.start(alias, steps));
    }

    /// As [Templates#status(String)].
    public CompletableFuture<Templates.Build> status(String buildId) {
        return Calls.start(() -> blocking.status(buildId));
    }

    /// As [Templates#await(String, Duration, Consumer)].
    public CompletableFuture<Templates.Build> await(String buildId, Duration limit, Consumer<String> log) {
        return Calls.start(() -> blocking.await(buildId, limit, log));
    }

    /// As [Templates#list()].
    public CompletableFuture<List<Templates.Template>> list() {
        return Calls.start(() -> blocking.list());
    }

    /// As [Templates#get(String)].
    public CompletableFuture<Templates.Template> get(String template) {
        return Calls.start(() -> blocking.get(template));
    }

    /// As [Templates#delete(String)].
    public CompletableFuture<Void> delete(String template) {
        return Calls.run(() -> blocking.delete(template));
    }
}
