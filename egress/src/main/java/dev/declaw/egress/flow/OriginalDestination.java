package dev.declaw.egress.flow;

import java.net.InetSocketAddress;

/// Tells where an accepted connection was meant to go, for connections that a firewall redirected (iptables `REDIRECT`).
@FunctionalInterface
public interface OriginalDestination {
    /// @param socketDescriptor the accepted socket; stays the caller's
    /// @throws RuntimeException when the kernel does not know; the connection is then closed
    InetSocketAddress of(int socketDescriptor);
}
