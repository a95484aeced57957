// Made by tools/MakeAsync.java from ../Templates.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.TemplateSteps;
import dev.declaw.sdk.Templates;
import dev.declaw.sdk.internal.Calls;
import java.io.InputStream;
import java.nio.file.Path;
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

    /// As [Templates#build(String, TemplateSteps, Duration, Consumer)].
    public CompletableFuture<Templates.Build> build(String alias, TemplateSteps steps, Duration limit, Consumer<String> log) {
        return Calls.start(() -> blocking.build(alias, steps, limit, log));
    }

    /// As [Templates#start(String, TemplateSteps)].
    public CompletableFuture<Templates.Build> start(String alias, TemplateSteps steps) {
        return Calls.start(() -> blocking.start(alias, steps));
    }

    /// As [Templates#upload(Path)].
    public CompletableFuture<Templates.BuildContext> upload(Path directory) {
        return Calls.start(() -> blocking.upload(directory));
    }

    /// As [Templates#upload(InputStream)].
    public CompletableFuture<Templates.BuildContext> upload(InputStream archive) {
        return Calls.start(() -> blocking.upload(archive));
    }

    /// As [Templates#status(String)].
    public CompletableFuture<Templates.Build> status(String buildId) {
        return Calls.start(() -> blocking.status(buildId));
    }

    /// As [Templates#builds()].
    public CompletableFuture<List<Templates.Build>> builds() {
        return Calls.start(() -> blocking.builds());
    }

    /// As [Templates#cancel(String)].
    public CompletableFuture<Void> cancel(String buildId) {
        return Calls.run(() -> blocking.cancel(buildId));
    }

    /// As [Templates#await(String, Duration, Consumer)].
    public CompletableFuture<Templates.Build> await(String buildId, Duration limit, Consumer<String> log) {
        return Calls.start(() -> blocking.await(buildId, limit, log));
    }

    /// As [Templates#follow(String, long, Duration, Consumer)].
    public CompletableFuture<Templates.Build> follow(String buildId, long after, Duration limit, Consumer<Templates.LogLine> log) {
        return Calls.start(() -> blocking.follow(buildId, after, limit, log));
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
