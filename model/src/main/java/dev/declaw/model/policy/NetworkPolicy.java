package dev.declaw.model.policy;

import dev.declaw.model.network.AddressClass;
import dev.declaw.model.network.AddressClassifier;
import dev.declaw.model.network.Cidr;
import dev.declaw.model.network.HostName;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Which destinations a sandbox may reach.
///
/// Order of judgement: the metadata floor; then `allow_out`, which beats `deny_out`; then `deny_out`; then the default,
/// which is "deny" when `allow_out` is the only list that is not empty and "allow" otherwise. A name is judged first by
/// its name, before anything is resolved, and then by every address it resolved to.
///
/// @param allowOut rules that open
/// @param denyOut rules that close
/// @param allowPublicTraffic whether the port proxy may reach into the sandbox
/// @param maskRequestHost value of the `Host` header towards the guest for inbound proxied requests
/// @param restriction a second policy that must allow as well (wire-api U30: the policy's own `network` beside the
///     sandbox's top-level one); empty for none
/// @param mode in [PolicyMode#REPORT], what the rules and the default would deny is reported and passes; what no policy
///     can open stays closed
public record NetworkPolicy(
        List<NetworkRule> allowOut,
        List<NetworkRule> denyOut,
        boolean allowPublicTraffic,
        Optional<String> maskRequestHost,
        Optional<NetworkPolicy> restriction,
        PolicyMode mode) {

    /// Everything public is reachable: what a sandbox without a network policy gets.
    public static final NetworkPolicy OPEN =
            new NetworkPolicy(List.of(), List.of(), true, Optional.empty(), Optional.empty());

    private static final Set<String> METADATA_NAMES = Set.of(
            "metadata.google.internal",
            "metadata.goog",
            "metadata",
            "instance-data",
            "instance-data.ec2.internal",
            "metadata.azure.internal",
            "metadata.tencentyun.com",
            "metadata.packet.net",
            "metadata.platformequinix.com");

    public NetworkPolicy(
            List<NetworkRule> allowOut,
            List<NetworkRule> denyOut,
            boolean allowPublicTraffic,
            Optional<String> maskRequestHost,
            Optional<NetworkPolicy> restriction) {
        this(allowOut, denyOut, allowPublicTraffic, maskRequestHost, restriction, PolicyMode.ENFORCE);
    }

    public NetworkPolicy {
        allowOut = List.copyOf(allowOut);
        denyOut = List.copyOf(denyOut);
    }

    /// True when nothing but what `allow_out` names may pass although nobody wrote a deny rule.
    public boolean allowListOnly() {
        return !allowOut.isEmpty() && denyOut.isEmpty();
    }

    /// The same rules, which only report.
    public NetworkPolicy reporting() {
        return new NetworkPolicy(
                allowOut,
                denyOut,
                allowPublicTraffic,
                maskRequestHost,
                restriction.map(NetworkPolicy::reporting),
                PolicyMode.REPORT);
    }

    private Decision inMode(Decision decision) {
        if (mode == PolicyMode.ENFORCE || decision.allowed()) return decision;
        return switch (decision.reason()) {
            case DENIED_BY_RULE, NOT_IN_ALLOW_LIST, NAME_REQUIRED ->
                new Decision.Report(decision.reason(), decision.rule());
            default -> decision;
        };
    }

    /// Judges a name before it is resolved. An `Allow` is provisional: [#decideResolved] must follow for each address.
    public Decision decideName(HostName host) {
        if (METADATA_NAMES.contains(host.value())) {
            return Decision.deny(Reason.METADATA_ENDPOINT, null);
        }
        Decision own = inMode(decideNameHere(host));
        return restrict(own, inner -> inner.decideName(host));
    }

    private Decision decideNameHere(HostName host) {
        for (NetworkRule rule : allowOut) {
            if (rule.matches(host)) return Decision.allow(Reason.ALLOWED_BY_RULE, rule.source());
        }
        for (NetworkRule rule : denyOut) {
            if (rule.matches(host)) return Decision.deny(Reason.DENIED_BY_RULE, rule.source());
        }
        return allowListOnly()
                ? Decision.deny(Reason.NOT_IN_ALLOW_LIST, null)
                : Decision.allow(Reason.ALLOWED_BY_DEFAULT, null);
    }

    /// Judges one address that an allowed name resolved to.
    ///
    /// @param internalRanges address blocks that the operator opened for names: a special (non-public) address in them is
    ///     reachable when a rule, not the default, allowed the name. The metadata floor is never opened.
    public Decision decideResolved(HostName host, InetAddress address, List<Cidr> internalRanges) {
        AddressClass kind = AddressClassifier.classify(address);
        if (kind == AddressClass.METADATA) return Decision.deny(Reason.METADATA_ENDPOINT, null);
        Decision named = decideName(host);
        if (!named.allowed()) return named;
        // What a rule of the restriction allows, no rule of this policy does.
        Decision here = inMode(decideNameHere(host));
        Decision own = inMode(decideResolvedHere(here, kind, address, internalRanges));
        return restrict(own, inner -> inner.decideResolved(host, address, internalRanges));
    }

    private Decision decideResolvedHere(
            Decision named, AddressClass kind, InetAddress address, List<Cidr> internalRanges) {
        for (NetworkRule rule : allowOut) {
            if (rule instanceof NetworkRule.Block && rule.matches(address)) {
                return Decision.allow(Reason.ALLOWED_BY_RULE, rule.source());
            }
        }
        boolean byRule = named.reason() == Reason.ALLOWED_BY_RULE;
        if (kind != AddressClass.PUBLIC) {
            boolean internal = byRule && internalRanges.stream().anyMatch(range -> range.contains(address));
            if (!internal) return Decision.deny(Reason.ADDRESS_NOT_PUBLIC, null);
        }
        if (byRule) return named;
        for (NetworkRule rule : denyOut) {
            if (rule.matches(address)) return Decision.deny(Reason.DENIED_BY_RULE, rule.source());
        }
        return named;
    }

    /// Judges a bare address: only IP rules and the default count.
    public Decision decideAddress(InetAddress address) {
        AddressClass kind = AddressClassifier.classify(address);
        if (kind == AddressClass.METADATA) return Decision.deny(Reason.METADATA_ENDPOINT, null);
        Decision own = inMode(decideAddressHere(kind, address));
        return restrict(own, inner -> inner.decideAddress(address));
    }

    private Decision decideAddressHere(AddressClass kind, InetAddress address) {
        for (NetworkRule rule : allowOut) {
            boolean opens = rule instanceof NetworkRule.Block
                    || rule instanceof NetworkRule.Everything && kind == AddressClass.PUBLIC;
            if (opens && rule.matches(address)) return Decision.allow(Reason.ALLOWED_BY_RULE, rule.source());
        }
        for (NetworkRule rule : denyOut) {
            if (rule.matches(address)) return Decision.deny(Reason.DENIED_BY_RULE, rule.source());
        }
        if (kind != AddressClass.PUBLIC) return Decision.deny(Reason.ADDRESS_NOT_PUBLIC, null);
        return allowListOnly()
                ? Decision.deny(Reason.NAME_REQUIRED, null)
                : Decision.allow(Reason.ALLOWED_BY_DEFAULT, null);
    }

    private Decision restrict(Decision own, java.util.function.Function<NetworkPolicy, Decision> question) {
        if (!own.allowed() || restriction.isEmpty()) return own;
        Decision second = question.apply(restriction.get());
        if (second.allowed() && own instanceof Decision.Report) return own;
        return second.allowed() && second.reason() == Reason.ALLOWED_BY_DEFAULT ? own : second;
    }
}
