package dev.declaw.runtime.guest;

import java.util.Optional;

/// A directory that is watched. Not thread-safe: one thread reads. Closing ends the watch.
public interface GuestWatch extends AutoCloseable {
    /// Blocks for the next change. Empty when nothing happened for a while, which lets the reader notice a caller that went
    /// away, and after the end.
    Optional<FileChange> next();

    /// True when the directory itself is gone: there will be no more changes.
    boolean ended();

    @Override
    void close();
}
