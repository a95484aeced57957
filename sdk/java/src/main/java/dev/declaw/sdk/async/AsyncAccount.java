// Made by tools/MakeAsync.java from ../Account.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Account;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.json.JsonObject;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// [Account] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncAccount {
    private final Account blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncAccount(Account blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Account blocking() {
        return blocking;
    }

    /// As [Account#me()].
    public CompletableFuture<JsonObject> me() {
        return Calls.start(() -> blocking.me());
    }

    /// As [Account#usage(Optional, Optional)].
    public CompletableFuture<JsonObject> usage(Optional<LocalDate> start, Optional<LocalDate> end) {
        return Calls.start(() -> blocking.usage(start, end));
    }

    /// As [Account#dailyUsage(Optional, Optional)].
    public CompletableFuture<List<JsonObject>> dailyUsage(Optional<LocalDate> start, Optional<LocalDate> end) {
        return Calls.start(() -> blocking.dailyUsage(start, end));
    }

    /// As [Account#createKey(String)].
    public CompletableFuture<Account.NewKey> createKey(String name) {
        return Calls.start(() -> blocking.createKey(name));
    }

    /// As [Account#keys()].
    public CompletableFuture<List<Account.Key>> keys() {
        return Calls.start(() -> blocking.keys());
    }

    /// As [Account#revokeKey(String)].
    public CompletableFuture<Void> revokeKey(String keyId) {
        return Calls.run(() -> blocking.revokeKey(keyId));
    }

    /// As [Account#packs()].
    public CompletableFuture<List<JsonObject>> packs() {
        return Calls.start(() -> blocking.packs());
    }
}
