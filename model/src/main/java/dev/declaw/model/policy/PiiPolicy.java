package dev.declaw.model.policy;

import dev.declaw.model.scan.CustomType;
import dev.declaw.model.scan.PiiType;
import java.util.List;
import java.util.Set;

/// What happens to personal data in requests.
///
/// @param enabled off by default
/// @param types the built-in kinds that are looked for
/// @param custom further kinds, described by the policy's author
/// @param action what is done with a finding
/// @param rehydrateResponse whether tokens in responses turn back into the values they stand for
/// @param hosts the hosts it applies to
public record PiiPolicy(
        boolean enabled,
        Set<PiiType> types,
        List<CustomType> custom,
        ContentAction action,
        boolean rehydrateResponse,
        HostSelector hosts) {
    public static final PiiPolicy OFF =
            new PiiPolicy(false, PiiType.CONTRACT, ContentAction.REDACT, true, HostSelector.ALL);

    public PiiPolicy {
        types = Set.copyOf(types);
        custom = List.copyOf(custom);
    }

    /// One with built-in kinds only.
    public PiiPolicy(
            boolean enabled, Set<PiiType> types, ContentAction action, boolean rehydrateResponse, HostSelector hosts) {
        this(enabled, types, List.of(), action, rehydrateResponse, hosts);
    }
}
