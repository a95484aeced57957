package dev.declaw.server.config;

import dev.declaw.egress.EgressConfig;
import dev.declaw.server.auth.Tenants;
import dev.declaw.server.lifecycle.Retention;
import dev.declaw.server.lifecycle.WarmPoolSizes;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Everything the operator decides, read once by [ConfigReader] and passed down by constructors.
///
/// @param home state: database, API key, run-time files of sandboxes
/// @param cache what can be made again: templates, kernels
/// @param listen address of the API
/// @param egress settings of the egress proxy
/// @param guestAgent the envd binary to put into templates; empty for the one that was built with the server
/// @param warmPool microVMs that are started in advance, by template
/// @param limits what one server takes on
/// @param tenants what a tenant may use unless it has limits of its own
/// @param tenantVolumesMibMax what the volumes of a tenant may hold, all together; 0 for no limit
/// @param tls the second listener, with TLS; empty for none
/// @param store where snapshots are kept
/// @param retention how long, and how many
/// @param keepSandboxes whether sandboxes outlive a normal stop of the server, to be adopted by the next start
public record ServerConfig(
        Path home,
        Path cache,
        InetSocketAddress listen,
        EgressConfig egress,
        Optional<Path> guestAgent,
        WarmPoolSizes warmPool,
        Limits limits,
        boolean keepSandboxes,
        Tenants.Limits tenants,
        long tenantVolumesMibMax,
        Optional<Tls> tls,
        StoreConfig store,
        Retention retention,
        Builds builds) {
    public ServerConfig {
        Objects.requireNonNull(home);
        Objects.requireNonNull(cache);
        Objects.requireNonNull(listen);
        Objects.requireNonNull(egress);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(store);
        Objects.requireNonNull(retention);
    }

    /// @param buildsMax builds of templates that work at the same time
    /// @param tenantBuildsMax of one tenant
    /// @param timeoutSeconds of one build
    /// @param allowOut hosts that builds may reach beside the package registries of the machine
    /// @param templates built-in templates that are built at the start
    public record Builds(
            int buildsMax, int tenantBuildsMax, int timeoutSeconds, List<String> allowOut, List<String> templates) {}

    /// @param files certificate and key; empty for a certificate that the server makes for itself
    public record Tls(InetSocketAddress listen, Optional<KeyPairFiles> files) {}

    /// @param certificate PEM file with the chain, the server's own first
    /// @param key PEM file with the private key (PKCS #8)
    public record KeyPairFiles(Path certificate, Path key) {}

    /// @param sandboxesMax living sandboxes, warm ones not counted
    /// @param bootsMax creates that work at the same time; further ones wait in line
    /// @param memoryMib memory that all sandboxes together may be promised; 0 for three quarters of the machine's
    /// @param timeoutSecondsMax longest life that a sandbox may ask for; 0 for no limit
    /// @param prestartedVmms VMMs that are started in advance for each template that is asked for
    public record Limits(int sandboxesMax, int bootsMax, int memoryMib, long timeoutSecondsMax, int prestartedVmms) {}
}
