package dev.declaw.guardrails.invisible;

/// Decides whether a mark is where its writing system wants it. Each question looks at the neighbours, at most at the line
/// (kept for the next question), so a whole text costs linear time.
final class Context {
    private static final int JOINS_MAX = 4;
    private static final int FLAG_CHARS = 14;
    private static final String[] FLAGS = {"gbeng", "gbsct", "gbwls"};

    private final String text;
    private final int length;
    private final Line line;

    Context(String text) {
        this.text = text;
        this.length = text.length();
        this.line = new Line(text);
    }

    /// Whether the mark at an index is legitimate there.
    boolean allows(Mark mark, int codePoint, int at) {
        int next = at + Character.charCount(codePoint);
        return switch (mark) {
            case TAG -> inFlag(at);
            case VARIATION -> variation(codePoint, at, next);
            case JOINER -> joiner(codePoint, at, next);
            case ZERO_WIDTH -> codePoint == 0x200B && zeroWidthSpace(at, next);
            case BYTE_ORDER -> at == 0;
            case OPERATOR -> operator(at, next);
            case BIDI_MARK -> bidiMark(at, next);
            case BIDI_CONTROL -> line.allowsControl(at);
            case FILLER -> jamo(before(at)) || jamo(after(next));
            case BRAILLE -> line.braille(at);
            case SOFT_HYPHEN -> softHyphen(at, next);
            case MONGOLIAN -> mongolian(before(at));
            case GRAPHEME_JOINER -> marksNearby(at, next);
            case KHMER -> script(before(at)) == Character.UnicodeScript.KHMER;
            case PRIVATE_USE -> lonelyIcon(at, next);
            case NOTATION -> notation(codePoint, before(at)) || notation(codePoint, after(next));
            case SPACE -> true;
            case NONE, ANNOTATION, DEPRECATED, OTHER -> false;
        };
    }

    private int before(int at) {
        return at == 0 ? -1 : text.codePointBefore(at);
    }

    private int after(int next) {
        return next >= length ? -1 : text.codePointAt(next);
    }

    private static boolean mark(int codePoint) {
        return codePoint >= 0 && Mark.of(codePoint) != Mark.NONE && Mark.of(codePoint) != Mark.SPACE;
    }

    /// U+1F3F4, tag letters of England, Scotland or Wales, U+E007F: the only flags that RGI (UTS #51) has.
    private boolean inFlag(int at) {
        for (int start = at - 2; start >= Math.max(0, at - FLAG_CHARS); start -= 2) {
            int c = text.codePointAt(start);
            if (c == 0x1F3F4) return at < start + FLAG_CHARS && flagAt(start + 2);
            if (c < 0xE0020 || c > 0xE007F) return false;
        }
        return false;
    }

    private boolean flagAt(int tags) {
        if (tags + 12 > length) return false;
        for (String flag : FLAGS) {
            boolean same = text.codePointAt(tags + 10) == 0xE007F;
            for (int i = 0; i < 5 && same; i++) same = text.codePointAt(tags + 2 * i) == 0xE0000 + flag.charAt(i);
            if (same) return true;
        }
        return false;
    }

    /// UTS #51 presentation sequences, StandardizedVariants.txt in outline, ideographic variation sequences (UTS #37): one
    /// selector after a base that has variants. A single stray U+FE0F is the litter of removed emoji.
    private boolean variation(int codePoint, int at, int next) {
        int base = before(at);
        if (base < 0) return codePoint == 0xFE0F && !mark(after(next));
        if (Mark.of(base) == Mark.VARIATION || Mark.of(after(next) < 0 ? 0 : after(next)) == Mark.VARIATION) return false;
        if (codePoint >= 0xE0100) return Character.isIdeographic(base);
        if (codePoint >= 0xFE0E && Character.isEmoji(base)) return true;
        if (codePoint == 0xFE0F && (Character.isWhitespace(base) || base == 0x200D || base == 0x20E3)) return true;
        if (codePoint > 0xFE06) return false;
        return switch (script(base)) {
            case EGYPTIAN_HIEROGLYPHS -> true;
            case HAN, MYANMAR, PHAGS_PA, MANICHAEAN -> codePoint <= 0xFE02;
            default -> codePoint <= 0xFE01
                    && (Character.getType(base) == Character.MATH_SYMBOL
                            || base == '0'
                            || base >= 0x3000 && base <= 0x303F
                            || base >= 0xFF00 && base <= 0xFF5E);
        };
    }

    private boolean joiner(int codePoint, int at, int next) {
        int left = before(at);
        int right = after(next);
        if (codePoint == 0x200D && emojiJoin(at, next)) return true;
        if (mark(left) || mark(right)) return false;
        if (!joining(left) && !joining(right)) return false;
        return !crowded(at, next);
    }

    /// A joiner after every single letter is no spelling.
    private boolean crowded(int at, int next) {
        int run = 1;
        for (int i = at - 2; i >= 0 && run < 4 && Mark.of(text.charAt(i)) == Mark.JOINER; i -= 2) run++;
        for (int i = next + 1; i < length && run < 4 && Mark.of(text.charAt(i)) == Mark.JOINER; i += 2) run++;
        return run >= 4;
    }

    /// Emoji ZWJ element on both sides (UTS #51 ED-16), no longer than the longest in RGI.
    private boolean emojiJoin(int at, int next) {
        int joins = 1;
        for (int i = elementBefore(at); i > 0 && text.charAt(i - 1) == 0x200D; i = elementBefore(i - 1)) {
            if (++joins > JOINS_MAX) return false;
        }
        return elementBefore(at) >= 0 && pictographic(after(next));
    }

