package dev.declaw.egress.control;

import dev.declaw.egress.control.EgressProxy.OpenedSlot;
import dev.declaw.egress.control.EgressProxy.SlotRequest;
import dev.declaw.egress.credential.CredentialReader;
import dev.declaw.egress.credential.CredentialSet;
import dev.declaw.egress.custom.CustomGates;
import dev.declaw.egress.flow.SandboxSlot;
import dev.declaw.egress.metrics.EgressMetrics;
import dev.declaw.egress.flow.TenantConnections;
import dev.declaw.model.policy.VersionedPolicy;
import dev.declaw.egress.tls.CertificateAuthority;
import dev.declaw.linux.Descriptor;
import dev.declaw.model.policy.PolicyReader;
import dev.declaw.model.policy.SecurityPolicy;
import io.netty.channel.Channel;
import dev.declaw.rego.PolicyEngine;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// The slots of this process, served by the real engine. A slot's policy and authority exist before its first socket is
/// served. Used by the control thread only.
final class EngineSlots implements SlotService {
    private record Served(SandboxSlot slot, Channel dns, String tenant) implements AutoCloseable {
        /// The same slot, of another tenant from now on: a warm machine belongs to nobody until it is claimed.
        Served of(String owner) {
            return new Served(slot, dns, owner);
        }

        @Override
        public void close() {
            dns.close().syncUninterruptibly();
            slot.close();
        }
    }

    private final EgressParts parts;
    private final EgressMetrics metrics;
    private final InstantSource clock;
    private final Optional<PolicyEngine> policies;
    private final Map<String, Served> served = new HashMap<>();
    private final Map<String, TenantConnections> tenants = new HashMap<>(); // those of the slots that are served

    EngineSlots(EgressParts parts, EgressMetrics metrics, InstantSource clock, Optional<PolicyEngine> policies) {
        this.policies = policies;
        this.parts = parts;
        this.metrics = metrics;
        this.clock = clock;
        metrics.slots(served::size, () -> tenants.values().stream().mapToInt(TenantConnections::open).sum());
    }

    /// Asked by the control thread too, so nothing changes meanwhile.
    @Override
    public String stats() {
        return metrics.text();
    }

    @Override
    public OpenedSlot open(SlotRequest request, Descriptor tcp, Descriptor dns) {
        if (served.containsKey(request.sandboxId())) {
            throw new IllegalStateException("the sandbox is served already; close it first");
        }
        SecurityPolicy policy = PolicyReader.read(request.security(), request.network()).policy();
        CustomGates custom = CustomGates.compile(policy, policies);
        CredentialSet credentials = CredentialReader.read(request.credentials());
        VersionedPolicy versioned = new VersionedPolicy(request.policyVersion(), policy, credentials.hosts());
        Optional<CertificateAuthority> authority = versioned.needsCertificateAuthority()
                ? Optional.of(CertificateAuthority.create(request.sandboxId(), clock))
                : Optional.empty();
        SandboxSlot slot = new SandboxSlot(request.sandboxId(), versioned, credentials, custom, authority);
        try {
            Channel dnsChannel = parts.dns().serve(slot, dns.nonBlocking().release(), parts.loops());
            served.put(request.sandboxId(), new Served(slot, dnsChannel, request.tenant().id()));
            slot.tenant(tenant(request));
            parts.engine().serveSlot(slot, tcp.nonBlocking().release());
        } catch (RuntimeException e) {
            slot.close();
            close(request.sandboxId());
            throw e;
        }
        return new OpenedSlot(authority.map(CertificateAuthority::certificatePem));
    }

    @Override
    public OpenedSlot update(SlotRequest request) {
        Served current = served.get(request.sandboxId());
        if (current == null) throw new IllegalStateException("the sandbox is not served; open it first");
        SecurityPolicy policy = PolicyReader.read(request.security(), request.network()).policy();
        CustomGates custom = CustomGates.compile(policy, policies);
        CredentialSet credentials = CredentialReader.read(request.credentials());
        VersionedPolicy versioned = new VersionedPolicy(request.policyVersion(), policy, credentials.hosts());
        boolean first = versioned.needsCertificateAuthority() && current.slot.authority().isEmpty();
        Optional<CertificateAuthority> created =
                first ? Optional.of(CertificateAuthority.create(request.sandboxId(), clock)) : Optional.empty();
        TenantConnections tenant = tenant(request);
        current.slot.update(versioned, credentials, custom, created);
        current.slot.tenant(tenant);
        served.put(request.sandboxId(), current.of(request.tenant().id()));
        forgetTenant(current.tenant);
        return new OpenedSlot(created.map(CertificateAuthority::certificatePem));
    }

    /// The tenant of a slot, under the limit that came last.
    private TenantConnections tenant(SlotRequest request) {
        int max = request.tenant().connectionsMax();
        TenantConnections tenant = tenants.computeIfAbsent(request.tenant().id(), _ -> new TenantConnections(max));
        tenant.max(max);
        return tenant;
    }

    @Override
    public void close(String sandboxId) {
        Served ended = served.remove(sandboxId);
        if (ended == null) return;
        ended.close();
        forgetTenant(ended.tenant);
    }

    private void forgetTenant(String tenant) {
        if (served.values().stream().noneMatch(other -> other.tenant.equals(tenant))) tenants.remove(tenant);
    }

    @Override
    public void close() {
        served.values().forEach(Served::close);
        served.clear();
    }
}
