package dev.declaw.model.policy;

import dev.declaw.model.network.HostName;
import java.util.List;
import java.util.Optional;

/// The hosts that a content stage applies to: all of them, or those that one of its rules matches.
/// A bare IP address has no name, so only [#ALL] covers it.
public record HostSelector(boolean all, List<NetworkRule> rules) {
    public static final HostSelector ALL = new HostSelector(true, List.of());
    public static final HostSelector NONE = new HostSelector(false, List.of());

    public HostSelector {
        rules = List.copyOf(rules);
    }

    public boolean covers(Optional<HostName> host) {
        if (all || host.isEmpty()) return all;
        for (NetworkRule rule : rules) {
            if (rule.matches(host.get())) return true;
        }
        return false;
    }

    /// Whether it covers no host at all.
    public boolean none() {
        return !all && rules.isEmpty();
    }
}
