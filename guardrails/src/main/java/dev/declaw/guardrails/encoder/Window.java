package dev.declaw.guardrails.encoder;

import java.util.ArrayList;
import java.util.List;

/// A stretch of a text that is judged by itself, so that one sentence in a long document is not outvoted.
///
/// @param start first UTF-16 index
/// @param end index after the last one
public record Window(int start, int end) {
    /// The weight of a window for texts whose sense needs room: about 130 word pieces of English.
    public static final int PARAGRAPH = 440;

    /// The weight of a window for texts where one sentence is enough.
    public static final int SENTENCE = 200;

    /// The part of a window that the next one sees again, so that an order on the border is whole in one of them.
    private static final int OVERLAP_PARTS = 4;

    /// Characters of scripts written without spaces are a word piece each, four times a Latin letter.
    private static final int DENSE = 4;

    /// Cuts a text into overlapping windows, at the end of a line or sentence where one is near. Linear in the length.
    ///
    /// @param weightMax [#PARAGRAPH] or [#SENTENCE]
    public static List<Window> over(String text, int weightMax) {
        List<Window> windows = new ArrayList<>();
        int start = 0;
        while (true) {
            int end = reach(text, start, weightMax);
            if (end == text.length()) {
                windows.add(new Window(start, end));
                return windows;
            }
            int floor = start + (end - start) / 2;
            end = cut(text, floor, end);
            windows.add(new Window(start, end));
            start = resume(text, Math.max(start + 1, end - (end - start) / OVERLAP_PARTS), end);
        }
    }

    private static int reach(String text, int start, int weightMax) {
        int weight = 0;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            weight += c >= 0x2e80 || c >= 0x0590 && c < 0x1e00 ? DENSE : 1;
            if (weight > weightMax) return Math.max(start + 2, pair(text, i));
        }
        return text.length();
    }

    /// The best place to end between the two indices: after a line, else a sentence, else a space, else at the limit.
    private static int cut(String text, int floor, int limit) {
        int sentence = -1;
        int space = -1;
        for (int i = limit; i > floor; i--) {
            char c = text.charAt(i - 1);
            if (c == '\n') return i;
            if (sentence < 0 && (c == '.' || c == '!' || c == '?' || c == ';' || c == '\u3002')) sentence = i;
            if (space < 0 && Character.isWhitespace(c)) space = i;
        }
        return sentence > 0 ? sentence : space > 0 ? space : limit;
    }

    /// The first start of a word from an index on.
    private static int resume(String text, int from, int end) {
        for (int i = from; i < end; i++) {
            if (Character.isWhitespace(text.charAt(i - 1))) return i;
        }
        return pair(text, from);
    }

    private static int pair(String text, int i) {
        return i > 0 && i < text.length() && Character.isLowSurrogate(text.charAt(i)) && Character.isHighSurrogate(text.charAt(i - 1)) ? i + 1 : i;
    }
}
