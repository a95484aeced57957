package dev.declaw.model.policy;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// One rule that rewrites text: every match of a linear-time expression (RE2 syntax) becomes the replacement. Immutable.
///
/// @param source the expression as its author wrote it
/// @param pattern the same, compiled
/// @param replacement text and references to groups, in order
/// @param direction which way
/// @param hosts the hosts it applies to
public record Transformation(
        String source, Pattern pattern, List<Part> replacement, Direction direction, HostSelector hosts) {
    public enum Direction {
        OUTBOUND,
        INBOUND,
        BOTH;

        public boolean outbound() {
            return this != INBOUND;
        }

        public boolean inbound() {
            return this != OUTBOUND;
        }
    }

    /// A piece of a replacement.
    public sealed interface Part {
        record Text(String text) implements Part {}

        /// @param number 0 for the whole match
        record Group(int number) implements Part {}
    }

    public static final int PATTERN_CHARS_MAX = 1000;
    public static final int REPLACEMENT_CHARS_MAX = 10_000;

    public Transformation {
        Objects.requireNonNull(direction);
        Objects.requireNonNull(hosts);
        replacement = List.copyOf(replacement);
    }

    /// @param field JSON path of the rule
    /// @throws PolicyException when the expression is none of RE2's or the replacement names a group that is not there
    static Transformation parse(String field, String match, String replace, Direction direction, HostSelector hosts) {
        if (match.isEmpty() || match.length() > PATTERN_CHARS_MAX) {
            throw new PolicyException(field + ".match", "has 1 to " + PATTERN_CHARS_MAX + " characters");
        }
        if (replace.length() > REPLACEMENT_CHARS_MAX) {
            throw new PolicyException(field + ".replace", "has at most " + REPLACEMENT_CHARS_MAX + " characters");
        }
        Pattern pattern;
        try {
            pattern = Pattern.compile(match);
        } catch (PatternSyntaxException e) {
            throw new PolicyException(
                    field + ".match",
                    "is no RE2 expression (look-around and back-references are not available): " + e.getDescription());
        }
        return new Transformation(match, pattern, new Replacement(field, replace, pattern).parts(), direction, hosts);
    }

    /// @param text the text after the rule
    /// @param count matches that were replaced
    public record Rewritten(String text, int count) {}

    /// Replaces every match that is not empty. Linear in the text.
    ///
    /// @param charsMax length of the result above which it fails: a rule may make much of little
    /// @throws IllegalStateException when the result would be longer
    public Rewritten apply(String text, int charsMax) {
        Matcher match = pattern.matcher(text);
        StringBuilder out = null;
        int copied = 0;
        int count = 0;
        while (match.find()) {
            if (match.end() == match.start()) continue;
            if (out == null) out = new StringBuilder(text.length());
            out.append(text, copied, match.start()).append(expand(match));
            if (out.length() > charsMax) throw new IllegalStateException("rewritten text is too long");
            copied = match.end();
            count++;
        }
        return out == null
                ? new Rewritten(text, 0)
                : new Rewritten(out.append(text, copied, text.length()).toString(), count);
    }

    private String expand(Matcher match) {
        if (replacement.size() == 1 && replacement.getFirst() instanceof Part.Text(String text)) return text;
        StringBuilder out = new StringBuilder();
        for (Part part : replacement) {
            switch (part) {
                case Part.Text(String text) -> out.append(text);
                case Part.Group(int number) -> {
                    String group = match.group(number);
                    if (group != null) out.append(group);
                }
            }
        }
        return out.toString();
    }

    /// Whether it can match the empty string, which is then left alone.
    public boolean matchesNothing() {
        return pattern.matches("");
    }

    /// Reads a replacement in the clients' dialects: `\1`, `\g<name>` (Python), `$1`, `${1}`, `${name}`, `$&`, `$$`
    /// (JavaScript, Go). Anything else stands for itself.
    private static final class Replacement {
        private final String field;
        private final String text;
        private final Pattern pattern;
        private final List<Part> parts = new ArrayList<>();
        private final StringBuilder literal = new StringBuilder();
        private int at;

        Replacement(String field, String text, Pattern pattern) {
            this.field = field + ".replace";
            this.text = text;
            this.pattern = pattern;
        }

        List<Part> parts() {
            while (at < text.length()) {
                char c = text.charAt(at++);
                char next = at < text.length() ? text.charAt(at) : 0;
                if (c == '\\' && digit(next) || c == '$' && digit(next)) number();
                else if (c == '\\' && text.startsWith("g<", at)) named("g<", '>');
                else if (c == '$' && next == '{') named("{", '}');
                else if (c == '$' && next == '&') group(0, 1);
                else if (c == '$' && next == '$' || c == '\\' && next == '\\') literal.append(text.charAt(at++));
                else literal.append(c);
            }
            flush();
            return parts;
        }

        private static boolean digit(char c) {
            return c >= '0' && c <= '9';
        }

        private void number() {
            int first = text.charAt(at) - '0';
            int second = at + 1 < text.length() && digit(text.charAt(at + 1)) ? text.charAt(at + 1) - '0' : -1;
            if (second >= 0 && first * 10 + second <= pattern.groupCount()) group(first * 10 + second, 2);
            else group(first, 1);
        }

        private void named(String open, char close) {
            int end = text.indexOf(close, at);
            if (end < 0) throw new PolicyException(field, "has a group reference without its end");
            String name = text.substring(at + open.length(), end);
            if (!name.isEmpty() && name.chars().allMatch(c -> c >= '0' && c <= '9') && name.length() < 4) {
                group(Integer.parseInt(name), end + 1 - at);
                return;
            }
            Integer number = pattern.namedGroups().get(name);
            if (number == null) throw new PolicyException(field, "refers to a group '" + name + "' that match does not have");
            group(number, end + 1 - at);
        }

        private void group(int number, int chars) {
            if (number > pattern.groupCount()) {
                throw new PolicyException(
                        field, "refers to group " + number + ", but match has " + pattern.groupCount() + "; write $$ for a dollar sign");
            }
            flush();
            parts.add(new Part.Group(number));
            at += chars;
        }

        private void flush() {
            if (!literal.isEmpty()) parts.add(new Part.Text(literal.toString()));
            literal.setLength(0);
        }
    }
}
