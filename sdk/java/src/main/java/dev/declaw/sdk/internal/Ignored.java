package dev.declaw.sdk.internal;

import dev.declaw.sdk.DeclawException.InvalidArgument;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a `.dockerignore` leaves out: patterns with `*`, `?`, `[…]` and `**`, comments, and `!` for exceptions; the last
/// pattern that fits decides, and a directory's verdict holds for what is in it unless a later pattern says otherwise.
final class Ignored {
    private static final int PATTERNS_MAX = 1000;

    private record Rule(Pattern pattern, boolean excluded) {}

    private final List<Rule> rules = new ArrayList<>();

    Ignored(Stream<String> lines) {
        lines.map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")).forEach(line -> {
            if (rules.size() == PATTERNS_MAX) throw new InvalidArgument(".dockerignore has over " + PATTERNS_MAX + " patterns");
            boolean exception = line.startsWith("!");
            String path = (exception ? line.substring(1).strip() : line).replaceAll("^(\\./|/)+|/+$", "");
            if (!path.isEmpty()) rules.add(new Rule(Pattern.compile(expression(path) + "(/.*)?"), !exception));
        });
    }

    /// @param path relative, with slashes
    boolean leavesOut(String path) {
        boolean out = false;
        for (Rule rule : rules) {
            if (rule.excluded() != out && rule.pattern().matcher(path).matches()) out = rule.excluded();
        }
        return out;
    }

    /// Whether an exception may bring back what is below an excluded directory.
    boolean hasExceptions() {
        return rules.stream().anyMatch(rule -> !rule.excluded());
    }

    private static String expression(String path) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            if (path.startsWith("**/", i)) {
                text.append("(.*/)?");
                i += 2;
            } else if (path.startsWith("**", i)) {
                text.append(".*");
                i++;
            } else if (c == '*') {
                text.append("[^/]*");
            } else if (c == '?') {
                text.append("[^/]");
            } else if (c == '[' && path.indexOf(']', i + 2) > 0) {
                int end = path.indexOf(']', i + 2);
                String set = path.substring(i + 1, end).replace("\\", "\\\\").replace("[", "\\[").replace("&&", "&\\&");
                text.append('[').append(set).append(']');
                i = end;
            } else {
                text.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return text.toString();
    }
}
