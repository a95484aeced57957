package dev.declaw.guardrails.secrets;

/// Tells drawn characters from words, identifiers and measures by how often the kind of character changes: in random base62
/// every second pair changes kind, in a camel-case name about every eighth; and by letter pairs that English does not have, which are
/// every second pair of drawn letters and every hundredth of words.
final class Randomness {
    /// For each letter, those that follow it in 99.3 % of English letter pairs.
    private static final int[] FOLLOWERS = followers(
            "bcdefghiklmnprstuvwxyz", "aeijlmorstuy", "acdehiklmoprstuy", "abdefgilmnoprstuvy", "abcdefghiklmnopqrstuvwxy", "aefilorstuy",
            "aceghilmnorstuy", "aeilmnoprstuy", "abcdefgklmnopqrstuvxz", "aeosu", "aeginostu", "abcdefgiklmnopstuvy", "abcdeilmnopstuy",
            "acdefghiklmnopstuvy", "abcdefghijklmnoprstuvwxy", "abcdeghiklmnoprstuy", "lu", "abcdefgiklmnoprstuvwy", "acdefhiklmnopqrstuvwy",
            "abcdefhilmnoprstuwxy", "abcdefgilmnprstx", "aeimo", "aehilnorsw", "aceimpt", "acdeilmnopst", "aei");

    private Randomness() {}

    private static int[] followers(String... lines) {
        int[] sets = new int[26];
        for (int i = 0; i < 26; i++) for (char c : lines[i].toCharArray()) sets[i] |= 1 << c - 'a';
        return sets;
    }

    /// @param strict for tokens with little reason to be a secret
    static boolean random(char[] text, int start, int end, boolean strict) {
        int length = end - start;
        int digits = 0;
        int letters = 0;
        int changes = 0;
        int distinct = 0;
        long seenLow = 0;
        long seenHigh = 0;
        int run = 0;
        int longestRun = 0;
        byte last = Chars.OTHER;
        int pairs = 0;
        int rare = 0;
        char before = 0;
        for (int i = start; i < end; i++) {
            char c = text[i];
            byte type = Chars.of(c);
            char low = Chars.lower(c);
            if (low >= 'a' && low <= 'z' && before != 0) {
                pairs++;
                if ((FOLLOWERS[before - 'a'] & 1 << low - 'a') == 0) rare++;
            }
            before = low >= 'a' && low <= 'z' ? low : 0;
            if (type == Chars.DIGIT) digits++;
            else if (type == Chars.LOWER || type == Chars.UPPER) letters++;
            if (type == Chars.LOWER) longestRun = Math.max(longestRun, ++run);
            else run = 0;
            if (type != Chars.OTHER && type != Chars.JOINT) {
                // One capital before small letters begins a word and is no change.
                boolean wordStart = last == Chars.UPPER && type == Chars.LOWER;
                if (last != Chars.OTHER && type != last && !wordStart) changes++;
                last = type;
            }
            if (c < 64 && (seenLow & 1L << c) == 0) {
                seenLow |= 1L << c;
                distinct++;
            } else if (c >= 64 && c < 128 && (seenHigh & 1L << c - 64) == 0) {
                seenHigh |= 1L << c - 64;
                distinct++;
            }
        }
        if (letters == 0 || distinct < Math.min(10, length / 2)) return false;
        boolean foreign = pairs >= 7 && rare * 4 >= pairs;
        if (foreign && (digits > 0 || !strict && rare * 3 >= pairs)) return true;
        if (longestRun > (strict ? 9 : 14)) return false;
        int needed = strict ? Math.max(4, length * 2 / 9) : Math.max(3, length / 6);
        return changes >= needed && (digits >= 2 || changes * 3 >= length) && (pairs < 10 || rare * 12 >= pairs);
    }

    /// RFC 9562 §4.
    static boolean uuid(char[] text, int start, int end) {
        return end - start == 36 && text[start + 8] == '-' && text[start + 13] == '-' && text[start + 18] == '-' && text[start + 23] == '-' && digest(text, start, end);
    }

    /// Lower-case or upper-case hex of a digest's length, or a UUID: an identifier, unless its name says otherwise.
    static boolean digest(char[] text, int start, int end) {
        int length = end - start;
        for (int i = start; i < end; i++) if (!Chars.hex(text[i]) && text[i] != '-') return false;
        return length == 7 || length == 8 || length == 32 || length == 36 || length == 40 || length == 56 || length == 64 || length == 96 || length == 128;
    }
}
