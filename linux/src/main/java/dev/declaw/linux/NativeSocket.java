package dev.declaw.linux;

/// A socket that is only a number: made in a namespace to be handed to another process. The owner closes it; after it was
/// sent over a Unix socket (unix(7), SCM_RIGHTS) the receiver holds a copy of its own and the sender still closes its copy.
public interface NativeSocket extends AutoCloseable {
    /// The descriptor, at least 0 while open.
    int descriptor();

    /// Closes the descriptor; a second call does nothing.
    @Override
    void close();
}
