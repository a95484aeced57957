package dev.declaw.egress.flow;

import dev.declaw.egress.dns.SyntheticNames;
import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/// Where the guest's connection was meant to go, before anything it says.
sealed interface Destination {
    InetAddress address();

    int port();

    /// A synthetic address of ours: the guest asked for this name.
    record Named(HostName name, InetAddress address, int port) implements Destination {}

    /// A real address.
    record Literal(InetAddress address, int port) implements Destination {}

    /// A synthetic address that stands for no name of this sandbox.
    record Unknown(InetAddress address, int port) implements Destination {}

    static Destination of(InetSocketAddress original, SyntheticNames names) {
        InetAddress address = original.getAddress();
        int port = original.getPort();
        if (!SyntheticNames.isSynthetic(address)) return new Literal(address, port);
        return names.nameOf(address)
                .<Destination>map(name -> new Named(name, address, port))
                .orElseGet(() -> new Unknown(address, port));
    }
}
