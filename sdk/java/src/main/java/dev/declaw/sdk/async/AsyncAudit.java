// Made by tools/MakeAsync.java from ../Audit.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Audit;
import dev.declaw.sdk.AuditEvent;
import dev.declaw.sdk.internal.Calls;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// [Audit] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncAudit {
    private final Audit blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncAudit(Audit blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Audit blocking() {
        return blocking;
    }

    /// As [Audit#query(Audit.Filter)].
    public CompletableFuture<List<AuditEvent>> query(Audit.Filter filter) {
        return Calls.start(() -> blocking.query(filter));
    }

    /// As [Audit#query(Audit.Filter, int)].
    public CompletableFuture<List<AuditEvent>> query(Audit.Filter filter, int most) {
        return Calls.start(() -> blocking.query(filter, most));
    }

    /// As [Audit#follow(Audit.Filter, Consumer)].
    public CompletableFuture<Void> follow(Audit.Filter filter, Consumer<AuditEvent> listener) {
        return Calls.run(() -> blocking.follow(filter, listener));
    }

    /// As [Audit#followWhile(Audit.Filter, Predicate)].
    public CompletableFuture<Void> followWhile(Audit.Filter filter, Predicate<AuditEvent> listener) {
        return Calls.run(() -> blocking.followWhile(filter, listener));
    }

    /// As [Audit#verify()].
    public CompletableFuture<Audit.Verification> verify() {
        return Calls.start(() -> blocking.verify());
    }
}
