package dev.declaw.egress.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.declaw.egress.EgressConfig;
import dev.declaw.egress.audit.AuditFile;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.flow.SandboxSlot;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.linux.OriginalDestination;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.policy.PolicyException;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SecurityPolicy;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// The proxy without a server (`declaw egress`): one policy, one listener, in front of whatever a firewall hands to it,
/// such as a container or a network namespace.
public final class StandaloneEgress implements AutoCloseable {
    /// How connections reach the listener.
    public enum Mode {
        /// nftables `redirect`: the original destination comes from conntrack (SO_ORIGINAL_DST). Questions over UDP that are
        /// redirected to the same port are answered as a sandbox's are.
        REDIRECT,
        /// nftables `tproxy`: the local address of an accepted socket is the destination. Needs CAP_NET_ADMIN.
        TPROXY
    }

    /// @param listen address and port of the listener
    /// @param policy file with a policy object, or with `{"security": …, "network": …}`
    /// @param caCertificate PEM certificate that the clients trust; needed when the policy intercepts
    /// @param caKey its PEM key, EC
    /// @param upstreamCa PEM files trusted for upstream besides the system's
    /// @param audit file of the audit log, continued when it exists
    /// @param resolvers DNS servers; empty for those of /etc/resolv.conf
    /// @param internalRanges special blocks that allowed names may resolve to
    /// @param sandboxId name in the audit events
    public record Options(
            Mode mode,
            InetSocketAddress listen,
            Path policy,
            Optional<Path> caCertificate,
            Optional<Path> caKey,
            List<Path> upstreamCa,
            Path audit,
            List<InetSocketAddress> resolvers,
            List<Cidr> internalRanges,
            String sandboxId) {
        public static final String DEFAULT_SANDBOX_ID = "standalone";

        public Options {
            upstreamCa = List.copyOf(upstreamCa);
            resolvers = List.copyOf(resolvers);
            internalRanges = List.copyOf(internalRanges);
        }
    }

    public static final int EXIT_OK = 0;
    public static final int EXIT_FAILED = 1;
    public static final int EXIT_USAGE = 2;

    private static final long POLICY_BYTES_MAX = 1 << 20;
    private static final int DRAIN_MILLIS_MAX = 5_000;
    private static final int DRAIN_STEP_MILLIS = 20;

    private final AuditFile audit;
    private final EgressParts parts;
    private final SandboxSlot slot;
    private final List<Channel> listeners;

    private StandaloneEgress(AuditFile audit, EgressParts parts, SandboxSlot slot, List<Channel> listeners) {
        this.audit = audit;
        this.parts = parts;
        this.slot = slot;
        this.listeners = listeners;
    }

