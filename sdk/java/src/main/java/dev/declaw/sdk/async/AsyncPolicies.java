// Made by tools/MakeAsync.java from ../Policies.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Policies;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.json.JsonObject;
import java.util.concurrent.CompletableFuture;

/// [Policies] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncPolicies {
    private final Policies blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncPolicies(Policies blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Policies blocking() {
        return blocking;
    }

    /// As [Policies#lint(JsonObject)].
    public CompletableFuture<Policies.Verdict> lint(JsonObject policy) {
        return Calls.start(() -> blocking.lint(policy));
    }

    /// As [Policies#explain(JsonObject, String)].
    public CompletableFuture<Policies.Explanation> explain(JsonObject policy, String host) {
        return Calls.start(() -> blocking.explain(policy, host));
    }
}
