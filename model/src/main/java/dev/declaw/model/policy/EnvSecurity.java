package dev.declaw.model.policy;

import java.util.List;
import java.util.Set;

/// Which environment variables count as secret.
///
/// @param maskPatterns globs over the upper-cased name
/// @param autoMaskInAudit whether values of variables that fit a glob are taken out of what is recorded
/// @param sensitive names of variables whose values are never recorded nor shown, whatever the other two say
public record EnvSecurity(List<String> maskPatterns, boolean autoMaskInAudit, Set<String> sensitive) {
    public static final EnvSecurity DEFAULT = new EnvSecurity(
            List.of("*_KEY", "*_SECRET", "*_TOKEN", "*_PASSWORD", "*_CREDENTIALS", "API_KEY", "SECRET_KEY"), true, Set.of());

    public EnvSecurity {
        maskPatterns = List.copyOf(maskPatterns);
        sensitive = Set.copyOf(sensitive);
    }

    public boolean masks(String variable) {
        String name = variable.toUpperCase(java.util.Locale.ROOT);
        return maskPatterns.stream().anyMatch(glob -> Glob.matches(glob.toUpperCase(java.util.Locale.ROOT), name));
    }
}
