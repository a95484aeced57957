package dev.declaw.model.policy;

import java.util.List;
import java.util.Optional;

/// Rego that a sandbox's owner brings, and a pack of ours: can only tighten what the other rules allow. Not compiled here.
///
/// @param modules complete modules, and one that may lack its package, which is then that of the command gate
/// @param pack `name@version`
/// @param passesOnFailure what cannot be evaluated passes instead of being denied
public record CustomPolicy(List<Module> modules, Optional<String> pack, boolean passesOnFailure) {
    /// @param name where it stands in the policy, below `custom_policy`: `inline_rego`, `inline_modules[0]`
    /// @param text Rego
    public record Module(String name, String text) {}

    public static final CustomPolicy NONE = new CustomPolicy(List.of(), Optional.empty(), false);

    public CustomPolicy {
        modules = List.copyOf(modules);
    }

    /// Whether there is anything to evaluate.
    public boolean active() {
        return !modules.isEmpty() || pack.isPresent();
    }
}