    /// Runs until the process is told to end (SIGTERM, SIGINT), then lets connections finish for up to five seconds. Prints
    /// `ready` on a line when connections are taken.
    ///
    /// @return the exit status: 0 (a JVM that a signal ends exits with 128 and its number all the same), 2 for options and
    ///     files that cannot be used, 1 when the system refuses
    public static int run(Options options, PrintStream out, PrintStream err) {
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (StandaloneEgress proxy = start(options, InstantSource.system())) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                stop.countDown();
                awaitQuietly(ended, 2L * DRAIN_MILLIS_MAX);
            }));
            out.println("ready");
            out.flush();
            stop.await();
            proxy.drain();
            return EXIT_OK;
        } catch (PolicyException | IllegalArgumentException e) {
            err.println("declaw egress: " + e.getMessage());
            return EXIT_USAGE;
        } catch (IOException | ChannelException e) {
            err.println("declaw egress: " + e.getMessage());
            return EXIT_FAILED;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return EXIT_FAILED;
        } finally {
            ended.countDown();
        }
    }

    /// Starts to take connections.
    ///
    /// @throws PolicyException naming the field of the policy file
    /// @throws IllegalArgumentException naming the option or file that cannot be used
    /// @throws IOException when the listener or the audit log cannot be opened
    static StandaloneEgress start(Options options, InstantSource clock) throws IOException {
        SecurityPolicy policy = readPolicy(options.policy());
        Optional<CertificateAuthority> authority = loadAuthority(options, policy, clock);
        EgressConfig config = new EgressConfig(
                options.resolvers(), options.internalRanges(), options.upstreamCa(), EgressConfig.Limits.DEFAULT);
        AuditFile audit = AuditFile.open(options.audit());
        try {
            EgressParts parts = EgressParts.wire(config, audit, clock);
            try {
                SandboxSlot slot = new SandboxSlot(
                        options.sandboxId(),
                        new VersionedPolicy(1, policy),
                        CredentialSet.NONE,
                        CustomGates.compile(policy, Optional.empty()),
                        authority);
                return new StandaloneEgress(audit, parts, slot, listen(options, parts, slot));
            } catch (RuntimeException | IOException e) {
                parts.close();
                throw e;
            }
        } catch (RuntimeException | IOException e) {
            audit.close();
            throw e;
        }
    }

    private static List<Channel> listen(Options options, EgressParts parts, SandboxSlot slot) throws IOException {
        try {
            return switch (options.mode()) {
                case REDIRECT -> List.of(
                        parts.engine().serveRedirected(slot, options.listen(), OriginalDestination::of),
                        parts.dns().serve(slot, options.listen(), parts.loops()));
                case TPROXY -> List.of(parts.engine().serveTransparent(slot, options.listen()));
            };
        } catch (Exception e) { // Netty rethrows the bind's own checked exception undeclared
            slot.close();
            throw new IOException("cannot listen on " + options.listen() + ": " + e.getMessage(), e);
        }
    }

    static SecurityPolicy readPolicy(Path file) {
        JsonNode root;
        try {
            if (Files.size(file) > POLICY_BYTES_MAX) {
                throw new IllegalArgumentException("--policy: " + file + " has more than " + POLICY_BYTES_MAX + " bytes");
            }
            root = ControlMessage.JSON.readTree(Files.readAllBytes(file));
        } catch (NoSuchFileException e) {
            throw new IllegalArgumentException("--policy: there is no file " + file);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("--policy: " + file + " is not JSON: " + e.getOriginalMessage());
        } catch (IOException e) {
            throw new IllegalArgumentException("--policy: cannot read " + file + ": " + e.getMessage());
        }
        if (!root.isObject()) throw new IllegalArgumentException("--policy: " + file + " does not hold a JSON object");
        if (!root.has("security")) return PolicyReader.read(root, null).policy();
        for (var member : root.properties()) {
            if (!member.getKey().equals("security") && !member.getKey().equals("network")) {
                throw new PolicyException(
                        member.getKey(), "beside security a policy file may only have network; or write the policy itself");
            }
        }
        return PolicyReader.read(root.get("security"), root.get("network")).policy();
    }

    private static Optional<CertificateAuthority> loadAuthority(
            Options options, SecurityPolicy policy, InstantSource clock) {
        if (options.caCertificate().isPresent() != options.caKey().isPresent()) {
            throw new IllegalArgumentException("--ca-cert and --ca-key belong together: give both or none");
        }
        if (options.caCertificate().isEmpty()) {
            if (policy.needsCertificateAuthority()) {
                throw new IllegalArgumentException(
                        "--ca-cert, --ca-key: the policy reads what is sent over TLS, so the proxy needs a CA");
            }
            return Optional.empty();
        }
        return Optional.of(CertificateAuthority.load(
                readPem("--ca-cert", options.caCertificate().get()), readPem("--ca-key", options.caKey().get()), clock));
    }

    private static String readPem(String option, Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(option + ": cannot read " + file);
        }
    }

    /// Where it listens.
    InetSocketAddress address() {
        return (InetSocketAddress) listeners.getFirst().localAddress();
    }

    /// Takes no more connections and waits for those that are open, for a while.
    void drain() throws InterruptedException {
        listeners.forEach(listener -> listener.close().syncUninterruptibly());
        CountDownLatch never = new CountDownLatch(1);
        for (int waited = 0; waited < DRAIN_MILLIS_MAX && slot.openChannels() > 0; waited += DRAIN_STEP_MILLIS) {
            boolean _ = never.await(DRAIN_STEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static void awaitQuietly(CountDownLatch latch, long millis) {
        try {
            boolean _ = latch.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Cuts what is open.
    @Override
    public void close() throws IOException {
        listeners.forEach(listener -> listener.close().syncUninterruptibly());
        slot.close();
        parts.close();
        audit.close();
    }
}
