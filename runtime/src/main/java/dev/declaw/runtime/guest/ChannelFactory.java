package dev.declaw.runtime.guest;

import java.io.IOException;
import java.nio.channels.SocketChannel;

/// Makes channels that can reach a guest.
@FunctionalInterface
public interface ChannelFactory {
    /// An unconnected, blocking channel; the caller connects and closes it.
    SocketChannel open() throws IOException;
}
