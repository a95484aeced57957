// Made by tools/MakeAsync.java from ../Files.java; change that one.
package dev.declaw.sdk.async;

import dev.declaw.sdk.Files;
import dev.declaw.sdk.internal.Calls;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// [Files] without waiting: each call returns a future. See [dev.declaw.sdk.async]. Thread-safe.
public final class AsyncFiles {
    private final Files blocking;

    /// Calls of `blocking`, on other threads.
    public AsyncFiles(Files blocking) {
        this.blocking = blocking;
    }

    /// The same, for a thread that may wait.
    public Files blocking() {
        return blocking;
    }

    /// As [Files#as(String)]; makes no request.
    public AsyncFiles as(String otherUser) {
        return new AsyncFiles(blocking.as(otherUser));
    }

    /// As [Files#readText(String)].
    public CompletableFuture<String> readText(String file) {
        return Calls.start(() -> blocking.readText(file));
    }

    /// As [Files#readBytes(String)].
    public CompletableFuture<byte[]> readBytes(String file) {
        return Calls.start(() -> blocking.readBytes(file));
    }

    /// As [Files#read(String)].
    public CompletableFuture<InputStream> read(String file) {
        return Calls.start(() -> blocking.read(file));
    }

    /// As [Files#download(String, Path)].
    public CompletableFuture<Long> download(String file, Path target) {
        return Calls.start(() -> blocking.download(file, target));
    }

    /// As [Files#write(String, String)].
    public CompletableFuture<Long> write(String file, String text) {
        return Calls.start(() -> blocking.write(file, text));
    }

    /// As [Files#write(String, byte[])].
    public CompletableFuture<Long> write(String file, byte[] bytes) {
        return Calls.start(() -> blocking.write(file, bytes));
    }

    /// As [Files#write(String, InputStream)].
    public CompletableFuture<Long> write(String file, InputStream content) {
        return Calls.start(() -> blocking.write(file, content));
    }

    /// As [Files#upload(Path, String)].
    public CompletableFuture<Long> upload(Path source, String file) {
        return Calls.start(() -> blocking.upload(source, file));
    }

    /// As [Files#list(String)].
    public CompletableFuture<List<Files.Entry>> list(String directory) {
        return Calls.start(() -> blocking.list(directory));
    }

    /// As [Files#list(String, int)].
    public CompletableFuture<List<Files.Entry>> list(String directory, int depth) {
        return Calls.start(() -> blocking.list(directory, depth));
    }

    /// As [Files#exists(String)].
    public CompletableFuture<Boolean> exists(String file) {
        return Calls.start(() -> blocking.exists(file));
    }

    /// As [Files#info(String)].
    public CompletableFuture<Files.Entry> info(String file) {
        return Calls.start(() -> blocking.info(file));
    }

    /// As [Files#remove(String)].
    public CompletableFuture<Void> remove(String file) {
        return Calls.run(() -> blocking.remove(file));
    }

    /// As [Files#rename(String, String)].
    public CompletableFuture<Files.Entry> rename(String from, String to) {
        return Calls.start(() -> blocking.rename(from, to));
    }

    /// As [Files#makeDirectory(String)].
    public CompletableFuture<Boolean> makeDirectory(String directory) {
        return Calls.start(() -> blocking.makeDirectory(directory));
    }

    /// As [Files#watch(String, boolean)].
    public CompletableFuture<AsyncWatch> watch(String directory, boolean recursive) {
        return Calls.start(() -> new AsyncWatch(blocking.watch(directory, recursive)));
    }
}
