package dev.declaw.server.config;

import dev.declaw.egress.EgressConfig;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/// Everything the operator decides, read once by [ConfigReader] and passed down by constructors.
///
/// @param home state: database, API key, run-time files of sandboxes
/// @param cache what can be made again: templates, kernels
/// @param listen address of the API
/// @param egress settings of the egress proxy
/// @param guestAgent the envd binary to put into templates; empty for the one that was built with the server
/// @param warmPool microVMs of the `base` template that are kept booted in advance
/// @param limits what one server takes on
/// @param keepSandboxes whether sandboxes outlive a normal stop of the server, to be adopted by the next start
public record ServerConfig(
        Path home,
        Path cache,
        InetSocketAddress listen,
        EgressConfig egress,
        Optional<Path> guestAgent,
        int warmPool,
        Limits limits,
        boolean keepSandboxes) {
    public ServerConfig {
        Objects.requireNonNull(home);
        Objects.requireNonNull(cache);
        Objects.requireNonNull(listen);
        Objects.requireNonNull(egress);
        Objects.requireNonNull(limits);
    }

    /// @param sandboxesMax living sandboxes, warm ones not counted
    /// @param bootsMax creates that work at the same time; further ones wait in line
    /// @param timeoutSecondsMax longest life that a sandbox may ask for; 0 for no limit
    public record Limits(int sandboxesMax, int bootsMax, long timeoutSecondsMax) {}
}
