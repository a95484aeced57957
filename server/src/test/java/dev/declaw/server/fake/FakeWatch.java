package dev.declaw.server.fake;

import dev.declaw.runtime.guest.FileChange;
import dev.declaw.runtime.guest.GuestWatch;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// A watch that reports what the test put into its guest, and ends when its directory is removed.
final class FakeWatch implements GuestWatch {
    private static final int KEEP_ALIVE_MILLIS = 20;

    private final FakeGuest guest;
    private final String path;

    FakeWatch(FakeGuest guest, String path) {
        this.guest = guest;
        this.path = path;
        guest.openWatches.incrementAndGet();
    }

    @Override
    public Optional<FileChange> next() {
        guest.requireAnswering();
        FileChange change = guest.changes.poll();
        if (change != null) return Optional.of(change);
        try {
            TimeUnit.MILLISECONDS.sleep(KEEP_ALIVE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    @Override
    public boolean ended() {
        return !guest.directories.contains(path) && guest.changes.isEmpty();
    }

    @Override
    public void close() {
        guest.openWatches.decrementAndGet();
    }
}
