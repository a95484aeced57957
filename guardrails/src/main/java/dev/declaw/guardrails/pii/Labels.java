package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.PiiType;
import java.util.Set;

/// Values that only a label makes personal: `Passport no. C1234567`, `"dob": "1952-06-03"`, `C1234567 is my passport`.
/// The label may stand before the value, with a few words that add nothing between them, right behind it, or at the head of a column.
final class Labels {
    private static final int FILLER_CHARS_MAX = 48;
    private static final int FILLER_WORDS_MAX = 5;
    private static final int BIRTH_REACH = 48;
    private static final int BEHIND_REACH = 40;
    private static final Set<String> FILLERS = Set.of(
            "no", "num", "number", "numbers", "nr", "nbr", "numero", "nummer", "id", "ids", "is", "was", "my", "his", "her", "their", "our", "your", "the", "a", "code", "card", "of", "value", "for", "on", "us", "uk", "usa",
            "s", "identification", "identity", "document", "doc", "account", "acct", "registration", "address", "addr", "to", "as", "be", "new", "current", "key", "field", "str", "text", "string", "and", "digits",
            "tax", "ssn", "transit", "aba", "ref", "reference", "insurance", "record", "file", "book", "bank", "user", "patient", "customer", "employee", "client", "holder", "details", "with", "by", "das", "ist", "de", "del", "est", "es", "e");
    private static final Set<String> COPULAS = Set.of("is", "was", "as", "my", "his", "her", "their", "the", "a", "our", "your", "s", "number", "for");

    private final FoldedText text;
    private final Spans spans;
    private final Compact compact;
    private final Dates dates;
    private int start;
    private int end;

    Labels(FoldedText text, Spans spans) {
        this.text = text;
        this.spans = spans;
        this.compact = new Compact(text);
        this.dates = new Dates(text);
    }

    /// A label was read; finds its value, which [#start] and [#end] then tell.
    ///
    /// @return whether there is one after the label
    boolean read(ContextKind kind, int labelStart, int labelEnd) {
        if (!spans.wants(kind.type())) return false;
        if (forward(kind, labelStart, labelEnd) > 0) return true;
        if (kind != ContextKind.BIRTH) behind(kind, labelStart);
        return false;
    }

    /// Start of the value that was found last.
    int start() {
        return start;
    }

    /// End of the value that was found last.
    int end() {
        return end;
    }

    private int forward(ContextKind kind, int start, int end) {
        // `MRN445464`, `MRN-445464`: the label is a part of the number.
        if (kind == ContextKind.MEDICAL && end - start == 3) {
            int digits = text.at(end) == '-' ? end + 1 : end;
            int stop = digits;
            while (stop - digits < 13 && text.digit(stop)) stop++;
            if (stop - digits >= 5 && !text.word(stop) && !text.word(start - 1)) return add(kind, start, stop, 0.9);
        }
        if (kind == ContextKind.BIRTH) return birth(end);
        int at = end;
        int words = 0;
        int lines = 0;
        while (at - end < FILLER_CHARS_MAX) {
            if (opens(at)) {
                int stop = loose(kind) && filler(at) ? -1 : value(kind, at);
                if (stop > 0) return add(kind, at, stop, 0.9);
                int word = at;
                while (at - word < 16 && text.letter(at)) at++;
                if (at == word || !FILLERS.contains(lower(word, at)) || ++words > FILLER_WORDS_MAX) return -1;
                continue;
            }
            char c = text.at(at);
            // `passportNumber`, `passport2`
            if (c >= 'A' && c <= 'Z' && Character.isLowerCase(text.at(at - 1))) {
                int word = at++;
                while (at - word < 16 && text.letter(at) && Character.isLowerCase(text.at(at))) at++;
                if (!FILLERS.contains(lower(word, at)) || ++words > FILLER_WORDS_MAX) return -1;
                continue;
            }
            if (c == '\n' && ++lines > 1) return -1;
            if (c == 0 || !text.word(at) && " \t:=#\"'`*_->|()[]\\/.\r\n\u00a0".indexOf(c) < 0) return -1;
            if (text.word(at) && c != '_') return -1;
            at++;
        }
        return -1;
    }

    /// Kinds whose values may have any form: words before them must go first.
    private static boolean loose(ContextKind kind) {
        return kind == ContextKind.PASSPORT || kind == ContextKind.LICENSE || kind == ContextKind.MEDICAL;
    }

    private boolean filler(int at) {
        int end = at;
        while (end - at < 16 && text.letter(end)) end++;
        return end - at > 1 && (!text.word(end) || text.at(end) == '_') && FILLERS.contains(lower(at, end));
    }

    /// The first date near enough, before the sentence ends.
    private int birth(int end) {
        for (int at = end; at - end < BIRTH_REACH; at++) {
            char c = text.at(at);
            if (c == 0 || c == ';' || at > end && c == '.' && text.at(at + 1) == ' ' && text.at(at - 1) > '9') return -1;
            if (!opens(at)) continue;
            int stop = dates.match(at);
            if (stop > 0) return add(ContextKind.BIRTH, at, stop, 0.9);
        }
        return -1;
    }

