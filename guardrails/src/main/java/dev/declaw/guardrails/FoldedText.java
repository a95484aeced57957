package dev.declaw.guardrails;

import java.text.Normalizer;

/// A text with its disguises taken off: digits of every script, full-width forms, dashes and spaces become their ASCII
/// twins, invisible characters vanish. Positions lead back to the source. An ASCII text is only copied. Immutable.
public final class FoldedText {
    /// The folded form of every character of the Basic Multilingual Plane; [#GONE] for invisible ones.
    private static final char[] FOLDED = foldedPlane();

    private static final char GONE = 0xffff;

    private final char[] chars;
    private final int length;
    private final int[] sourceOf;

    private FoldedText(char[] chars, int length, int[] sourceOf) {
        this.chars = chars;
        this.length = length;
        this.sourceOf = sourceOf;
    }

    public static FoldedText of(String source) {
        char[] chars = source.toCharArray();
        int seen = 0;
        for (char c : chars) seen |= c;
        return seen < 128 ? new FoldedText(chars, chars.length, null) : fold(source);
    }

    public int length() {
        return length;
    }

    /// The character at a position; U+0000 before the start and after the end.
    public char at(int index) {
        return index >= 0 && index < length ? chars[index] : 0;
    }

    /// The characters themselves, for the pass; longer than [#length] where some vanished. Not to be changed.
    public char[] chars() {
        return chars;
    }

    /// Source positions of the folded characters; null when nothing moved. Not to be changed.
    public int[] origin() {
        return sourceOf;
    }

    /// The folded form of one character of the Basic Multilingual Plane; the character itself where it would vanish.
    public static char folded(char c) {
        char folded = c < 128 ? c : FOLDED[c];
        return folded == GONE ? c : folded;
    }

    /// Where a folded position (0 to length) lies in the source.
    public int source(int index) {
        return sourceOf == null ? index : sourceOf[index];
    }

    /// The folded characters from start to end.
    public String slice(int start, int end) {
        return new String(chars, start, end - start);
    }

    /// The folded text.
    @Override
    public String toString() {
        return slice(0, length);
    }

    /// Whether the character is an ASCII digit.
    public boolean digit(int index) {
        char c = at(index);
        return c >= '0' && c <= '9';
    }

    /// Whether the character belongs to a word or an identifier: a letter or digit of any script, or `_`.
    public boolean word(int index) {
        return word(at(index));
    }

    /// Whether a character belongs to a word or an identifier.
    public static boolean word(char c) {
        if (c < 128) return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
        return Character.isLetterOrDigit(c) || Character.isSurrogate(c);
    }

    /// Whether the character is a letter of any script.
    public boolean letter(int index) {
        char c = at(index);
        if (c < 128) return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        return Character.isLetter(c) || Character.isSurrogate(c);
    }

    private static FoldedText fold(String source) {
        char[] out = source.toCharArray();
        int[] origin = new int[out.length + 1];
        int length = 0;
        for (int i = 0; i < out.length; i++) {
            char c = out[i];
            if (Character.isHighSurrogate(c) && i + 1 < out.length && Character.isLowSurrogate(out[i + 1])) {
                int folded = foldCodePoint(Character.toCodePoint(c, out[i + 1]));
                origin[length] = i;
                i++;
                if (folded < 0) continue;
                if (folded < 0x10000) {
                    out[length++] = (char) folded;
                } else {
                    origin[length + 1] = i;
                    char low = out[i];
                    out[length++] = c;
                    out[length++] = low;
                }
                continue;
            }
            char folded = FOLDED[c];
            origin[length] = i;
            if (folded != GONE) out[length++] = folded;
        }
        origin[length] = source.length();
        return new FoldedText(out, length, origin);
    }

    private static char[] foldedPlane() {
        char[] plane = new char[0x10000];
        for (int c = 0; c < plane.length; c++) {
            int folded = c < 128 ? c : foldCodePoint(c);
            plane[c] = folded < 0 ? GONE : (char) folded;
        }
        return plane;
    }

    /// The ASCII twin, the code point itself, or -1 when it shows nothing.
    private static int foldCodePoint(int cp) {
        if (cp >= 0xff01 && cp <= 0xff5e) return cp - 0xfee0;
        if (cp >= 0x2010 && cp <= 0x2015 || cp == 0x2212 || cp == 0xfe58 || cp == 0xfe63) return '-';
        if (cp == 0x3002 || cp == 0x2024 || cp == 0xfe52) return '.';
        if (cp == 0xfe6b) return '@';
        if (cp == 0x2018 || cp == 0x2019) return '\'';
        if (cp >= 0x1d400 && cp <= 0x1d7ff || cp >= 0x2460 && cp <= 0x24ea || cp >= 0x2070 && cp <= 0x2089) {
            String plain = Normalizer.normalize(Character.toString(cp), Normalizer.Form.NFKC);
            return plain.length() == 1 && plain.charAt(0) < 128 ? plain.charAt(0) : cp;
        }
        if (cp >= 0xfe00 && cp <= 0xfe0f || cp >= 0xe0100 && cp <= 0xe01ef || cp == 0x034f) return -1;
        return switch (Character.getType(cp)) {
            case Character.DECIMAL_DIGIT_NUMBER -> '0' + Character.digit(cp, 10);
            case Character.OTHER_NUMBER -> {
                int value = Character.getNumericValue(cp);
                yield value >= 0 && value <= 9 ? '0' + value : cp;
            }
            case Character.SPACE_SEPARATOR -> ' ';
            case Character.FORMAT -> -1;
            default -> cp;
        };
    }
}
