package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// Tells machine-made characters from words.
final class Randomness {
    private Randomness() {}

    /// Whether the tail of a prefixed key can be a key: digits and letters, not a run of words, not one sign repeated.
    ///
    /// @param digitsMin so many digits settle it
    static boolean keyLike(FoldedText text, int start, int end, int digitsMin) {
        int digits = 0;
        int letters = 0;
        int wordRun = 0;
        int longestWord = 0;
        long seen = 0;
        boolean mixed = false;
        for (int i = start; i < end; i++) {
            char c = text.at(i);
            seen |= 1L << (c & 63);
            if (c >= '0' && c <= '9') digits++;
            if (text.letter(i)) letters++;
            mixed |= Character.isUpperCase(c) && i > start && Character.isLowerCase(text.at(i - 1));
            wordRun = c >= 'a' && c <= 'z' ? wordRun + 1 : 0;
            longestWord = Math.max(longestWord, wordRun);
        }
        int length = end - start;
        int distinct = Long.bitCount(seen);
        if (distinct < Math.min(8, length / 2)) return false;
        if (letters == 0 && length > 30) return false;
        if (digits >= digitsMin) return true;
        return mixed && longestWord < 8 || length >= 30 && distinct >= 12 && longestWord == length;
    }

    /// Shannon entropy of the characters in bits.
    static double entropy(String value) {
        int[] counts = new int[128];
        int others = 0;
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) < 128) counts[value.charAt(i)]++;
            else others++;
        }
        double bits = 0;
        for (int count : counts) bits += term(count, value.length());
        return bits + term(others, value.length());
    }

    private static double term(int count, int of) {
        if (count == 0) return 0;
        double share = (double) count / of;
        return -share * Math.log(share) / Math.log(2);
    }
}
