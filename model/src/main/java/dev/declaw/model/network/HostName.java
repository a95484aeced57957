package dev.declaw.model.network;

import java.util.Locale;
import java.util.Optional;

/// A DNS host name in its one canonical form: lower-case ASCII letters, digits, `-` and `_`, no trailing dot
/// (RFC 1123 §2.1, plus the underscore that real names carry). Never an IP literal, nor a number that some resolver
/// would read as one.
public record HostName(String value) {
    private static final int NAME_CHARS_MAX = 253;
    private static final int LABEL_CHARS_MAX = 63;

    public HostName {
        if (!isCanonical(value)) {
            throw new IllegalArgumentException("not a canonical host name");
        }
    }

    /// Reads a name as it arrives in SNI, `Host` or a DNS question. One trailing dot is taken off; everything else that
    /// is not canonical after lower-casing is refused.
    public static Optional<HostName> parse(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (name.length() > NAME_CHARS_MAX) return Optional.empty();
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) > 0x7e) return Optional.empty(); // before lower-casing: U+212A would become k
        }
        String lower = name.toLowerCase(Locale.ROOT);
        return isCanonical(lower) ? Optional.of(new HostName(lower)) : Optional.empty();
    }

    /// True when this name is `suffix` with one or more labels in front; the apex itself does not match.
    public boolean isBelow(String suffix) {
        return value.length() > suffix.length() + 1
                && value.endsWith(suffix)
                && value.charAt(value.length() - suffix.length() - 1) == '.';
    }

    private static boolean isCanonical(String name) {
        if (name.isEmpty() || name.length() > NAME_CHARS_MAX) return false;
        int labelStart = 0;
        for (int i = 0; i <= name.length(); i++) {
            if (i == name.length() || name.charAt(i) == '.') {
                int length = i - labelStart;
                if (length == 0 || length > LABEL_CHARS_MAX) return false;
                if (name.charAt(labelStart) == '-' || name.charAt(i - 1) == '-') return false;
                labelStart = i + 1;
                continue;
            }
            char c = name.charAt(i);
            boolean ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_';
            if (!ok) return false;
        }
        return !looksNumeric(name);
    }

    /// WHATWG URL "ends in a number": the last label decides whether a resolver would try to read an IPv4 address.
    private static boolean looksNumeric(String name) {
        String last = name.substring(name.lastIndexOf('.') + 1);
        return last.chars().allMatch(c -> c >= '0' && c <= '9') || last.matches("0x[0-9a-f]*");
    }

    @Override
    public String toString() {
        return value;
    }
}