    /// `C1234567 (passport)`, `C1234567 is my passport number`.
    private void behind(ContextKind kind, int start) {
        int at = start;
        int words = 0;
        while (start - at < BEHIND_REACH) {
            char c = text.at(at - 1);
            if (c == ' ' || c == '(' || c == '[' || c == '=') {
                at--;
                continue;
            }
            int word = at;
            while (at - word > -12 && text.letter(word - 1)) word--;
            if (word == at || text.word(word - 1) || !COPULAS.contains(lower(word, at)) || ++words > 3) break;
            at = word;
        }
        if (at == start || at < 4 || text.at(at) == '=' || !text.word(at - 1)) return;
        if (words == 0 && text.at(start - 1) != '(' && text.at(start - 1) != '[') return;
        int from = at;
        while (at - from < Compact.CHARS_MAX && (text.word(from - 1) || text.at(from - 1) == '-')) from--;
        while (from < at && !opens(from)) from++;
        if (from < at && value(kind, from) == at) add(kind, from, at, 0.85);
    }

    /// The whole text stands under this label.
    int wholeValue(ContextKind kind) {
        int at = 0;
        while (at < 8 && at < text.length() && !opens(at)) at++;
        return cell(kind, at);
    }

    /// The value that begins here stands under this label.
    int cell(ContextKind kind, int at) {
        if (!spans.wants(kind.type()) || !opens(at)) return -1;
        int stop = kind == ContextKind.PHONE ? telephone(at) : value(kind, at);
        return stop > 0 ? add(kind, at, stop, 0.85) : -1;
    }

    private int telephone(int at) {
        compact.readFrom(at);
        int n = 0;
        while (n < compact.count() && compact.chars[n] <= '9') n++;
        return n >= 10 && n <= 15 && compact.closed(n) && dates.match(at) < 0 ? compact.end(n) : -1;
    }

    private boolean opens(int at) {
        char c = text.at(at);
        boolean plain = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        return plain && (!text.word(at - 1) || text.at(at - 1) == '_');
    }

    /// End of the value of a kind that begins here, or -1.
    private int value(ContextKind kind, int at) {
        if (kind == ContextKind.BIRTH) return dates.match(at);
        if (kind == ContextKind.WALLET) {
            int end = at;
            while (end - at < 120 && text.word(end)) end++;
            return WalletRule.match(text, at, end, true) ? end : -1;
        }
        if (kind == ContextKind.MAC) return -1;
        compact.readFrom(at);
        int n = switch (kind) {
            case PASSPORT -> passport();
            case LICENSE -> license();
            case MEDICAL -> medical();
            case SSN -> compact.closed(9) && Digits.all(compact.chars, 0, 9) && SsnRule.issued(new String(compact.chars, 0, 9)) ? 9 : 0;
            default -> Identities.labelled(kind, compact);
        };
        return n > 0 ? compact.end(n) : -1;
    }

    /// Six to ten characters with digits, or nine from the alphabet of German serials, which has no vowels.
    private int passport() {
        int n = compact.firstRun();
        char[] c = compact.chars;
        // Russia: a series of two or four digits, then six.
        if (n == 2 && compact.closed(9) && Digits.all(c, 0, 9)) return 9;
        if (n == 4 && compact.closed(10) && Digits.all(c, 0, 10)) return 10;
        if (n < 6 || n > 10 || !compact.closed(n)) return 0;
        int digits = compact.firstRunDigits();
        if (digits >= 4) return n;
        if (n < 8) return 0;
        boolean upper = true;
        boolean vowel = false;
        for (int i = 0; i < n; i++) {
            upper &= text.at(compact.end(i + 1) - 1) < 'a';
            vowel |= "AEIOU".indexOf(c[i]) >= 0;
        }
        return upper && (digits >= 2 || !vowel && n == 9) ? n : 0;
    }

    private int license() {
        int n = compact.count();
        for (; n >= 5; n--) {
            if (n > 20 || !compact.closed(n)) continue;
            int digits = 0;
            int spread = 0;
            for (int i = 0; i < n; i++) {
                boolean digit = compact.chars[i] <= '9';
                if (digit) digits++;
                // A space may stand between groups of digits only: the next word is none of it.
                if (i > 0 && compact.end(i + 1) - compact.end(i) > 1 && text.at(compact.end(i)) != '-' && !(digit && text.at(compact.end(i)) == ' ')) spread++;
            }
            if (spread == 0 && digits >= 4 && digits * 5 >= n * 2 && startsWithDigitsEarly(n)) return n;
        }
        return 0;
    }

    /// The first run has a digit, or is a letter or two before digits.
    private boolean startsWithDigitsEarly(int n) {
        return compact.firstRunDigits() > 0 || compact.firstRun() <= 2 && compact.firstRun() < n;
    }

    private int medical() {
        int n = compact.count();
        for (; n >= 5; n--) {
            if (n > 16 || !compact.closed(n)) continue;
            int digits = 0;
            boolean dashes = true;
            for (int i = 0; i < n; i++) {
                if (compact.chars[i] <= '9') digits++;
                if (i > 0 && compact.end(i + 1) - compact.end(i) > 1) dashes &= text.at(compact.end(i)) == '-';
            }
            if (dashes && digits >= 4 && digits * 2 >= n) return n;
        }
        return 0;
    }

    private int add(ContextKind kind, int start, int end, double confidence) {
        spans.add(kind.type(), start, end, confidence);
        this.start = start;
        this.end = end;
        return end;
    }

    private String lower(int start, int end) {
        return text.slice(start, end).toLowerCase(java.util.Locale.ROOT);
    }

    /// Whether any kind that needs labels is wanted.
    static boolean wanted(Spans spans) {
        for (PiiType type : PiiType.values()) {
            if (type.ordinal() > PiiType.IP_ADDRESS.ordinal() && spans.wants(type)) return true;
        }
        return false;
    }
}
