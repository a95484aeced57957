package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.guardrails.pii.KeyNames.Secrecy;
import dev.declaw.model.scan.PiiType;
import java.util.Locale;
import java.util.Set;

/// Secrets that tell only by the name they stand under: `DB_PASSWORD=…`, `"api_key": "…"`, `ENV TOKEN …`, `--password …`,
/// `scheme://user:password@host`, `Bearer …`. The value must look made, not written.
final class NamedSecretRule {
    /// Words that may be part of such a name, in lower case: the anchors.
    static final Set<String> ANCHORS = Set.of(
            "password", "passwd", "pwd", "pass", "passphrase", "passcode", "secret", "token", "apikey", "key",
            "credential", "auth", "jwt", "salt", "pw");

    private static final int NAME_CHARS_MAX = 64;
    private static final int VALUE_CHARS_MAX = 512;
    private static final int JUDGED_IN_RUN_MAX = 8;
    private static final Set<String> PLACEHOLDERS = Set.of(
            "password", "passwd", "secret", "changeme", "change_me", "example", "placeholder", "undefined", "redacted",
            "required", "optional", "disabled", "enabled", "username", "p@ssw0rd", "mypassword", "yourpassword");

    private final FoldedText text;
    private final Spans spans;
    private int doneUntil;
    private int bareRunEnd;
    private int judgedInRun;

    NamedSecretRule(FoldedText text, Spans spans) {
        this.text = text;
        this.spans = spans;
    }

    /// The whole text is the value of a field of this name.
    static void wholeValue(FoldedText text, String key, Spans spans) {
        if (key.isEmpty()) return;
        Secrecy secrecy = KeyNames.secrecy(key);
        if (secrecy == Secrecy.NONE || text.length() > 4_096) return;
        int start = 0;
        int end = text.length();
        while (start < end && text.at(start) == ' ') start++;
        while (end > start && (text.at(end - 1) == ' ' || text.at(end - 1) == '\n')) end--;
        for (String scheme : new String[] {"Bearer ", "bearer ", "Token ", "token ", "Basic ", "basic "}) {
            if (end - start > scheme.length() && text.slice(start, start + scheme.length()).equals(scheme)) {
                start += scheme.length();
            }
        }
        if (plausible(text, start, end, secrecy, true)) spans.add(PiiType.API_KEY, start, end, 0.85);
    }

    /// A word of [#ANCHORS] was read: the name around it and the value behind it are looked at.
    void at(int anchorStart, int anchorEnd) {
        if (anchorStart < doneUntil) return;
        int nameEnd = anchorEnd;
        while (nameEnd - anchorEnd < NAME_CHARS_MAX && nameChar(nameEnd)) nameEnd++;
        char after = text.at(nameEnd);
        if (after != ':' && after != '=' && after != ' ' && after != '>' && after != '\\' && !quoted(after)) return;
        int nameStart = anchorStart;
        while (anchorStart - nameStart < NAME_CHARS_MAX && nameChar(nameStart - 1)) nameStart--;
        int value = valueStart(nameStart, nameEnd);
        if (value < 0) return;
        Secrecy secrecy = KeyNames.secrecy(text.slice(nameStart, nameEnd));
        if (secrecy == Secrecy.NONE) return;
        if (secrecy == Secrecy.CREDENTIAL && schemeAt(value) > 0) value = schemeAt(value);
        report(value, secrecy);
    }

    /// `bearer ` was read.
    void bearer(int end) {
        int stop = end;
        while (stop - end < VALUE_CHARS_MAX && KeyShape.Tail.BASE64.has(text.at(stop)) || text.at(stop) == '.') stop++;
        if (stop - end >= 16 && Randomness.keyLike(text, end, stop, 2)) spans.add(PiiType.API_KEY, end, stop, 0.9);
    }

    /// `://` was read: `user:password@` may follow.
    void userInfo(int end) {
        int colon = -1;
        int at = end;
        for (; at - end < VALUE_CHARS_MAX; at++) {
            char c = text.at(at);
            if (c == '@') break;
            if (c == ':' && colon < 0) colon = at;
            else if (c <= ' ' || c == '/' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '?') return;
        }
        if (colon < 0 || text.at(at) != '@' || at - colon - 1 < 6) return;
        if (plausible(text, colon + 1, at, Secrecy.PASSWORD, true)) spans.add(PiiType.API_KEY, colon + 1, at, 0.85);
    }

    private void report(int value, Secrecy secrecy) {
        char quote = text.at(value);
        if (quote == '\\' && quoted(text.at(value + 1))) {
            value++;
            quote = text.at(value);
        }
        boolean quoted = quoted(quote);
        if (quoted) value++;
        int end = value;
        if (quoted) {
            while (end - value < VALUE_CHARS_MAX && inQuotes(end, quote)) end++;
            if (text.at(end - 1) == '\\') end--;
        } else {
            end = bareEnd(value);
            if (end - value > VALUE_CHARS_MAX || judgedInRun > JUDGED_IN_RUN_MAX) return;
            while (end > value && ".,;:".indexOf(text.at(end - 1)) >= 0) end--;
        }
        if (plausible(text, value, end, secrecy, quoted)) {
            spans.add(PiiType.API_KEY, value, end, 0.85);
            doneUntil = end;
        }
    }

    /// End of the run of bare characters around a position; each run is walked once and judged a few times only, so
    /// that `token=token=token=…` stays linear.
    private int bareEnd(int value) {
        if (value < bareRunEnd) {
            judgedInRun++;
            return bareRunEnd;
        }
        judgedInRun = 0;
        bareRunEnd = value;
        while (bare(text.at(bareRunEnd))) bareRunEnd++;
        return bareRunEnd;
    }

