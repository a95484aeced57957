package dev.declaw.egress.content;

/// The shape of redaction tokens: `REDACTED_<TYPE>_<n>` with an upper-case type and a number without leading zeros.
final class Tokens {
    static final String PREFIX = "REDACTED_";
    static final int NUMBER_MAX = 9_999_999;
    /// Longest token; a candidate that grows beyond it is none.
    static final int CHARS_MAX = 9 + 24 + 1 + 7;

    /// What the characters from a position on are.
    enum Match {
        NONE,
        /// More characters are needed to tell.
        OPEN,
        /// A whole token, ended by something that is no digit.
        TOKEN
    }

    /// @param end one past the token for [Match#TOKEN]
    record At(Match match, int end) {
        private static final At NONE = new At(Match.NONE, -1);
        private static final At OPEN = new At(Match.OPEN, -1);
    }

    private Tokens() {}

    /// Reads a token at `from` in Latin-1 or ASCII-compatible bytes.
    ///
    /// @param last whether nothing comes after `to`, so that a number that reaches it is complete
    static At at(byte[] text, int from, int to, boolean last) {
        int at = from;
        for (int i = 0; i < PREFIX.length(); i++, at++) {
            if (at == to) return last ? At.NONE : At.OPEN;
            if (text[at] != PREFIX.charAt(i)) return At.NONE;
        }
        int type = at;
        while (at < to && at - type <= 25 && (text[at] >= 'A' && text[at] <= 'Z' || text[at] == '_')) at++;
        if (at - type > 25) return At.NONE;
        if (at == to) return last ? At.NONE : At.OPEN;
        if (at - type < 2 || text[at - 1] != '_' || text[type] == '_' || text[at] < '1' || text[at] > '9') return At.NONE;
        int number = at;
        while (at < to && text[at] >= '0' && text[at] <= '9') {
            if (++at - number > 7) return At.NONE;
        }
        return at == to && !last ? At.OPEN : new At(Match.TOKEN, at);
    }
}
