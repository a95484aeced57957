package dev.declaw.egress;

import dev.declaw.model.network.Cidr;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What the operator decides for the whole proxy. Immutable; every limit has its unit in its name.
///
/// @param resolvers DNS servers for upstream names, in order; empty for those of /etc/resolv.conf
/// @param internalRanges special address blocks that names may resolve to when a rule allows the name (intranet); the
///     metadata floor stays closed
/// @param upstreamCa PEM files trusted for upstream certificates besides the system's
/// @param parentProxy HTTP proxy through which every upstream connection is made with CONNECT; empty to connect straight.
///     It gets the address that was checked, never a name to resolve anew
public record EgressConfig(
        List<InetSocketAddress> resolvers,
        List<Cidr> internalRanges,
        List<Path> upstreamCa,
        Limits limits,
        Optional<InetSocketAddress> parentProxy) {
    /// Without a parent proxy.
    public EgressConfig(
            List<InetSocketAddress> resolvers, List<Cidr> internalRanges, List<Path> upstreamCa, Limits limits) {
        this(resolvers, internalRanges, upstreamCa, limits, Optional.empty());
    }

    public EgressConfig {
        resolvers = List.copyOf(resolvers);
        internalRanges = List.copyOf(internalRanges);
        upstreamCa = List.copyOf(upstreamCa);
    }

    /// @param headBytesMax request or response line and headers
    /// @param headFieldsMax header fields of one message
    /// @param scanBodyBytesMax decoded body that is scanned as a whole; a larger one is refused
    /// @param connectionsPerSandboxMax open connections of one sandbox
    /// @param headMillisMax time for a complete head, counted from its first byte
    /// @param idleMillisMax silence on a connection in both directions
    /// @param connectMillisMax TCP connect and TLS handshake towards upstream, each
    /// @param upstreamIdlePerHostMax idle upstream connections kept per sandbox, host and port
    public record Limits(
            int headBytesMax,
            int headFieldsMax,
            int scanBodyBytesMax,
            int connectionsPerSandboxMax,
            int headMillisMax,
            int idleMillisMax,
            int connectMillisMax,
            int upstreamIdlePerHostMax) {
        public static final Limits DEFAULT =
                new Limits(32 * 1024, 100, 16 * 1024 * 1024, 512, 10_000, 300_000, 10_000, 8);
    }
}
