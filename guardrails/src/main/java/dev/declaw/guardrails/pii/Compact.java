package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// The letters and digits that begin at one place, in upper case, without the single separators between them:
/// `GB47 JLUV 8928` is `GB47JLUV8928`. Reused within one scan; bounded, whatever the text.
final class Compact {
    static final int CHARS_MAX = 40;

    final char[] chars = new char[CHARS_MAX];
    private final int[] end = new int[CHARS_MAX];
    private final FoldedText text;
    private int count;
    private int firstRun;
    private int digits;

    Compact(FoldedText text) {
        this.text = text;
    }

    /// Reads from a letter or digit on.
    void readFrom(int from) {
        count = 0;
        firstRun = 0;
        digits = 0;
        int at = from;
        while (count < CHARS_MAX) {
            char c = text.at(at);
            char upper = c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
            boolean digit = c >= '0' && c <= '9';
            if (!digit && (upper < 'A' || upper > 'Z')) {
                if (firstRun == 0) firstRun = count;
                if (count == 0 || c != ' ' && c != '-' && c != '.' && c != '/' || !plain(text.at(at + 1))) return;
                at++;
                continue;
            }
            if (digit && firstRun == 0) digits++;
            end[count] = at + 1;
            chars[count++] = upper;
            at++;
        }
        if (firstRun == 0) firstRun = count;
    }

    int count() {
        return count;
    }

    /// Characters before the first separator.
    int firstRun() {
        return firstRun;
    }

    /// Digits among those.
    int firstRunDigits() {
        return digits;
    }

    /// Where the first n characters end in the text.
    int end(int n) {
        return end[n - 1];
    }

    /// Whether something else begins after the first n characters.
    boolean closed(int n) {
        return n > 0 && n <= count && !text.word(end[n - 1]);
    }

    /// Whether the first n stand together without separators.
    boolean solid(int n) {
        return n <= firstRun;
    }

    private static boolean plain(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }
}
