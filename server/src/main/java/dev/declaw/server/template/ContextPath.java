package dev.declaw.server.template;

import com.google.re2j.Pattern;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// Paths in a build context, and the patterns of `COPY` that find them.
final class ContextPath {
    private static final int CHARS_MAX = 4096;

    private ContextPath() {}

    /// Without `.`, `..`, repeated and outer slashes: a path below the root, empty for the root itself. Empty optional when it
    /// leads out or cannot be a path.
    static Optional<String> clean(String path) {
        if (path.length() > CHARS_MAX || path.indexOf('\0') >= 0 || path.indexOf('\n') >= 0) return Optional.empty();
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/")) {
            if (part.isEmpty() || part.equals(".")) continue;
            if (!part.equals("..")) parts.addLast(part);
            else if (parts.pollLast() == null) return Optional.empty();
        }
        return Optional.of(String.join("/", parts));
    }

    /// Finds what a source of `COPY` names: `*`, `?` and `[…]` within one part of the path. In time that is linear in the path,
    /// whatever a tenant writes.
    static Pattern pattern(String source) {
        String clean = clean(source).orElseThrow();
        List<String> parts = new ArrayList<>();
        for (String part : clean.split("/")) parts.add(glob(part));
        return Pattern.compile(String.join("/", parts));
    }

    private static String glob(String part) {
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            int close = part.indexOf(']', i + 2);
            switch (c) {
                case '*' -> regex.append("[^/]*");
                case '?' -> regex.append("[^/]");
                case '[' -> {
                    if (close < 0) {
                        regex.append("\\[");
                    } else {
                        String inside = part.substring(i + 1, close).replace("\\", "\\\\").replace("[", "\\[").replace("&&", "&\\&");
                        regex.append('[').append(inside.startsWith("!") ? "^" + inside.substring(1) : inside).append(']');
                        i = close;
                    }
                }
                default -> regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return regex.toString();
    }
}
