package dev.declaw.egress.flow;

import dev.declaw.egress.content.ContentPipeline;
import dev.declaw.egress.content.TokenVault;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.dns.Questioner;
import dev.declaw.egress.dns.SyntheticNames;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.egress.tls.LeafContexts;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.model.scan.ContentScanners;
import dev.declaw.model.scan.PersonalDataScanners;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Everything the proxy knows of one sandbox. Which socket accepted tells which slot a connection belongs to; nothing the
/// guest sends does. Thread-safe. The CA's key and the redaction tokens of the sandbox live here too, in memory only.
public final class SandboxSlot implements Questioner, AutoCloseable {
    private final String sandboxId;
    private final SyntheticNames names = new SyntheticNames();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger screenings = new AtomicInteger();
    private final AtomicLong heldBodyBytes = new AtomicLong();
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final TokenVault vault = new TokenVault();
    private final ContentScanners scanners;
    private final Set<GuestFlow> flows = ConcurrentHashMap.newKeySet();
    private volatile InForce inForce;
    private volatile TenantConnections tenant = new TenantConnections(0);

    /// What belongs together and is replaced together.
    private record InForce(
            VersionedPolicy policy,
            ContentPipeline pipeline,
            CustomGates custom,
            Optional<CertificateAuthority> authority,
            Optional<LeafContexts> leaves) {}

    /// @param authority signs the leaves of intercepted connections; empty only when the policy never intercepts
    public SandboxSlot(String sandboxId, VersionedPolicy policy, Optional<CertificateAuthority> authority) {
        this(sandboxId, policy, CredentialSet.NONE, CustomGates.NONE, authority, ContentScanners.installed());
    }

    /// @param credentials put into requests; their hosts are read even where no content stage covers them
    /// @param custom the custom policy, compiled
    public SandboxSlot(
            String sandboxId,
            VersionedPolicy policy,
            CredentialSet credentials,
            CustomGates custom,
            Optional<CertificateAuthority> authority) {
        this(sandboxId, policy, credentials, custom, authority, ContentScanners.installed());
    }

    /// @param scanners make what the content stages run
    SandboxSlot(
            String sandboxId,
            VersionedPolicy policy,
            CredentialSet credentials,
            CustomGates custom,
            Optional<CertificateAuthority> authority,
            ContentScanners scanners) {
        this.sandboxId = Objects.requireNonNull(sandboxId);
        this.scanners = Objects.requireNonNull(scanners);
        this.inForce = inForce(policy, credentials, custom, authority, authority.map(LeafContexts::new));
    }

    private InForce inForce(
            VersionedPolicy policy,
            CredentialSet credentials,
            CustomGates custom,
            Optional<CertificateAuthority> authority,
            Optional<LeafContexts> leaves) {
        VersionedPolicy whole = new VersionedPolicy(policy.version(), policy.policy(), credentials.hosts());
        if (whole.needsCertificateAuthority() && authority.isEmpty()) {
            throw new IllegalArgumentException("the policy intercepts TLS, so the slot needs a certificate authority");
        }
        ContentPipeline pipeline = new ContentPipeline(
                policy.policy(), credentials, scanners, PersonalDataScanners.installed(), vault, custom);
        return new InForce(whole, pipeline, custom, authority, leaves);
    }

    /// Replaces the policy of a running sandbox. New connections and requests are judged by it at once; what it forbids of
    /// those that are open is cut on their event loops, in milliseconds. Tokens that were minted stay.
    ///
    /// @param created an authority, where the slot has none and the policy needs one
    /// @throws RuntimeException when it cannot be enforced; the old one stays in force then
    public void update(
            VersionedPolicy policy,
            CredentialSet credentials,
            CustomGates custom,
            Optional<CertificateAuthority> created) {
        InForce old = inForce;
        boolean first = old.authority.isEmpty() && created.isPresent();
        inForce = inForce(
                policy,
                credentials,
                custom,
                first ? created : old.authority,
                first ? created.map(LeafContexts::new) : old.leaves);
        for (GuestFlow flow : flows) flow.guest.eventLoop().execute(flow::policyChanged);
    }

    /// Keeps a connection that must hear of a new policy.
    void track(GuestFlow flow) {
        flows.add(flow);
    }

    void untrack(GuestFlow flow) {
        flows.remove(flow);
    }

    @Override
    public String sandboxId() {
        return sandboxId;
    }

    @Override
    public SyntheticNames names() {
        return names;
    }

    /// The policy in force: read it once per decision.
    @Override
    public VersionedPolicy policy() {
        return inForce.policy;
    }

    public Optional<CertificateAuthority> authority() {
        return inForce.authority;
    }

    /// Screens what the sandbox sends to hosts that its content policy covers.
    ContentPipeline pipeline() {
        return inForce.pipeline;
    }

    /// The custom policy, compiled.
    CustomGates custom() {
        return inForce.custom;
    }

    Optional<LeafContexts> leaves() {
        return inForce.leaves;
    }

    /// Whose connections those of this sandbox count among from now on.
    public void tenant(TenantConnections shared) {
        tenant = shared;
    }

    /// Takes one of the sandbox's connections, and one of its tenant's.
    ///
    /// @return gives both back, and is run once; empty when all of either are taken
    public Optional<Runnable> acquireConnection(int max) {
        TenantConnections shared = tenant;
        if (connections.incrementAndGet() <= max && shared.acquire()) {
            return Optional.of(() -> {
                connections.decrementAndGet();
                shared.release();
            });
        }
        connections.decrementAndGet();
        return Optional.empty();
    }

    /// Takes memory for a body that is held back until it has been screened; false when the sandbox holds too much.
    /// Each success is returned by [#releaseBodyBytes].
    boolean acquireBodyBytes(long bytes, long max) {
        if (heldBodyBytes.addAndGet(bytes) <= max) return true;
        heldBodyBytes.addAndGet(-bytes);
        return false;
    }

    void releaseBodyBytes(long bytes) {
        heldBodyBytes.addAndGet(-bytes);
    }

    /// Takes one of the sandbox's places among what waits to be screened; false when all are taken. Each success is returned
    /// by [#releaseScreening].
    boolean acquireScreening(int max) {
        if (screenings.incrementAndGet() <= max) return true;
        screenings.decrementAndGet();
        return false;
    }

    void releaseScreening() {
        screenings.decrementAndGet();
    }

    /// Adds a channel that must end with the sandbox; one that comes after [#close] is closed at once.
    void register(Channel channel) {
        channels.add(channel);
    }

    /// Open channels of both legs.
    public int openChannels() {
        return channels.size();
    }

    /// Cuts every connection of the sandbox, on both legs, and its listeners, and forgets its redaction tokens. Further
    /// connections are closed as they come.
    @Override
    public void close() {
        channels.close();
        vault.close();
    }
}
