package dev.declaw.guardrails.pii.names;

import java.util.Locale;
import java.util.Set;

/// The cheap look that decides whether a stretch of text can hold a name or address at all. Linear, no model.
///
/// A reason is a capitalised word that no sentence begins with by habit, a word that people put before a name, a key that
/// names a person or place, or a letter of a script without case.
final class NameGate {
    /// Words that begin sentences, fields and lines of code; a capital on them says nothing.
    private static final Set<String> HABITUAL = Set.of(
            "the", "this", "that", "these", "those", "it", "its", "if", "in", "on", "at", "to", "for", "from", "by", "with", "and", "or", "but", "so", "as", "an", "of", "is", "are", "was", "were", "be",
            "do", "does", "did", "not", "no", "yes", "you", "your", "we", "our", "they", "their", "he", "she", "his", "her", "there", "here", "when", "where", "what", "which", "who", "why", "how", "can",
            "could", "will", "would", "should", "may", "might", "must", "please", "note", "see", "use", "add", "set", "get", "run", "all", "any", "each", "some", "many", "more", "most", "one", "two",
            "true", "false", "null", "none", "error", "warning", "info", "string", "object", "content", "type", "accept", "host", "user", "date", "connection", "new", "return", "import", "class");

    /// What people write before a name, in whatever case.
    private static final Set<String> CUES = Set.of(
            "hi", "hey", "hello", "dear", "thanks", "thx", "regards", "cheers", "name", "names", "mr", "mrs", "ms", "miss", "dr", "prof", "patient", "customer", "contact", "author", "signed", "owner",
            "recipient", "employee", "address", "street", "avenue", "road", "lane", "apt", "suite", "deliver", "ship", "live", "lives", "tell", "ask", "call", "im", "herr", "frau");

    private static final Set<String> KEY_PARTS = Set.of("name", "addr", "contact", "customer", "patient", "author", "owner", "recipient", "person", "employee", "street", "holder", "assignee", "city");

    /// Longer runs of letters are no word that names somebody.
    private static final int WORD_CHARS_MAX = 24;

    private NameGate() {}

    /// Whether to ask the model about a stretch.
    static boolean opens(String text, int start, int end) {
        for (int i = start; i < end; ) {
            char c = text.charAt(i);
            if (!Character.isLetter(c)) {
                i++;
                continue;
            }
            int from = i;
            while (i < end && Character.isLetter(text.charAt(i))) i++;
            if (word(text, from, i)) return true;
        }
        return false;
    }

    private static boolean word(String text, int from, int to) {
        char first = text.charAt(from);
        if (first >= 0x590 && !Character.isLowerCase(first) && !Character.isUpperCase(first)) return true;
        if (to - from < 2 || to - from > WORD_CHARS_MAX) return false;
        if (to - from <= 10) {
            String lower = text.substring(from, to).toLowerCase(Locale.ROOT);
            if (CUES.contains(lower)) return true;
            if (HABITUAL.contains(lower)) return false;
        }
        if (!Character.isUpperCase(first) || identifier(text, from - 1) || identifier(text, to)) return false;
        for (int i = from + 1; i < to; i++) if (Character.isLowerCase(text.charAt(i))) return true;
        return shoutedNext(text, to);
    }

    /// Whether a character makes its neighbours part of an identifier, a number or a code.
    private static boolean identifier(String text, int at) {
        if (at < 0 || at >= text.length()) return false;
        char c = text.charAt(at);
        return c == '_' || c == '$' || c == '/' || c >= '0' && c <= '9';
    }

    /// A word in capitals alone is mostly an abbreviation or a constant; a name in capitals has a second one.
    private static boolean shoutedNext(String text, int at) {
        int from = at;
        while (from < text.length() && from < at + 2 && (text.charAt(from) == ' ' || text.charAt(from) == ',')) from++;
        int to = from;
        while (to < text.length() && to - from <= WORD_CHARS_MAX && Character.isUpperCase(text.charAt(to))) to++;
        return from > at && to - from >= 2 && to - from <= WORD_CHARS_MAX && !identifier(text, to);
    }

    /// Whether the key that a value stands under speaks of a person or a place.
    static boolean speaksOfNames(String key) {
        String lower = key.toLowerCase(Locale.ROOT);
        return KEY_PARTS.stream().anyMatch(lower::contains);
    }
}
