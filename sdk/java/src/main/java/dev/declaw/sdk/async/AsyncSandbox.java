// Made by tools/MakeAsync.java from ../Sandbox.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Sandbox;
import dev.declaw.sdk.SandboxInfo;
import dev.declaw.sdk.Snapshot;
import dev.declaw.sdk.Terminal;
import dev.declaw.sdk.internal.Calls;
import dev.declaw.sdk.json.JsonObject;
import dev.declaw.sdk.policy.NetworkRules;
import dev.declaw.sdk.policy.SecurityPolicy;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// [Sandbox] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncSandbox implements AutoCloseable {
    private final Sandbox blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncSandbox(Sandbox blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Sandbox blocking() {
        return blocking;
    }

    /// As [Sandbox#id()]; makes no request.
    public String id() {
        return blocking.id();
    }

    /// As [Sandbox#warnings()]; makes no request.
    public List<String> warnings() {
        return blocking.warnings();
    }

    /// As [Sandbox#commands()]; makes no request.
    public AsyncCommands commands() {
        return new AsyncCommands(blocking.commands());
    }

    /// As [Sandbox#files()]; makes no request.
    public AsyncFiles files() {
        return new AsyncFiles(blocking.files());
    }

    /// As [Sandbox#audit()]; makes no request.
    public AsyncAudit audit() {
        return new AsyncAudit(blocking.audit());
    }

    /// As [Sandbox#info()].
    public CompletableFuture<SandboxInfo> info() {
        return Calls.start(() -> blocking.info());
    }

    /// As [Sandbox#isRunning()].
    public CompletableFuture<Boolean> isRunning() {
        return Calls.start(() -> blocking.isRunning());
    }

    /// As [Sandbox#metrics()].
    public CompletableFuture<List<JsonObject>> metrics() {
        return Calls.start(() -> blocking.metrics());
    }

    /// As [Sandbox#setTimeout(Duration)].
    public CompletableFuture<Void> setTimeout(Duration timeout) {
        return Calls.run(() -> blocking.setTimeout(timeout));
    }

    /// As [Sandbox#setPolicy(Optional, Optional)].
    public CompletableFuture<Long> setPolicy(Optional<SecurityPolicy> security, Optional<NetworkRules> network) {
        return Calls.start(() -> blocking.setPolicy(security, network));
    }

    /// As [Sandbox#pause()].
    public CompletableFuture<Void> pause() {
        return Calls.run(() -> blocking.pause());
    }

    /// As [Sandbox#resume()].
    public CompletableFuture<Void> resume() {
        return Calls.run(() -> blocking.resume());
    }

    /// As [Sandbox#snapshot()].
    public CompletableFuture<Snapshot> snapshot() {
        return Calls.start(() -> blocking.snapshot());
    }

    /// As [Sandbox#snapshots()].
    public CompletableFuture<List<Snapshot>> snapshots() {
        return Calls.start(() -> blocking.snapshots());
    }

    /// As [Sandbox#deleteSnapshot(String)].
    public CompletableFuture<Void> deleteSnapshot(String snapshotId) {
        return Calls.run(() -> blocking.deleteSnapshot(snapshotId));
    }

    /// As [Sandbox#restore(Optional)].
    public CompletableFuture<Void> restore(Optional<String> snapshotId) {
        return Calls.run(() -> blocking.restore(snapshotId));
    }

    /// As [Sandbox#fork(int)].
    public CompletableFuture<List<AsyncSandbox>> fork(int count) {
        return Calls.start(() -> blocking.fork(count).stream().map(AsyncSandbox::new).toList());
    }

    /// As [Sandbox#fork(int, String)].
    public CompletableFuture<List<AsyncSandbox>> fork(int count, String snapshotId) {
        return Calls.start(() -> blocking.fork(count, snapshotId).stream().map(AsyncSandbox::new).toList());
    }

    /// As [Sandbox#openTerminal(Terminal.Options)].
    public CompletableFuture<AsyncTerminal> openTerminal(Terminal.Options options) {
        return Calls.start(() -> new AsyncTerminal(blocking.openTerminal(options)));
    }

    /// As [Sandbox#terminal(long)]; makes no request.
    public AsyncTerminal terminal(long pid) {
        return new AsyncTerminal(blocking.terminal(pid));
    }

    /// As [Sandbox#startPiped(String)].
    public CompletableFuture<AsyncPipedProcess> startPiped(String command) {
        return Calls.start(() -> new AsyncPipedProcess(blocking.startPiped(command)));
    }

    /// As [Sandbox#startPiped(String, String, Map, Optional)].
    public CompletableFuture<AsyncPipedProcess> startPiped(String command, String user, Map<String, String> variables, Optional<String> directory) {
        return Calls.start(() -> new AsyncPipedProcess(blocking.startPiped(command, user, variables, directory)));
    }

    /// As [Sandbox#piped(String)]; makes no request.
    public AsyncPipedProcess piped(String processId) {
        return new AsyncPipedProcess(blocking.piped(processId));
    }

    /// As [Sandbox#host(int)]; makes no request.
    public URI host(int port) {
        return blocking.host(port);
    }

    /// As [Sandbox#kill()].
    public CompletableFuture<Void> kill() {
        return Calls.run(() -> blocking.kill());
    }

    /// As [Sandbox#killAndWait()].
    public CompletableFuture<Boolean> killAndWait() {
        return Calls.start(() -> blocking.killAndWait());
    }

    /// As [Sandbox#keep()]; makes no request.
    public AsyncSandbox keep() {
        blocking.keep();
        return this;
    }

    /// As [Sandbox#close()]; waits for the server's answer.
    @Override
    public void close() {
        blocking.close();
    }
}