    private boolean inQuotes(int index, char quote) {
        char c = text.at(index);
        return c >= ' ' && c != quote;
    }

    private static boolean bare(char c) {
        return c > ' ' && c != '"' && c != '\'' && c != '`' && c != '<' && c != '>' && c != ',' && c != ';' && c != '&'
                && c != ')' && c != '}' && c != ']';
    }

    /// Where the value of a name begins, or -1 when nothing is assigned.
    private int valueStart(int nameStart, int nameEnd) {
        int at = nameEnd;
        if (text.at(at) == '\\') at++;
        boolean closedQuote = quoted(text.at(at));
        if (closedQuote) at++;
        int spaces = at;
        while (text.at(at) == ' ' && at - spaces < 8) at++;
        char operator = text.at(at);
        if (operator == ':' || operator == '=') {
            at++;
            if (text.at(at) == '=' && operator == '=' || text.at(at) == ':') return -1;
            if (text.at(at) == '=' || text.at(at) == '>') at++;
        } else if (operator == '>' && at == nameEnd && text.at(nameStart - 1) == '<') {
            at++;
        } else if (closedQuote && text.slice(at, Math.min(text.length(), at + 6)).equals("value=")) {
            at += 6;
        } else if (at == nameEnd || closedQuote || !commandLine(nameStart)) {
            return -1;
        }
        int start = at;
        while (text.at(at) == ' ' && at - start < 16) at++;
        return at < text.length() && text.at(at) > ' ' ? at : -1;
    }

    /// `ENV NAME value` of a Dockerfile and `--name value` of a command.
    private boolean commandLine(int nameStart) {
        if (text.at(nameStart) == '-' && text.at(nameStart + 1) == '-') return true;
        return nameStart >= 4 && text.slice(nameStart - 4, nameStart).equals("ENV ");
    }

    private int schemeAt(int value) {
        int at = value;
        if (quoted(text.at(at))) at++;
        int start = at;
        while (text.letter(at) && at - start < 8) at++;
        String scheme = text.slice(start, at).toLowerCase(Locale.ROOT);
        boolean known = scheme.equals("bearer") || scheme.equals("basic") || scheme.equals("token");
        return known && text.at(at) == ' ' ? at + 1 : -1;
    }

    private boolean nameChar(int index) {
        char c = text.at(index);
        return text.word(index) && c < 128 || c == '-' || c == '.';
    }

    private static boolean quoted(char c) {
        return c == '"' || c == '\'' || c == '`';
    }

    private static boolean plausible(FoldedText text, int start, int end, Secrecy secrecy, boolean quoted) {
        int length = end - start;
        if (length < (secrecy == Secrecy.PASSWORD ? 6 : 8) || length > 4_096) return false;
        String value = text.slice(start, end);
        char first = value.charAt(0);
        if (first == '$' && value.length() > 1 && (value.charAt(1) == '{' || value.charAt(1) == '(')) return false;
        if (first == '<' || first == '{' || first == '[' || first == '(' || value.startsWith("%(")) return false;
        if (value.contains("://") || value.startsWith("/") || value.startsWith("./") || value.contains("...")) return false;
        String lower = value.toLowerCase(Locale.ROOT);
        if (PLACEHOLDERS.contains(lower) || lower.startsWith("your") || lower.startsWith("redacted_")) return false;
        int lowers = 0, uppers = 0, digits = 0, signs = 0, spaces = 0;
        for (int i = 0; i < length; i++) {
            char c = value.charAt(i);
            if (c >= 'a' && c <= 'z') lowers++;
            else if (c >= 'A' && c <= 'Z') uppers++;
            else if (c >= '0' && c <= '9') digits++;
            else if (c == ' ') spaces++;
            else if (c < ' ') return false;
            else signs++;
        }
        if (spaces > 0 && (!quoted || spaces > 2 || digits == 0)) return false;
        if (!quoted && (value.indexOf('(') >= 0 || value.indexOf('[') >= 0)) return false;
        if (!quoted && first == '$' && digits + signs < 3) return false;
        if (!quoted && value.indexOf('.') > 0 && digits < 2 && !value.contains("=")) return false;
        double entropy = Randomness.entropy(value);
        if (entropy < 2.0) return false;
        if (secrecy == Secrecy.PASSWORD) {
            if (digits == length) return length <= 12;
            int kinds = (lowers > 0 ? 1 : 0) + (uppers > 0 ? 1 : 0) + (digits > 0 ? 1 : 0) + (signs > 0 ? 1 : 0);
            return kinds >= 2 && (digits > 0 || signs > 0 && !wordy(value)) || kinds >= 2 && length >= 12 && entropy >= 3.2;
        }
        if (digits == length || lowers == length && entropy < 3.9 || uppers + signs == length) return false;
        return digits > 0 && entropy >= 2.5 && (length >= 12 || digits >= 2) || length >= 16 && entropy >= 3.6 && !wordy(value);
    }

    /// Words joined by `_`, `-`, `.` or humps, without a digit: an identifier.
    private static boolean wordy(String value) {
        int humps = 0;
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c >= '0' && c <= '9') return false;
            boolean letter = Character.isLetter(c);
            if (!letter && "_-.:/+".indexOf(c) < 0) return false;
            if (i > 0 && Character.isUpperCase(c) && Character.isUpperCase(value.charAt(i - 1))) humps++;
        }
        return humps * 6 < value.length() || value.equals(value.toUpperCase(Locale.ROOT));
    }
}