    /// Start of the emoji element that ends before an index, or -1.
    private int elementBefore(int end) {
        int i = end;
        for (int parts = 0; parts < 3 && i > 0; parts++) {
            int c = text.codePointBefore(i);
            i -= Character.charCount(c);
            if (pictographic(c)) return i;
            if (c != 0xFE0F && !(c >= 0x1F3FB && c <= 0x1F3FF)) return -1;
        }
        return -1;
    }

    private static boolean pictographic(int c) {
        return c > 0 && Character.isExtendedPictographic(c) && !(c >= 0x1F3FB && c <= 0x1F3FF);
    }

    /// Scripts written without spaces break lines at U+200B; `@` before it is how release notes avoid a mention.
    private boolean zeroWidthSpace(int at, int next) {
        int left = before(at);
        int right = after(next);
        if (mark(left) || mark(right)) return false;
        return left == '@' || spaceless(left) || spaceless(right);
    }

    private boolean operator(int at, int next) {
        int left = before(at);
        int right = after(next);
        if (mark(left) || mark(right)) return false;
        if (right == '(' || left == ')') return true;
        return left >= '0' && left <= '9' && !digitOrAscii(right) || mathLetter(left) || mathLetter(right);
    }

    private static boolean digitOrAscii(int c) {
        return c < 0 || c <= ' ' || c >= '0' && c <= '9';
    }

    private static boolean mathLetter(int c) {
        return c >= 0x1D400 && c <= 0x1D7FF;
    }

    private boolean bidiMark(int at, int next) {
        if (mark(before(at)) && Mark.of(before(at)) != Mark.BIDI_CONTROL) return false;
        if (mark(after(next)) && Mark.of(after(next)) != Mark.BIDI_CONTROL) return false;
        return line.rightToLeft(at) || line.bidiMarks(at) <= 2;
    }

    /// Hyphenation leaves two letters on either side; a hyphen after each character hides a word.
    private boolean softHyphen(int at, int next) {
        if (mark(before(at)) || mark(after(next))) return false;
        boolean closeLeft = at >= 2 && text.charAt(at - 2) == 0xAD;
        boolean closeRight = next + 1 < length && text.charAt(next + 1) == 0xAD;
        return !closeLeft && !closeRight;
    }

    private boolean marksNearby(int at, int next) {
        int left = before(at);
        int right = after(next);
        return left > 0 && right > 0 && (Character.getType(left) == Character.NON_SPACING_MARK
                || Character.getType(right) == Character.NON_SPACING_MARK) && Mark.of(left) == Mark.NONE;
    }

    /// One icon of a private font that stands alone; a row of them, or one inside a word, is a message.
    private boolean lonelyIcon(int at, int next) {
        int left = before(at);
        int right = after(next);
        boolean row = left > 0 && Mark.of(left) == Mark.PRIVATE_USE || right > 0 && Mark.of(right) == Mark.PRIVATE_USE;
        return !row && !(left > 0 && right > 0 && Character.isLetterOrDigit(left) && Character.isLetterOrDigit(right));
    }

    private static boolean jamo(int c) {
        return c >= 0x1100 && c <= 0x11FF && c != 0x115F && c != 0x1160 || c >= 0xA960 && c <= 0xA97C || c >= 0xD7B0 && c <= 0xD7FB;
    }

    private static boolean mongolian(int c) {
        return c > 0 && script(c) == Character.UnicodeScript.MONGOLIAN && Mark.of(c) == Mark.NONE;
    }

    private static boolean notation(int mark, int c) {
        if (c < 0) return false;
        if (mark >= 0x1D000) return c >= 0x1D100 && c <= 0x1D1FF;
        if (mark >= 0x1B000) return c >= 0x1BC00 && c <= 0x1BC9F;
        return c >= 0x13000 && c <= 0x143FF;
    }

    private static Character.UnicodeScript script(int c) {
        return c < 0 ? Character.UnicodeScript.UNKNOWN : Character.UnicodeScript.of(c);
    }

    /// Cursive and conjunct scripts, where U+200C and U+200D choose letter forms (Unicode 16 §9.2, §12.1, §23.2).
    private static boolean joining(int c) {
        if (c < 0x600) return false;
        return switch (script(c)) {
            case ARABIC, SYRIAC, MANDAIC, NKO, MONGOLIAN, PHAGS_PA, ADLAM, HANIFI_ROHINGYA, THAANA, DEVANAGARI, BENGALI,
                    GURMUKHI, GUJARATI, ORIYA, TAMIL, TELUGU, KANNADA, MALAYALAM, SINHALA, TIBETAN, MYANMAR, KHMER,
                    BALINESE, JAVANESE, CHAKMA, GRANTHA, NEWA, TIRHUTA, KAITHI, MEETEI_MAYEK, BRAHMI, SHARADA -> true;
            default -> false;
        };
    }

    private static boolean spaceless(int c) {
        if (c < 0xE00) return false;
        return switch (script(c)) {
            case THAI, LAO, KHMER, MYANMAR, TIBETAN, JAVANESE, BALINESE, TAI_LE, NEW_TAI_LUE, TAI_THAM, HAN, HIRAGANA, KATAKANA -> true;
            default -> false;
        };
    }
}
