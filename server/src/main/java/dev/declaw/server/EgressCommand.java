package dev.declaw.server;

import dev.declaw.egress.EgressConfigJson;
import dev.declaw.egress.control.StandaloneEgress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// The egress proxy alone, in front of anything.
@Command(
        name = "egress",
        description = "Run the egress proxy alone, in front of a container or a namespace, under one policy.",
        mixinStandardHelpOptions = true)
final class EgressCommand implements Callable<Integer> {
    @Option(
            names = "--mode",
            required = true,
            paramLabel = "redirect|tproxy",
            description = "How connections reach the listener: nftables redirect (SO_ORIGINAL_DST) or tproxy.")
    private String mode;

    @Option(
            names = "--listen",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where to listen; plain HTTP and TLS on the same port.")
    private String listen;

    @Option(names = "--policy", required = true, paramLabel = "FILE", description = "Policy, JSON.")
    private Path policy;

    @Option(names = "--ca-cert", paramLabel = "FILE", description = "CA certificate that the clients trust, PEM.")
    private Path caCertificate;

    @Option(names = "--ca-key", paramLabel = "FILE", description = "Its key, PEM, EC.")
    private Path caKey;

    @Option(
            names = "--upstream-ca",
            paramLabel = "FILE",
            description = "Further CA certificates for upstream servers, PEM; may be repeated.")
    private List<Path> upstreamCa = List.of();

    @Option(names = "--audit", required = true, paramLabel = "FILE", description = "Audit log, one JSON event per line.")
    private Path audit;

    @Option(
            names = "--resolver",
            paramLabel = "HOST:PORT",
            description = "DNS server; may be repeated. Default: those of /etc/resolv.conf.")
    private List<String> resolvers = List.of();

    @Option(
            names = "--internal-range",
            paramLabel = "CIDR",
            description = "Special address block that allowed names may resolve to; may be repeated.")
    private List<String> internalRanges = List.of();

    @Override
    public Integer call() {
        StandaloneEgress.Options options;
        try {
            options = new StandaloneEgress.Options(
                    StandaloneEgress.Mode.valueOf(mode.toUpperCase(Locale.ROOT)),
                    address(listen),
                    policy,
                    Optional.ofNullable(caCertificate),
                    Optional.ofNullable(caKey),
                    upstreamCa,
                    audit,
                    resolvers.stream().map(EgressCommand::address).toList(),
                    internalRanges.stream().map(EgressConfigJson::parseCidr).toList(),
                    StandaloneEgress.Options.DEFAULT_SANDBOX_ID);
        } catch (IllegalArgumentException e) {
            System.err.println("declaw egress: " + e.getMessage());
            return StandaloneEgress.EXIT_USAGE;
        }
        return StandaloneEgress.run(options, System.out, System.err);
    }

    private static InetSocketAddress address(String text) {
        return EgressConfigJson.parseHostPort(text);
    }
}
