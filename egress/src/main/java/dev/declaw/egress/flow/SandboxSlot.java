package dev.declaw.egress.flow;

import dev.declaw.egress.content.ContentPipeline;
import dev.declaw.egress.content.TokenVault;
import dev.declaw.egress.credential.CredentialSet;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Everything the proxy knows of one sandbox. Which socket accepted tells which slot a connection belongs to; nothing the
/// guest sends does. Thread-safe. The CA's key and the redaction tokens of the sandbox live here too, in memory only.
public final class SandboxSlot implements Questioner, AutoCloseable {
    private final String sandboxId;
    private final SyntheticNames names = new SyntheticNames();
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicLong heldBodyBytes = new AtomicLong();
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final Optional<CertificateAuthority> authority;
    private final Optional<LeafContexts> leaves;
    private final TokenVault vault = new TokenVault();
    private final ContentPipeline pipeline;
    private final VersionedPolicy policy;

    /// @param authority signs the leaves of intercepted connections; empty only when the policy never intercepts
    public SandboxSlot(String sandboxId, VersionedPolicy policy, Optional<CertificateAuthority> authority) {
        this(sandboxId, policy, CredentialSet.NONE, authority, ContentScanners.installed());
    }

    /// @param credentials put into requests; their hosts are read even where no content stage covers them
    public SandboxSlot(
            String sandboxId, VersionedPolicy policy, CredentialSet credentials, Optional<CertificateAuthority> authority) {
        this(sandboxId, policy, credentials, authority, ContentScanners.installed());
    }

    /// @param scanners make what the content stages run
    SandboxSlot(
            String sandboxId,
            VersionedPolicy policy,
            CredentialSet credentials,
            Optional<CertificateAuthority> authority,
            ContentScanners scanners) {
        this.sandboxId = Objects.requireNonNull(sandboxId);
        this.policy = new VersionedPolicy(policy.version(), policy.policy(), credentials.hosts());
        this.pipeline = new ContentPipeline(policy.policy(), credentials, scanners, PersonalDataScanners.installed(), vault);
        this.authority = authority;
        this.leaves = authority.map(LeafContexts::new);
        if (this.policy.needsCertificateAuthority() && authority.isEmpty()) {
            throw new IllegalArgumentException("the policy intercepts TLS, so the slot needs a certificate authority");
        }
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
        return policy;
    }

    public Optional<CertificateAuthority> authority() {
        return authority;
    }

    /// Screens what the sandbox sends to hosts that its content policy covers.
    ContentPipeline pipeline() {
        return pipeline;
    }

    Optional<LeafContexts> leaves() {
        return leaves;
    }

    /// Takes one of the sandbox's connections; false when all are taken. Each success is returned by [#releaseConnection].
    public boolean acquireConnection(int max) {
        if (connections.incrementAndGet() <= max) return true;
        connections.decrementAndGet();
        return false;
    }

    public void releaseConnection() {
        connections.decrementAndGet();
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
