package dev.declaw.guardrails.secrets;

/// What stands after a name: where the value begins and ends, and whether it is a real one.
final class Values {
    private static final int VALUE_CHARS_MAX = 4096;
    /// Longer values with parentheses are salts, not calls.
    private static final int SALT_CHARS_MIN = 40;
    private static final int OPERATOR_CHARS_MAX = 16;
    private static final WordDfa PLACEHOLDERS = new WordDfa(
        "your", "xxxx", "example", "changeme", "change_me", "change-me", "placeholder", "****", "...", "redacted", "dummy", "insert",
        "replace", "process.env", "os.environ", "getenv", "secrets.", "env.", "vault.", "<", "{{", "${", "$(", "%s", "todo", "fixme", "sample",
        "my_", "my-", "0000000000", "1234567890", "abcdefgh", "_here", "masked", "hidden", "undefined");
    /// Those that no key holds, an example key neither.
    private static final WordDfa EMPTY = new WordDfa(
        "your", "xxxx", "changeme", "change_me", "change-me", "placeholder", "****", "...", "redacted", "insert_", "replace_", "process.env", "os.environ",
        "getenv", "secrets.", "vault.", "<", "{{", "${", "$(", "%s", "0000000000", "_here", "masked", "undefined");
    private static final String[] WORDS = {
        "none", "null", "nil", "true", "false", "string", "password", "pass", "passwd", "secret", "token", "key", "test", "value", "yes", "no",
        "admin", "root", "user", "default", "required", "optional", "str", "int", "self", "text", "pwd", "file", "prompt", "ask", "auto",
        "same-origin", "include", "omit", "bearer", "basic"};

    private Values() {}

    /// Index after the assignment that follows a name, or -1: `=`, `:`, `=>`, `": "`.
    static int afterOperator(char[] text, int at, int length) {
        int i = at;
        int limit = Math.min(length, at + OPERATOR_CHARS_MAX);
        boolean operator = false;
        while (i < limit) {
            char c = text[i];
            if (c == '=' || c == ':' || c == '>') operator = true;
            else if (c != ' ' && c != '\t' && c != '"' && c != '\'' && c != '`' && c != ']' && c != '\\') break;
            i++;
        }
        if (!operator && i > at && Chars.wordAt(text, i, length, "value=") && i + 7 < length) return i + 7;
        return operator && i < length && i > at ? i : -1;
    }

    /// End of a value that starts here: at the quote that opened it, else at space, quote or bracket.
    static int end(char[] text, int start, int length) {
        char quote = start > 0 ? text[start - 1] : 0;
        boolean quoted = quote == '"' || quote == '\'' || quote == '`';
        int limit = Math.min(length, start + VALUE_CHARS_MAX);
        int i = start;
        if (quoted) {
            while (i < limit && text[i] != quote && text[i] != '\n' && text[i] != '\\') i++;
            if (i < limit && (text[i] == quote || text[i] == '\\')) return i;
            i = start;
        }
        while (i < limit && text[i] > ' ' && !nextPair(text, i, limit) && text[i] != '"' && text[i] != '\'' && text[i] != '`' && text[i] != '<' && text[i] != '\\' && text[i] != '&') i++;
        while (i > start && (text[i - 1] == ',' || text[i - 1] == ';' || text[i - 1] == ')' || text[i - 1] == '}' || text[i - 1] == ']')) i--;
        return i;
    }

    /// `;Encrypt=true` of a connection string goes on with another name.
    private static boolean nextPair(char[] text, int at, int limit) {
        if (text[at] != ';') return false;
        int i = at + 1;
        while (i < limit && i - at < 32 && (Chars.token(text[i]) || text[i] == ' ')) i++;
        return i > at + 1 && i < limit && text[i] == '=';
    }

    /// @param examples whether example keys count as keys
    /// Whether the text refers to a value, or stands for one in a document, rather than being one.
    static boolean placeholder(char[] text, int start, int end, boolean examples) {
        int length = end - start;
        boolean same = true;
        for (int i = start + 1; i < end && same; i++) same = text[i] == text[start];
        if (same) return true;
        if ((examples ? EMPTY : PLACEHOLDERS).any(text, start, end)) return true;
        for (String word : WORDS) if (word.length() == length && Chars.wordAt(text, start, end, word)) return true;
        char first = text[start];
        char last = text[end - 1];
        if (first == '<' || first == '%' && last == '%' || first == '[' || first == '(' || first == '{' || first == '@' && letters(text, start + 1, end)) return true;
        return (first == '$' || first == '%') && letters(text, start + 1, end);
    }

    /// A value under a name that promises one: not a call, a path, a type, a lone word.
    static boolean secret(char[] text, int start, int end, boolean environment, boolean examples) {
        int length = end - start;
        if (length < 6 || placeholder(text, start, end, examples)) return false;
        int digits = 0;
        int letters = 0;
        int others = 0;
        boolean quoted = start > 0 && (text[start - 1] == '"' || text[start - 1] == '\'');
        for (int i = start; i < end; i++) {
            char c = text[i];
            if (c == ' ' || c == '(' && !(quoted && length >= SALT_CHARS_MIN)) return false;
            byte type = Chars.of(c);
            if (type == Chars.DIGIT) digits++;
            else if (type == Chars.LOWER || type == Chars.UPPER) letters++;
            else if (c != '_' && c != '-' && c != '.') others++;
        }
        if (Chars.wordAt(text, start, end, "http") || text[start] == '.') return false;
        if (text[start] == '/' && !(environment && length >= 12 && Randomness.random(text, start, end, false))) return false;
        if (digits > 0 && letters > 0) return true;
        if (digits == length) return environment && length >= 6;
        return environment ? others > 0 || length >= 8 : others > 1 && length >= 8 || caseFlips(text, start, end) >= 3 && length >= 10;
    }

    private static boolean letters(char[] text, int start, int end) {
        for (int i = start; i < end; i++) {
            char c = text[i];
            if (Chars.of(c) == Chars.OTHER && c != '{' && c != '}' && c != '.' && c != ':' && c != '%') return false;
        }
        return true;
    }

    static int caseFlips(char[] text, int start, int end) {
        int flips = 0;
        for (int i = start + 1; i < end; i++) {
            byte a = Chars.of(text[i - 1]);
            byte b = Chars.of(text[i]);
            if (a == Chars.UPPER && b == Chars.LOWER || a == Chars.LOWER && b == Chars.UPPER) flips++;
        }
        return flips;
    }
}
