package dev.declaw.guardrails.invisible;

/// The kinds of characters that show nothing, and which character is of which kind. Everything of general category Cf or Co
/// (the JDK's own Unicode data) counts, then the ranges below, which DerivedCoreProperties.txt lists as
/// Default_Ignorable_Code_Point or which have a blank glyph. Scripts that need a mark are the business of [Context].
enum Mark {
    NONE("", 0),
    TAG("tag_characters", 0.99),
    VARIATION("variation_selector", 0.9),
    ZERO_WIDTH("zero_width", 0.8),
    JOINER("zero_width", 0.8),
    BYTE_ORDER("zero_width", 0.8),
    OPERATOR("invisible_operator", 0.8),
    BIDI_MARK("bidi_control", 0.6),
    BIDI_CONTROL("bidi_control", 0.9),
    DEPRECATED("deprecated_format", 0.9),
    FILLER("filler", 0.7),
    BRAILLE("filler", 0.7),
    SOFT_HYPHEN("soft_hyphen", 0.7),
    MONGOLIAN("mongolian_control", 0.8),
    GRAPHEME_JOINER("zero_width", 0.8),
    KHMER("filler", 0.7),
    ANNOTATION("interlinear_annotation", 0.9),
    PRIVATE_USE("private_use", 0.8),
    NOTATION("notation_control", 0.8),
    SPACE("space_encoding", 0.7),
    OTHER("other_ignorable", 0.8);

    private static final Mark[] ALL = values();

    /// By UTF-16 unit; a high surrogate stands for "some character of this block may be a mark".
    private static final byte[] UNITS = units();

    final String category;
    final double score;

    Mark(String category, double score) {
        this.category = category;
        this.score = score;
    }

    /// Whether a UTF-16 unit needs a look. The only test that most characters ever see.
    static boolean look(char unit) {
        return UNITS[unit] != 0;
    }

    static Mark of(int codePoint) {
        if (codePoint < 0x10000) return Character.isSurrogate((char) codePoint) ? NONE : ALL[UNITS[codePoint]];
        return supplementary(codePoint);
    }

    private static Mark supplementary(int c) {
        if (c >= 0xE0000 && c <= 0xE007F) return TAG;
        if (c >= 0xE0100 && c <= 0xE01EF) return VARIATION;
        if (c >= 0xE0080 && c <= 0xE0FFF) return OTHER;
        if (c >= 0xF0000) return (c & 0xFFFE) == 0xFFFE ? OTHER : PRIVATE_USE;
        if (c >= 0x1D173 && c <= 0x1D17A || c >= 0x1BCA0 && c <= 0x1BCA3 || c >= 0x13430 && c <= 0x1343F) return NOTATION;
        return NONE;
    }

    private static byte[] units() {
        byte[] units = new byte[0x10000];
        for (int c = 0x80; c < 0x10000; c++) units[c] = (byte) basic(c).ordinal();
        for (int high = 0xD800; high < 0xDC00; high++) {
            int first = Character.toCodePoint((char) high, '\uDC00');
            for (int c = first; c < first + 0x400; c++) {
                if (supplementary(c) != NONE) units[high] = (byte) OTHER.ordinal();
            }
        }
        return units;
    }

    private static Mark basic(int c) {
        return switch (c) {
            case 0x00AD -> SOFT_HYPHEN;
            case 0x034F -> GRAPHEME_JOINER;
            case 0x061C, 0x200E, 0x200F -> BIDI_MARK;
            case 0x115F, 0x1160, 0x3164, 0xFFA0 -> FILLER;
            case 0x17B4, 0x17B5 -> KHMER;
            case 0x180B, 0x180C, 0x180D, 0x180E, 0x180F -> MONGOLIAN;
            case 0x200B, 0x2060 -> ZERO_WIDTH;
            case 0x200C, 0x200D -> JOINER;
            case 0x2061, 0x2062, 0x2063, 0x2064 -> OPERATOR;
            case 0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069 -> BIDI_CONTROL;
            case 0x206A, 0x206B, 0x206C, 0x206D, 0x206E, 0x206F -> DEPRECATED;
            case 0x2065, 0xFFF0, 0xFFF1, 0xFFF2, 0xFFF3, 0xFFF4, 0xFFF5, 0xFFF6, 0xFFF7, 0xFFF8 -> OTHER;
            case 0x2800 -> BRAILLE;
            case 0x202F, 0x205F -> SPACE;
            case 0xFEFF -> BYTE_ORDER;
            case 0xFFF9, 0xFFFA, 0xFFFB -> ANNOTATION;
            // Prepended concatenation marks show a glyph although they are Cf (PropList.txt).
            case 0x0600, 0x0601, 0x0602, 0x0603, 0x0604, 0x0605, 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2 -> NONE;
            default -> byRange(c);
        };
    }

    private static Mark byRange(int c) {
        if (c >= 0xFE00 && c <= 0xFE0F) return VARIATION;
        if (c >= 0x2000 && c <= 0x200A) return SPACE;
        return switch (Character.getType(c)) {
            case Character.PRIVATE_USE -> PRIVATE_USE;
            case Character.FORMAT -> OTHER;
            default -> NONE;
        };
    }
}
