package dev.declaw.guardrails.code;

/// Reads one escape of URLs (RFC 3986), HTML (character references), JavaScript, Python and shell strings.
final class Escapes {
    private static final String[] NAMES = {"lt;", "gt;", "quot;", "apos;", "amp;", "lpar;", "rpar;", "colon;", "tab;", "newline;", "sol;", "bsol;", "grave;", "equals;", "nbsp;"};
    private static final String VALUES = "<>\"'&():\t\n/\\`= ";

    private Escapes() {}

    /// The character in the low 16 bits and the escape's length above; 0 where there is none.
    static long at(char[] text, int length, int i) {
        if (i + 2 >= length) return 0;
        char c = text[i];
        char next = View.lower(text[i + 1]);
        if (c == '%') {
            if (next == 'u') return hex(text, length, i + 2, 4, 6);
            return hex(text, length, i + 1, 2, 3);
        }
        if (c == '\\') {
            if (next == 'x') return hex(text, length, i + 2, 2, 4);
            if (next == 'u') return hex(text, length, i + 2, 4, 6);
            return octal(text, length, i);
        }
        if (c == '&' && next == '#') return reference(text, length, i);
        if (c == '&') {
            for (int name = 0; name < NAMES.length; name++) {
                if (starts(text, length, i + 1, NAMES[name])) return value(VALUES.charAt(name), NAMES[name].length() + 1);
            }
        }
        return 0;
    }

    private static long hex(char[] text, int end, int from, int digits, int length) {
        if (from + digits > end) return 0;
        int value = 0;
        for (int i = from; i < from + digits; i++) {
            int digit = Character.digit(text[i], 16);
            if (digit < 0) return 0;
            value = value << 4 | digit;
        }
        return value(value, length);
    }

    private static long octal(char[] text, int length, int i) {
        if (i + 3 >= length) return 0;
        int value = 0;
        for (int k = i + 1; k < i + 4; k++) {
            int digit = text[k] - '0';
            if (digit < 0 || digit > 7) return 0;
            value = value << 3 | digit;
        }
        return value >= 32 && value < 127 ? value(value, 4) : 0;
    }

    private static long reference(char[] text, int length, int i) {
        boolean hex = i + 2 < length && View.lower(text[i + 2]) == 'x';
        int at = i + (hex ? 3 : 2);
        int value = 0;
        int digits = 0;
        while (at < length && digits < 8) {
            int digit = Character.digit(text[at], hex ? 16 : 10);
            if (digit < 0) break;
            value = value * (hex ? 16 : 10) + digit;
            digits++;
            at++;
        }
        if (digits == 0 || value == 0 || value > 0xFFFF) return 0;
        if (at < length && text[at] == ';') at++;
        return value(value, at - i);
    }

    private static boolean starts(char[] text, int length, int from, String word) {
        if (from + word.length() > length) return false;
        for (int i = 0; i < word.length(); i++) if (View.lower(text[from + i]) != word.charAt(i)) return false;
        return true;
    }

    private static long value(int character, int length) {
        return (long) length << 16 | character;
    }
}
