package dev.declaw.sdk.policy;

import dev.declaw.sdk.DeclawException.InvalidPolicy;
import java.util.List;
import java.util.regex.Pattern;

/// Checks that the parts of a policy share.
final class PolicyChecks {
    private static final int ENTRY_CHARS_MAX = 1000;
    private static final String LABEL = "[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?";
    private static final Pattern HOST = Pattern.compile("(\\*\\.)?" + LABEL + "(\\." + LABEL + ")*\\.?");
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+(/[0-9]{1,2})?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(/[0-9]{1,3})?");

    private PolicyChecks() {}

    static List<String> networkEntries(String field, List<String> entries) {
        for (String entry : entries) {
            boolean known = entry.equals("*") || entry.startsWith("~") || ADDRESS.matcher(entry).matches() || HOST.matcher(entry).matches();
            if (!known || entry.length() > ENTRY_CHARS_MAX) {
                throw new InvalidPolicy(field + ": '" + entry + "' is none of: an IP address, a CIDR block, a host name "
                        + "(a.example.com), a wildcard (*.example.com), ~regex, *");
            }
        }
        return List.copyOf(entries);
    }

    static List<String> hosts(String field, List<String> entries) {
        for (String entry : entries) {
            boolean known = entry.equals("*") || entry.startsWith("~") || HOST.matcher(entry).matches();
            if (!known || entry.length() > ENTRY_CHARS_MAX) {
                throw new InvalidPolicy(field + ": '" + entry + "' is none of: a host name, *.suffix, ~regex, *");
            }
        }
        return List.copyOf(entries);
    }

    static void fraction(String field, double value) {
        if (!(value >= 0 && value <= 1)) throw new InvalidPolicy(field + " must be from 0.0 to 1.0, not " + value);
    }
}
