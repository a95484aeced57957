package dev.declaw.guardrails.secrets;

/// Character classes of tokens.
final class Chars {
    static final byte OTHER = 0;
    static final byte LOWER = 1;
    static final byte UPPER = 2;
    static final byte DIGIT = 3;
    static final byte JOINT = 4;

    private static final byte[] CLASS = new byte[128];

    static {
        for (char c = 'a'; c <= 'z'; c++) CLASS[c] = LOWER;
        for (char c = 'A'; c <= 'Z'; c++) CLASS[c] = UPPER;
        for (char c = '0'; c <= '9'; c++) CLASS[c] = DIGIT;
        CLASS['_'] = JOINT;
        CLASS['-'] = JOINT;
    }

    /// The classes as bits, 0 for [#OTHER].
    static final byte[] BIT = new byte[128];

    static {
        for (int c = 0; c < 128; c++) BIT[c] = (byte) (CLASS[c] == OTHER ? 0 : 1 << CLASS[c]);
    }

    private Chars() {}

    static byte of(char c) {
        return c < 128 ? CLASS[c] : OTHER;
    }

    /// Whether the character belongs to an identifier or the core of a key.
    static boolean token(char c) {
        return c < 128 && CLASS[c] != OTHER;
    }

    static boolean alphanumeric(char c) {
        byte type = of(c);
        return type != OTHER && type != JOINT;
    }

    /// Characters that keys of some providers have beside the core.
    static boolean extended(char c) {
        return token(c) || c == '.' || c == '=' || c == '+' || c == '/' || c == '~' || c == ':' || c == '|';
    }

    static boolean hex(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }

    static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    /// Whether the lower-case ASCII word stands at an index, in any case.
    static boolean wordAt(char[] text, int at, int end, String word) {
        if (at + word.length() > end) return false;
        for (int i = 0; i < word.length(); i++) if (lower(text[at + i]) != word.charAt(i)) return false;
        return true;
    }

    static boolean contains(char[] text, int start, int end, String word) {
        char first = word.charAt(0);
        for (int i = start; i + word.length() <= end; i++) {
            if (lower(text[i]) == first && wordAt(text, i, end, word)) return true;
        }
        return false;
    }
}
