package dev.declaw.guardrails.pii.names;

import dev.declaw.model.scan.PiiType;

/// The exact bounds of a name or address that the model points at: signs at the ends fall away, a second half behind a
/// hyphen joins, and parts of mail addresses are nothing. `guardrails/training/names.py` does the same.
///
/// @param start first UTF-16 index
/// @param end index after the last one
record NameSpan(int start, int end) {
    private static final int ADDRESS_CHARS_MIN = 6;
    private static final int MAIL_CHARS_MAX = 64;

    /// The bounds put right, or null when this is no name or address after all.
    static NameSpan tidy(String text, PiiType type, int start, int end) {
        boolean person = type == PiiType.PERSON_NAME;
        int from = start;
        int to = end;
        while (from < to && !Character.isLetterOrDigit(text.codePointAt(from))) from++;
        while (to > from && !Character.isLetterOrDigit(text.codePointBefore(to))) to--;
        if (from == to) return null;
        if (person) to = afterHyphen(text, to);
        boolean letter = false;
        boolean digit = false;
        for (int i = from; i < to; i++) {
            letter |= Character.isLetter(text.charAt(i)) || Character.isSurrogate(text.charAt(i));
            digit |= Character.isDigit(text.charAt(i));
        }
        boolean fits = person ? letter && !digit && to - from >= 2 && !mail(text, to) : letter && digit && to - from >= ADDRESS_CHARS_MIN;
        return fits ? new NameSpan(from, to) : null;
    }

    /// The end of a double name whose first half ends here.
    private static int afterHyphen(String text, int at) {
        if (at + 1 >= text.length() || text.charAt(at) != '-' || !Character.isUpperCase(text.charAt(at + 1))) return at;
        int end = at + 1;
        while (end < text.length() && Character.isLetter(text.charAt(end))) end++;
        return end;
    }

    /// Whether what stands here goes on as the first part of a mail address.
    private static boolean mail(String text, int at) {
        for (int i = at; i < text.length() && i < at + MAIL_CHARS_MAX; i++) {
            char c = text.charAt(i);
            if (c == '@') return i > at || i + 1 < text.length() && Character.isLetterOrDigit(text.charAt(i + 1));
            if (!Character.isLetterOrDigit(c) && c != '.' && c != '_' && c != '-' && c != '+') return false;
        }
        return false;
    }
}
