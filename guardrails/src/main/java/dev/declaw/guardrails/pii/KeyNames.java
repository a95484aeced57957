package dev.declaw.guardrails.pii;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What the name of a field, variable, header or parameter says about its value.
final class KeyNames {
    private static final int NAME_CHARS_MAX = 80;

    private KeyNames() {}

    /// The kind of number that a field's name announces.
    static ContextKind kind(String name) {
        List<String> words = words(name);
        ContextKind kind = ContextKind.NONE;
        String joined = String.join(" ", words);
        if (joined.contains("social security") || joined.contains("socialsecurity")) return ContextKind.SSN;
        for (String word : words) {
            ContextKind found = ContextWords.ALL.getOrDefault(word, ContextKind.NONE).broad();
            boolean weaker = found == ContextKind.IDENTIFIER || found == ContextKind.IP;
            if (found != ContextKind.NONE && (kind == ContextKind.NONE || !weaker)) kind = found;
        }
        return kind;
    }

    /// The parts of `snake_case`, `kebab-case`, `dotted.case` and `camelCase`, in lower case.
    static List<String> words(String name) {
        List<String> words = new ArrayList<>(4);
        int end = Math.min(name.length(), NAME_CHARS_MAX);
        int start = 0;
        for (int i = 0; i <= end; i++) {
            boolean cut = i == end || !Character.isLetterOrDigit(name.charAt(i));
            boolean hump = !cut
                    && i > start
                    && Character.isUpperCase(name.charAt(i))
                    && Character.isLowerCase(name.charAt(i - 1));
            if (!cut && !hump) continue;
            if (i > start) words.add(name.substring(start, i).toLowerCase(Locale.ROOT));
            start = hump ? i : i + 1;
        }
        return words;
    }
}
