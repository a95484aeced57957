package dev.declaw.guardrails.code;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Works out of a pattern which literals its matches must contain: a list of sets, of each of which one must occur. A reader of the part of
/// the pattern language that `rules.txt` uses; where it is not sure it asks for less, never for more.
final class Literals {
    private static final int STRINGS_MAX = 60;
    private static final int EXACT_MAX = 24;
    private static final int CHARS_MAX = 16;
    private static final int CHARS_MIN = 3;
    private static final int SETS_MAX = 3;

    /// @param exact all strings that it can match; null when they are too many to tell
    /// @param musts sets of which one must occur each
    private record Part(List<String> exact, List<Set<String>> musts) {
        static final Part ANYTHING = new Part(null, List.of());
        static final Part NOTHING = new Part(List.of(""), List.of());
    }

    private final String pattern;
    private int at;

    private Literals(String pattern) {
        this.pattern = pattern;
    }

    /// @param anchors literals whose occurrence is known already
    static List<Set<String>> of(String pattern, Set<String> anchors) {
        Literals reader = new Literals(pattern);
        Part whole = reader.alternatives();
        if (reader.at != pattern.length()) throw new IllegalArgumentException("unbalanced: " + pattern);
        List<Set<String>> musts = new ArrayList<>(whole.musts);
        if (whole.exact != null) demand(whole.exact, musts);
        musts.removeIf(set -> set.stream().allMatch(literal -> anchors.stream().anyMatch(literal::contains) || anchors.stream().anyMatch(anchor -> anchor.contains(literal))));
        musts.sort(Comparator.<Set<String>>comparingInt(set -> -set.stream().mapToInt(String::length).min().orElse(0)).thenComparingInt(Set::size));
        return musts.subList(0, Math.min(SETS_MAX, musts.size()));
    }

    private Part alternatives() {
        List<Part> branches = new ArrayList<>();
        branches.add(sequence());
        while (at < pattern.length() && pattern.charAt(at) == '|') {
            at++;
            branches.add(sequence());
        }
        if (branches.size() == 1) return branches.getFirst();
        Set<String> exact = new LinkedHashSet<>();
        Set<String> must = new LinkedHashSet<>();
        boolean finite = true;
        boolean bound = true;
        for (Part branch : branches) {
            finite &= branch.exact != null;
            if (branch.exact != null) exact.addAll(branch.exact);
            List<Set<String>> musts = new ArrayList<>(branch.musts);
            if (branch.exact != null) demand(branch.exact, musts);
            Set<String> best = musts.stream().max(Comparator.comparingInt(set -> set.stream().mapToInt(String::length).min().orElse(0))).orElse(Set.of());
            bound &= !best.isEmpty();
            must.addAll(best);
        }
        List<Set<String>> musts = bound && must.size() <= STRINGS_MAX ? List.of(must) : List.of();
        return finite && exact.size() <= STRINGS_MAX ? new Part(List.copyOf(exact), List.of()) : new Part(null, musts);
    }

    private Part sequence() {
        List<String> run = List.of("");
        List<Set<String>> musts = new ArrayList<>();
        boolean finite = true;
        while (at < pattern.length() && pattern.charAt(at) != '|' && pattern.charAt(at) != ')') {
            Part part = quantified(atom());
            if (part.exact == null) {
                demand(run, musts);
                musts.addAll(part.musts);
                run = List.of("");
                finite = false;
                continue;
            }
            List<String> longer = product(run, part.exact);
            if (longer == null) {
                demand(run, musts);
                longer = part.exact.size() <= STRINGS_MAX ? part.exact : List.of("");
                finite = false;
            }
            run = longer;
        }
        if (finite) return new Part(run, List.of());
        demand(run, musts);
        return new Part(null, musts);
    }

    private static List<String> product(List<String> heads, List<String> tails) {
        if (heads.size() * tails.size() > EXACT_MAX) return heads.size() == 1 && heads.getFirst().isEmpty() && tails.size() <= STRINGS_MAX ? tails : null;
        List<String> all = new ArrayList<>();
        for (String head : heads) {
            for (String tail : tails) {
                if (head.length() + tail.length() > CHARS_MAX) return null;
                if (!all.contains(head + tail)) all.add(head + tail);
            }
        }
        return all;
    }

