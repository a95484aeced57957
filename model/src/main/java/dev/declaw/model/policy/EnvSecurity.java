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
        return maskPatterns.stream().anyMatch(glob -> globMatches(glob.toUpperCase(java.util.Locale.ROOT), name));
    }

    /// `*` stands for any run of characters; everything else for itself. Linear in the product of both lengths.
    private static boolean globMatches(String glob, String name) {
        int g = 0;
        int n = 0;
        int star = -1;
        int retry = 0;
        while (n < name.length()) {
            if (g < glob.length() && glob.charAt(g) == '*') {
                star = g++;
                retry = n;
            } else if (g < glob.length() && glob.charAt(g) == name.charAt(n)) {
                g++;
                n++;
            } else if (star >= 0) {
                g = star + 1;
                n = ++retry;
            } else {
                return false;
            }
        }
        while (g < glob.length() && glob.charAt(g) == '*') g++;
        return g == glob.length();
    }
}
