package dev.declaw.model.policy;

import java.util.List;

/// Which environment variables count as secret, by glob over the upper-cased name.
public record EnvSecurity(List<String> maskPatterns, boolean autoMaskInAudit) {
    public static final EnvSecurity DEFAULT = new EnvSecurity(
            List.of("*_KEY", "*_SECRET", "*_TOKEN", "*_PASSWORD", "*_CREDENTIALS", "API_KEY", "SECRET_KEY"), true);

    public EnvSecurity {
        maskPatterns = List.copyOf(maskPatterns);
    }

    public boolean masks(String variable) {
        String name = variable.toUpperCase(java.util.Locale.ROOT);
        return maskPatterns.stream().anyMatch(glob -> Glob.matches(glob.toUpperCase(java.util.Locale.ROOT), name));
    }
}
