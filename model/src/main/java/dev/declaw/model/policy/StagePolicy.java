package dev.declaw.model.policy;

import java.util.Objects;

/// What all content stages have in common.
///
/// @param enabled off by default
/// @param action what is done with a finding
/// @param hosts the hosts it applies to
/// @param blockOnError whether a scanner that fails or takes too long blocks the request; otherwise it is only recorded
public record StagePolicy(boolean enabled, ContentAction action, HostSelector hosts, boolean blockOnError) {
    public StagePolicy {
        Objects.requireNonNull(action);
        Objects.requireNonNull(hosts);
    }

    static StagePolicy off(ContentAction action, HostSelector hosts) {
        return new StagePolicy(false, action, hosts, true);
    }
}
