package dev.declaw.model.policy;

/// Patterns in which `*` stands for any run of characters and everything else for itself.
final class Glob {
    private Glob() {}

    /// Linear in the product of both lengths.
    static boolean matches(String glob, String text) {
        int g = 0;
        int n = 0;
        int star = -1;
        int retry = 0;
        while (n < text.length()) {
            if (g < glob.length() && glob.charAt(g) == '*') {
                star = g++;
                retry = n;
            } else if (g < glob.length() && glob.charAt(g) == text.charAt(n)) {
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
