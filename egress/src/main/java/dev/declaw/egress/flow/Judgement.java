package dev.declaw.egress.flow;

import dev.declaw.egress.http.Authority;
import dev.declaw.model.network.AddressClass;
import dev.declaw.model.network.AddressClassifier;
import dev.declaw.model.network.HostName;
import dev.declaw.model.policy.Decision;
import dev.declaw.model.policy.NetworkPolicy;
import dev.declaw.model.policy.NetworkRule;
import dev.declaw.model.policy.Reason;
import java.net.InetAddress;
import java.util.Optional;

/// What policy says to a destination together with the name that the guest claims for it. Pure.
///
/// @param decision allow or deny; an allow of a name is provisional until its addresses are checked
/// @param name the host that is meant; empty for a bare address
/// @param fixed the address to dial, where an IP rule or the default allowed exactly that; empty when our own resolution
///     of the name says where to go (I3)
record Judgement(Decision decision, Optional<HostName> name, Optional<InetAddress> fixed) {
    /// @param claimed name from SNI or `Host`; empty when the guest named none
    static Judgement of(NetworkPolicy policy, Destination destination, Optional<HostName> claimed) {
        return switch (destination) {
            case Destination.Unknown _ -> denied(Reason.UNKNOWN_DESTINATION, claimed);
            case Destination.Named named -> {
                if (!claimed.equals(Optional.of(named.name()))) yield denied(Reason.NAME_MISMATCH, Optional.of(named.name()));
                yield new Judgement(policy.decideName(named.name()), claimed, Optional.empty());
            }
            case Destination.Literal literal -> ofLiteral(policy, literal.address(), claimed);
        };
    }

    /// What policy says to a request: its authority must be the connection's (domain fronting).
    ///
    /// @param secure whether the request came out of TLS
    /// @param serverName the SNI under which TLS was opened; empty for a bare address
    static Judgement ofRequest(
            NetworkPolicy policy,
            Destination destination,
            boolean secure,
            Optional<HostName> serverName,
            Authority authority) {
        boolean fits = authority.port().orElse(secure ? 443 : 80) == destination.port();
        Optional<HostName> claimed = authority.name();
        if (secure && serverName.isPresent()) {
            fits &= claimed.equals(serverName);
        } else {
            fits &= claimed.isPresent() ? !secure : authority.address().equals(Optional.of(destination.address()));
        }
        return fits ? of(policy, destination, claimed) : denied(Reason.NAME_MISMATCH, claimed);
    }

    private static Judgement ofLiteral(NetworkPolicy policy, InetAddress address, Optional<HostName> claimed) {
        if (AddressClassifier.classify(address) == AddressClass.METADATA) {
            return denied(Reason.METADATA_ENDPOINT, claimed);
        }
        Decision byAddress = policy.decideAddress(address);
        if (claimed.isEmpty() || byAddress.allowed() && namesBlock(policy, address)) {
            return new Judgement(byAddress, claimed, Optional.of(address));
        }
        // A name that the guest claims for an address proves nothing about the address, so the address is not used.
        return new Judgement(policy.decideName(claimed.get()), claimed, Optional.empty());
    }

    /// Whether a rule names this very address or its block: only then may bytes go there that are neither TLS nor HTTP.
    static boolean namesBlock(NetworkPolicy policy, InetAddress address) {
        return policy.allowOut().stream().anyMatch(rule -> rule instanceof NetworkRule.Block && rule.matches(address));
    }

    /// The name that the peer will have shown to be its own, by its certificate or by our resolution, before it gets a byte.
    ///
    /// @param secure whether the peer is reached through TLS
    Optional<HostName> proven(boolean secure) {
        return secure || fixed.isEmpty() ? name : Optional.empty();
    }

    /// What redaction tokens are bound to: the name, or the address as text.
    String peer(Destination destination) {
        return name.map(HostName::value).orElseGet(() -> destination.address().getHostAddress());
    }

    private static Judgement denied(Reason reason, Optional<HostName> name) {
        return new Judgement(Decision.deny(reason, null), name, Optional.empty());
    }

    /// The same destination under another decision.
    Judgement with(Decision other) {
        return new Judgement(other, name, fixed);
    }

    boolean allowed() {
        return decision.allowed();
    }
}