    private static void demand(List<String> strings, List<Set<String>> musts) {
        if (!strings.isEmpty() && strings.size() <= STRINGS_MAX && strings.stream().allMatch(Literals::usable)) musts.add(new LinkedHashSet<>(strings));
    }

    private static boolean usable(String literal) {
        return literal.length() >= CHARS_MIN && literal.chars().allMatch(c -> c < 128);
    }

    private Part quantified(Part part) {
        if (at >= pattern.length()) return part;
        int least;
        int most = Integer.MAX_VALUE;
        switch (pattern.charAt(at)) {
            case '?' -> {
                least = 0;
                most = 1;
                at++;
            }
            case '*' -> {
                least = 0;
                at++;
            }
            case '+' -> {
                least = 1;
                at++;
            }
            case '{' -> {
                int close = pattern.indexOf('}', at);
                String[] bounds = pattern.substring(at + 1, close).split(",", 2);
                least = Integer.parseInt(bounds[0].strip());
                if (bounds.length == 1) most = least;
                at = close + 1;
            }
            default -> {
                return part;
            }
        }
        if (at < pattern.length() && (pattern.charAt(at) == '?' || pattern.charAt(at) == '+')) at++;
        if (least == 1 && most == 1) return part;
        if (least == 0) {
            if (most != 1 || part.exact == null) return Part.ANYTHING;
            Set<String> either = new LinkedHashSet<>(part.exact);
            either.add("");
            return new Part(List.copyOf(either), List.of());
        }
        List<Set<String>> musts = new ArrayList<>(part.musts);
        if (part.exact != null) demand(part.exact, musts);
        return new Part(null, musts);
    }

    private Part atom() {
        char c = pattern.charAt(at++);
        return switch (c) {
            case '(' -> group();
            case '[' -> characterClass();
            case '.' -> Part.ANYTHING;
            case '^', '$' -> Part.NOTHING;
            case '\\' -> escape();
            default -> one(c);
        };
    }

    private Part group() {
        boolean zeroWidth = false;
        if (pattern.charAt(at) == '?') {
            String rest = pattern.substring(at + 1);
            zeroWidth = rest.startsWith("=") || rest.startsWith("!") || rest.startsWith("<=") || rest.startsWith("<!");
            if (!zeroWidth && !rest.startsWith(":")) throw new IllegalArgumentException("not read: " + pattern);
            at += rest.startsWith("<") ? 3 : 2;
        }
        Part inner = alternatives();
        if (at >= pattern.length() || pattern.charAt(at) != ')') throw new IllegalArgumentException("unbalanced: " + pattern);
        at++;
        return zeroWidth ? Part.NOTHING : inner;
    }

    private Part characterClass() {
        boolean negated = pattern.charAt(at) == '^';
        if (negated) at++;
        boolean plain = !negated;
        Set<String> members = new LinkedHashSet<>();
        int start = at;
        while (pattern.charAt(at) != ']' || at == start) {
            char c = pattern.charAt(at++);
            if (c == '\\') {
                Part member = escape();
                plain &= member.exact != null;
                if (member.exact != null) members.addAll(member.exact);
            } else {
                if (c == '[' || c == '&' && pattern.charAt(at) == '&') throw new IllegalArgumentException("not read: " + pattern);
                members.add(lower(c));
            }
            if (pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']') plain = false;
        }
        at++;
        return plain && members.size() <= 4 ? new Part(List.copyOf(members), List.of()) : Part.ANYTHING;
    }

    private Part escape() {
        char c = pattern.charAt(at++);
        return switch (c) {
            case 'n' -> one('\n');
            case 't' -> one('\t');
            case 'r' -> one('\r');
            case 'b', 'B' -> Part.NOTHING;
            case 'x' -> {
                int value = Integer.parseInt(pattern, at, at + 2, 16);
                at += 2;
                yield one((char) value);
            }
            default -> Character.isLetterOrDigit(c) ? Part.ANYTHING : one(c);
        };
    }

    private static Part one(char c) {
        return new Part(List.of(lower(c)), List.of());
    }

    private static String lower(char c) {
        return String.valueOf(c).toLowerCase(Locale.ROOT);
    }
}
