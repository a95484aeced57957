// Made by tools/MakeAsync.java from ../Volumes.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Volumes;
import dev.declaw.sdk.internal.Calls;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// [Volumes] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncVolumes {
    private final Volumes blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncVolumes(Volumes blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Volumes blocking() {
        return blocking;
    }

    /// As [Volumes#create(String)].
    public CompletableFuture<Volumes.Volume> create(String name) {
        return Calls.start(() -> blocking.create(name));
    }

    /// As [Volumes#create(String, InputStream)].
    public CompletableFuture<Volumes.Volume> create(String name, InputStream archive) {
        return Calls.start(() -> blocking.create(name, archive));
    }

    /// As [Volumes#snapshot(String, String, String)].
    public CompletableFuture<Volumes.Volume> snapshot(String sandboxId, String path, String name) {
        return Calls.start(() -> blocking.snapshot(sandboxId, path, name));
    }

    /// As [Volumes#commit(String, String, Optional)].
    public CompletableFuture<Volumes.Volume> commit(String sandboxId, String volumeId, Optional<String> name) {
        return Calls.start(() -> blocking.commit(sandboxId, volumeId, name));
    }

    /// As [Volumes#list()].
    public CompletableFuture<List<Volumes.Volume>> list() {
        return Calls.start(() -> blocking.list());
    }

    /// As [Volumes#get(String)].
    public CompletableFuture<Volumes.Volume> get(String volumeId) {
        return Calls.start(() -> blocking.get(volumeId));
    }

    /// As [Volumes#delete(String)].
    public CompletableFuture<Void> delete(String volumeId) {
        return Calls.run(() -> blocking.delete(volumeId));
    }

    /// As [Volumes#download(String)].
    public CompletableFuture<InputStream> download(String volumeId) {
        return Calls.start(() -> blocking.download(volumeId));
    }

    /// As [Volumes#files(String, String)].
    public CompletableFuture<List<Volumes.Entry>> files(String volumeId, String directory) {
        return Calls.start(() -> blocking.files(volumeId, directory));
    }

    /// As [Volumes#info(String, String)].
    public CompletableFuture<Volumes.Entry> info(String volumeId, String file) {
        return Calls.start(() -> blocking.info(volumeId, file));
    }

    /// As [Volumes#read(String, String)].
    public CompletableFuture<InputStream> read(String volumeId, String file) {
        return Calls.start(() -> blocking.read(volumeId, file));
    }

    /// As [Volumes#write(String, String, InputStream, Optional)].
    public CompletableFuture<Void> write(String volumeId, String file, InputStream content, Optional<String> onlyOver) {
        return Calls.run(() -> blocking.write(volumeId, file, content, onlyOver));
    }

    /// As [Volumes#remove(String, String, boolean)].
    public CompletableFuture<Void> remove(String volumeId, String file, boolean recursive) {
        return Calls.run(() -> blocking.remove(volumeId, file, recursive));
    }
}
