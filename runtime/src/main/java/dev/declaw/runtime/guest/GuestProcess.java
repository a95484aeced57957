package dev.declaw.runtime.guest;

/// One followed process. Not thread-safe: one thread reads the events. Closing stops following; the process runs on.
public interface GuestProcess extends AutoCloseable {
    /// Process id; 0 for one that is followed by its tag.
    int pid();

    /// Bytes of both outputs that the process had written up to the end of the last event: where another follower continues.
    long position();

    /// Blocks for the next event. After [Event.Exited] there is none, and a further call throws `IllegalStateException`.
    Event next();

    @Override
    void close();

    sealed interface Event {
        record Stdout(byte[] bytes) implements Event {}

        record Stderr(byte[] bytes) implements Event {}

        /// Nothing happened for a while; lets the reader notice a caller that went away.
        record KeepAlive() implements Event {}

        /// @param exitCode 0 to 255; 128 + n for signal n; 124 when the timeout ended it
        /// @param timedOut whether the timeout ended it
        /// @param truncated whether retained output was dropped before it was read
        record Exited(int exitCode, boolean timedOut, boolean truncated) implements Event {}
    }
}
