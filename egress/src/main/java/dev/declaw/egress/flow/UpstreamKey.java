package dev.declaw.egress.flow;

import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.util.Optional;

/// What must be equal for an upstream connection to be used again: never across sandboxes, names or policy versions.
///
/// @param fixed the address, where no name says it
/// @param http2 whether the origin is offered HTTP/2
record UpstreamKey(
        String sandboxId, Optional<HostName> name, Optional<InetAddress> fixed, int port, boolean tls, boolean http2, int policyVersion) {
    /// The peer that the certificate must be valid for.
    String peer() {
        return name.map(HostName::value).orElseGet(() -> fixed.orElseThrow().getHostAddress());
    }
}
