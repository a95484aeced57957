package dev.declaw.guardrails.code;

import java.util.Set;

/// Tells a sentence about commands (`Never run rm -rf / on a server.`) from commands: one short line that begins with a capitalised word
/// and a small one, has enough of the words that hold English sentences together, and gives no address to fetch from.
final class Prose {
    private static final int CHARS_MAX = 400;
    private static final int WORDS_MIN = 5;
    private static final Set<String> JOINTS = Set.of(
            "the", "a", "an", "is", "are", "was", "be", "of", "to", "in", "on", "that", "this", "by", "with", "can", "and", "it", "should", "not", "why", "how", "what", "does", "do", "you", "your",
            "we", "for", "from", "as", "when", "if", "or", "never", "must", "will", "may", "such", "which", "because", "about");

    private Prose() {}

    static boolean is(String text) {
        int length = text.length();
        if (length < 20 || length > CHARS_MAX || text.charAt(0) < 'A' || text.charAt(0) > 'Z') return false;
        if (text.indexOf('\n') >= 0 || text.contains("://") || text.indexOf(';') >= 0) return false;
        String[] words = text.split(" ");
        if (words.length < WORDS_MIN || !plain(words[0]) || !plain(words[1]) || words[0].length() > 1 && !small(words[0].substring(1))) return false;
        int joints = 0;
        for (String word : words) if (JOINTS.contains(word.toLowerCase(java.util.Locale.ROOT))) joints++;
        return joints >= 2 && joints * 5 >= words.length;
    }

    private static boolean plain(String word) {
        for (int i = 0; i < word.length(); i++) {
            char c = word.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '\'' && i > 0)) return false;
        }
        return !word.isEmpty();
    }

    private static boolean small(String rest) {
        for (int i = 0; i < rest.length(); i++) if (rest.charAt(i) >= 'A' && rest.charAt(i) <= 'Z') return false;
        return true;
    }
}
