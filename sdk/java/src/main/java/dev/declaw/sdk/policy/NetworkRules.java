package dev.declaw.sdk.policy;

import dev.declaw.sdk.json.JsonObject;
import java.util.List;
import java.util.Optional;

/// Which destinations a sandbox may reach. An allow rule beats a deny rule; allow rules alone deny the rest. An entry is an
/// IP address, a CIDR block, a host name, `*.suffix`, `~regex` (RE2) or `*`. Cloud metadata is closed whatever they say.
///
/// @param allowPublicTraffic whether the sandbox's ports answer requests from outside
/// @param maskRequestHost what the sandbox sees as Host of such requests
public record NetworkRules(
        List<String> allowOut, List<String> denyOut, boolean allowPublicTraffic, Optional<String> maskRequestHost) {
    public NetworkRules {
        allowOut = PolicyChecks.networkEntries("network.allow_out", allowOut);
        denyOut = PolicyChecks.networkEntries("network.deny_out", denyOut);
    }

    /// These, and nothing else.
    public static NetworkRules allow(String... entries) {
        return new NetworkRules(List.of(entries), List.of("*"), true, Optional.empty());
    }

    /// Everything but these.
    public static NetworkRules deny(String... entries) {
        return new NetworkRules(List.of(), List.of(entries), true, Optional.empty());
    }

    /// No destination at all.
    public static NetworkRules denyAll() {
        return deny("*");
    }

    /// The same with the sandbox's ports closed.
    public NetworkRules withoutPublicTraffic() {
        return new NetworkRules(allowOut, denyOut, false, maskRequestHost);
    }

    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        if (!allowOut.isEmpty()) json.put("allow_out", allowOut);
        if (!denyOut.isEmpty()) json.put("deny_out", denyOut);
        if (!allowPublicTraffic) json.put("allow_public_traffic", false);
        maskRequestHost.ifPresent(host -> json.put("mask_request_host", host));
        return json;
    }
}
