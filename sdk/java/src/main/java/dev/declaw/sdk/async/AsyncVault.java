// Made by tools/MakeAsync.java from ../Vault.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Vault;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// [Vault] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncVault {
    private final Vault blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncVault(Vault blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Vault blocking() {
        return blocking;
    }

    /// As [Vault#create(String, String, List)].
    public CompletableFuture<Vault.Secret> create(String name, String value, List<Vault.Scope> scopes) {
        return Calls.start(() -> blocking.create(name, value, scopes));
    }

    /// As [Vault#createFor(String, String)].
    public CompletableFuture<Vault.Secret> createFor(String provider, String value) {
        return Calls.start(() -> blocking.createFor(provider, value));
    }

    /// As [Vault#list()].
    public CompletableFuture<List<Vault.Secret>> list() {
        return Calls.start(() -> blocking.list());
    }

    /// As [Vault#rotate(String, String)].
    public CompletableFuture<Void> rotate(String name, String value) {
        return Calls.run(() -> blocking.rotate(name, value));
    }

    /// As [Vault#setScopes(String, List)].
    public CompletableFuture<Void> setScopes(String name, List<Vault.Scope> scopes) {
        return Calls.run(() -> blocking.setScopes(name, scopes));
    }

    /// As [Vault#delete(String)].
    public CompletableFuture<Void> delete(String name) {
        return Calls.run(() -> blocking.delete(name));
    }

    /// As [Vault#presets()].
    public CompletableFuture<List<JsonObject>> presets() {
        return Calls.start(() -> blocking.presets());
    }
}
