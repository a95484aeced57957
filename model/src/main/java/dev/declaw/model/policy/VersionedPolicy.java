package dev.declaw.model.policy;

import dev.declaw.model.network.HostName;
import java.util.Optional;

/// A policy with its version, which counts up with each change and stands in every event.
///
/// @param brokered hosts that credentials are bound to, which must be read to put them in
public record VersionedPolicy(int version, SecurityPolicy policy, HostSelector brokered) {
    public VersionedPolicy(int version, SecurityPolicy policy) {
        this(version, policy, HostSelector.NONE);
    }

    /// Whether TLS to this host must be opened, because a content stage reads what is sent or a credential is put in.
    public boolean intercepts(Optional<HostName> host) {
        return policy.intercepts(host) || brokered.covers(host);
    }

    /// Whether the content stages do the same as those of another.
    public boolean readsLike(VersionedPolicy other) {
        return policy.pii().equals(other.policy.pii())
                && policy.content().equals(other.policy.content())
                && policy.custom().equals(other.policy.custom())
                && policy.mode() == other.policy.mode()
                && brokered.equals(other.brokered);
    }

    /// Whether any host may be intercepted, so that the sandbox needs a CA.
    public boolean needsCertificateAuthority() {
        return policy.needsCertificateAuthority() || !brokered.none();
    }
}
