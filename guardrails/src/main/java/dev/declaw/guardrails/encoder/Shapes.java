package dev.declaw.guardrails.encoder;

/// What case and spacing say of each word piece, which the uncased vocabulary cannot: the shape is three times the kind
/// of the word that the piece lies in, plus what stands before the piece. `guardrails/training/shapes.py` computes the
/// same. Linear in the length of the text.
///
/// @param shapes one number a piece, below [#COUNT]; 0 is for the markers at start and end
/// @param inside whether a piece goes on with the word of the one before it
record Shapes(int[] shapes, boolean[] inside) {
    static final int COUNT = 30;

    private static final int LOWER = 1;
    private static final int TITLE = 2;
    private static final int UPPER = 3;
    private static final int INITIAL = 4;
    private static final int MIXED = 5;
    private static final int DIGITS = 6;
    private static final int ALPHANUMERIC = 7;
    private static final int SIGN = 8;
    private static final int CASELESS = 9;

    private static final int GLUED = 0;
    private static final int SPACED = 1;
    private static final int NEW_LINE = 2;

    private static final int WORD = 1 << Character.UPPERCASE_LETTER
            | 1 << Character.LOWERCASE_LETTER
            | 1 << Character.TITLECASE_LETTER
            | 1 << Character.MODIFIER_LETTER
            | 1 << Character.OTHER_LETTER
            | 1 << Character.DECIMAL_DIGIT_NUMBER
            | 1 << Character.LETTER_NUMBER
            | 1 << Character.OTHER_NUMBER
            | 1 << Character.NON_SPACING_MARK
            | 1 << Character.ENCLOSING_MARK
            | 1 << Character.COMBINING_SPACING_MARK;

    static Shapes of(String text, Tokens tokens) {
        int count = tokens.ids().length;
        int[] shapes = new int[count];
        boolean[] inside = new boolean[count];
        int wordStart = 0;
        int wordEnd = 0;
        int kind = SIGN;
        int last = 0;
        for (int i = 0; i < count; i++) {
            int start = tokens.starts()[i];
            inside[i] = i > 0 && start < wordEnd && start >= wordStart;
            if (!inside[i]) {
                wordStart = before(text, start);
                wordEnd = after(text, start);
                kind = wordEnd > start ? kind(text, wordStart, wordEnd) : SIGN;
                wordEnd = Math.max(wordEnd, tokens.ends()[i]);
            }
            shapes[i] = kind * 3 + gap(text, last, start);
            last = tokens.ends()[i];
        }
        return new Shapes(shapes, inside);
    }

    private static boolean word(int point) {
        return (1 << Character.getType(point) & WORD) != 0;
    }

    private static int before(String text, int at) {
        if (!word(text.codePointAt(at))) return at;
        while (at > 0 && word(text.codePointBefore(at))) at -= Character.charCount(text.codePointBefore(at));
        return at;
    }

    private static int after(String text, int at) {
        while (at < text.length() && word(text.codePointAt(at))) at += Character.charCount(text.codePointAt(at));
        return at;
    }

    private static int kind(String text, int start, int end) {
        boolean digits = false;
        boolean letters = false;
        boolean firstUpper = false;
        int upper = 0;
        int lower = 0;
        for (int i = start; i < end; ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            switch (Character.getType(point)) {
                case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> digits = true;
                case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> {
                    if (upper + lower == 0) firstUpper = true;
                    upper++;
                    letters = true;
                }
                case Character.LOWERCASE_LETTER -> {
                    lower++;
                    letters = true;
                }
                case Character.OTHER_LETTER, Character.MODIFIER_LETTER -> letters = true;
                default -> {}
            }
        }
        if (digits) return letters ? ALPHANUMERIC : DIGITS;
        if (upper + lower == 0) return CASELESS;
        if (upper == 0) return LOWER;
        if (lower == 0) return upper == 1 ? INITIAL : UPPER;
        return firstUpper && upper == 1 ? TITLE : MIXED;
    }

    private static int gap(String text, int from, int to) {
        if (from >= to) return GLUED;
        for (int i = from; i < to; i++) {
            if (text.charAt(i) == '\n' || text.charAt(i) == '\r') return NEW_LINE;
        }
        return SPACED;
    }
}
