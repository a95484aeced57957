package dev.declaw.guardrails.code;

import java.util.Arrays;

/// One reading of a text, in lower case: as it is, with shell quoting undone, or with URL, HTML and string escapes undone. Every
/// position leads back to the text.
final class View {
    private static final int ROUNDS = 2;
    private static final int WORD_CHARS = 16;

    final String name;
    final String text;
    private final int[] origin;

    private View(String name, String text, int[] origin) {
        this.name = name;
        this.text = text;
        this.origin = origin;
    }

    static View raw(String text) {
        return new View("raw", lower(text), null);
    }

    int source(int at) {
        return origin == null ? at : origin[at];
    }

    private static String lower(String text) {
        char[] chars = text.toCharArray();
        for (int i = 0; i < chars.length; i++) if (chars[i] >= 'A' && chars[i] <= 'Z') chars[i] += 32;
        return new String(chars);
    }

    /// Quotes, backslashes, carets and empty expansions inside words taken out, `$IFS` and `{a,b}` read as the shell reads them; the
    /// same view where nothing changes.
    View shell() {
        char[] out = new char[text.length()];
        int[] from = new int[text.length() + 1];
        int count = 0;
        int length = text.length();
        boolean changed = false;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            int skip = hidden(c, i);
            if (skip > 0) {
                changed = true;
                i += skip - 1;
                continue;
            }
            if (c == '$' && text.startsWith("$ifs", i) || c == '$' && text.startsWith("${ifs", i)) {
                from[count] = source(i);
                out[count++] = ' ';
                changed = true;
                i += text.charAt(i + 1) == '{' ? closing(i) : 3;
                if (i + 2 < length && text.charAt(i + 1) == '$' && text.charAt(i + 2) == '9') i += 2;
                continue;
            }
            from[count] = source(i);
            out[count++] = c;
        }
        if (!changed) return this;
        from[count] = source(length);
        return new View("shell", new String(out, 0, count), Arrays.copyOf(from, count + 1));
    }

    /// How many characters here vanish inside a word.
    private int hidden(char c, int i) {
        boolean inWord = i > 0 && word(text.charAt(i - 1)) || i == 0;
        int next = i + 1;
        if (next >= text.length()) return 0;
        char after = text.charAt(next);
        if (c == '\\' && after == '\n') return 2;
        if ((c == '\\' || c == '^') && word(after) && !(c == '\\' && after == 'n' && !inWord)) return inWord || c == '^' ? 1 : 0;
        if ((c == '\'' || c == '"' || c == '`') && inWord && i > 0) {
            if (after == c) return 2;
            return word(after) && near(c, next) ? 1 : 0;
        }
        if ((c == '\'' || c == '"') && i > 1 && text.charAt(i - 1) != ' ' && word(after) && i + 2 < text.length() && text.charAt(i + 2) == c) return 1;
        if (c == '$' && inWord && (after == '@' || after == '*' || after == '1') && next + 1 < text.length() && word(text.charAt(next + 1))) return 2;
        return 0;
    }

    /// Whether the quote has its twin in the same word: `b"as"h`, not `don't`.
    private boolean near(char quote, int from) {
        int before = from - 2;
        for (int i = from; i < Math.min(text.length(), from + WORD_CHARS); i++) {
            char c = text.charAt(i);
            if (c == quote) return true;
            if (!word(c)) break;
        }
        for (int i = before; i >= Math.max(0, from - WORD_CHARS); i--) {
            char c = text.charAt(i);
            if (c == quote) return i > 0 && word(text.charAt(i - 1));
            if (!word(c)) return false;
        }
        return false;
    }

    private int closing(int at) {
        int end = text.indexOf('}', at);
        return end < 0 || end > at + 16 ? 4 : end - at;
    }

    private static boolean word(char c) {
        return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '/' || c == '-' || c == '.';
    }

    /// `%41`, `+`, `&lt;`, `&#x41;`, `\x41`, `\u0041`, `%u0041` undone, at most twice; the same view where nothing changes.
    View web() {
        View current = this;
        for (int round = 0; round < ROUNDS; round++) {
            View next = current.webOnce();
            if (next == current) break;
            current = next;
        }
        return current;
    }

    private View webOnce() {
        if (text.indexOf('%') < 0 && text.indexOf('&') < 0 && text.indexOf('\\') < 0) return this;
        char[] out = new char[text.length()];
        int[] from = new int[text.length() + 1];
        int count = 0;
        boolean changed = false;
        boolean form = formEncoded();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            long decoded = c == '%' || c == '\\' || c == '&' ? Escapes.at(text, i) : 0;
            from[count] = source(i);
            if (decoded != 0) {
                char value = (char) (decoded & 0xFFFF);
                out[count++] = value >= 'A' && value <= 'Z' ? (char) (value + 32) : value;
                i += (int) (decoded >>> 16) - 1;
                changed = true;
            } else {
                out[count++] = c == '+' && form ? ' ' : c;
            }
        }
        if (!changed) return this;
        from[count] = source(text.length());
        return new View("web", new String(out, 0, count), Arrays.copyOf(from, count + 1));
    }

    /// Percent escapes and no space: `+` is a space.
    private boolean formEncoded() {
        return text.indexOf('%') >= 0 && text.indexOf(' ') < 0;
    }
}
