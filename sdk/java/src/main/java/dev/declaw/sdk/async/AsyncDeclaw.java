// Made by tools/MakeAsync.java from ../Declaw.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Connection;
import dev.declaw.sdk.Declaw;
import dev.declaw.sdk.SandboxBuilder;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// [Declaw] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncDeclaw {
    private final Declaw blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncDeclaw(Declaw blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Declaw blocking() {
        return blocking;
    }

    /// As [Declaw#connection()]; makes no request.
    public Connection connection() {
        return blocking.connection();
    }

    /// As [Declaw#sandbox()]; makes no request.
    public SandboxBuilder sandbox() {
        return blocking.sandbox();
    }

    /// As [Declaw#connect(String)].
    public CompletableFuture<AsyncSandbox> connect(String id) {
        return Calls.start(() -> new AsyncSandbox(blocking.connect(id)));
    }

    /// As [Declaw#at(String)]; makes no request.
    public AsyncSandbox at(String id) {
        return new AsyncSandbox(blocking.at(id));
    }

    /// As [Declaw#list(Optional, Map, int, Optional)].
    public CompletableFuture<Declaw.Page> list(Optional<String> state, Map<String, String> metadata, int limit, Optional<String> nextToken) {
        return Calls.start(() -> blocking.list(state, metadata, limit, nextToken));
    }

    /// As [Declaw#killAll(List)].
    public CompletableFuture<Map<String, Object>> killAll(List<String> ids) {
        return Calls.start(() -> blocking.killAll(ids));
    }

    /// As [Declaw#templates()]; makes no request.
    public AsyncTemplates templates() {
        return new AsyncTemplates(blocking.templates());
    }

    /// As [Declaw#volumes()]; makes no request.
    public AsyncVolumes volumes() {
        return new AsyncVolumes(blocking.volumes());
    }

    /// As [Declaw#vault()]; makes no request.
    public AsyncVault vault() {
        return new AsyncVault(blocking.vault());
    }

    /// As [Declaw#account()]; makes no request.
    public AsyncAccount account() {
        return new AsyncAccount(blocking.account());
    }

    /// As [Declaw#policies()]; makes no request.
    public AsyncPolicies policies() {
        return new AsyncPolicies(blocking.policies());
    }

    /// As [Declaw#health()].
    public CompletableFuture<JsonObject> health() {
        return Calls.start(() -> blocking.health());
    }
}
