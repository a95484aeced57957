package dev.declaw.guardrails.pii;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.ValidationResult;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import dev.declaw.guardrails.FoldedText;
import java.util.Locale;
import java.util.Set;

/// Telephone numbers: international ones with `+` (ITU-T E.164), North American ones by their shape, any other only
/// after a word such as `phone`. One instance per scan, because it counts its calls to the number library.
final class PhoneRule {
    /// Calls to libphonenumber per scan, some 5 µs each; later numbers are judged by shape alone.
    private static final int LIBRARY_CALLS_MAX = 2_000;

    private static final Set<String> LABELS = Set.of("office", "mobile", "fax", "cell", "home", "phone", "tel");

    private static final int NEAR_CHARS = 24;
    private static final int DIGITS_MIN = 7;
    private static final int DIGITS_MAX = 15;

    private final FoldedText text;
    private final DigitGroups groups;
    private final Context context;
    private int libraryCalls;
    private double confidence;
    private int start;

    PhoneRule(FoldedText text, DigitGroups groups, Context context) {
        this.text = text;
        this.groups = groups;
        this.context = context;
    }

    /// End of the number that begins with the current groups, or -1. After a match [#start] and [#confidence] tell more.
    int match() {
        int first = groups.start(0);
        start = first;
        boolean opened = text.at(first - 1) == '(';
        boolean plus = text.at(first - 1) == '+' || opened && text.at(first - 2) == '+';
        int end = -1;
        if (plus && !text.word(first - (opened ? 3 : 2))) {
            start = first - (opened ? 2 : 1);
            confidence = 0.95;
            end = international();
        }
        if (end < 0 && !plus && !hangsOn(first)) {
            start = opened ? first - 1 : first;
            end = northAmerican(opened);
        }
        if (end < 0 && !hangsOn(first) && (context.before(first, NEAR_CHARS) == ContextKind.PHONE || labelled())) {
            start = plus ? start : opened ? first - 1 : first;
            confidence = 0.8;
            end = named();
        }
        return end < 0 ? -1 : withExtension(end);
    }

    int start() {
        return start;
    }

    double confidence() {
        return confidence;
    }

    private boolean hangsOn(int first) {
        char before = text.at(first - 1);
        return (before == '-' || before == '.' || before == '/' || before == ':') && text.digit(first - 2)
                || before == '-' && text.word(first - 2) && !context.touches(first - 1);
    }

    private int international() {
        int possible = -1;
        int most = groupsWithin(DIGITS_MAX);
        for (int n = most; n > 0; n--) {
            String digits = groups.digits(n);
            if (digits.length() < DIGITS_MIN) break;
            if (text.word(groups.end(n - 1)) && extensionEnd(groups.end(n - 1)) < 0) continue;
            if (digits.charAt(0) == '1') {
                if (digits.length() == 11 && digits.charAt(1) >= '2') return groups.end(n - 1);
                continue;
            }
            switch (judge("+" + digits, "ZZ")) {
                case VALID -> {
                    return groups.end(n - 1);
                }
                case POSSIBLE -> possible = possible < 0 || n == most ? groups.end(n - 1) : possible;
                case NO -> {}
            }
        }
        return possible;
    }

    private int northAmerican(boolean opened) {
        int g = 0;
        if (!opened && groups.count() >= 4 && isCountryCodeOne()) g = 1;
        if (groups.count() < g + 3) return -1;
        if (groups.length(g) != 3 || groups.length(g + 1) != 3 || groups.length(g + 2) != 4) return -1;
        if (text.at(groups.start(g)) < '2') return -1;
        int end = groups.end(g + 2);
        if (text.word(end) && extensionEnd(end) < 0 || text.at(end) == '-' && text.digit(end + 1)) return -1;
        boolean inParentheses =
                text.at(groups.start(g) - 1) == '(' && text.at(groups.end(g)) == ')' && spaced(groups.end(g) + 1, g + 1);
        char separator = groups.separatorAfter(g);
        char second = groups.separatorAfter(g + 1);
        if (!inParentheses && (separator == 0 || separator != second && separator != '-')) return -1;
        if (inParentheses && second == 0) return -1;
        boolean named = context.before(groups.start(0), NEAR_CHARS) == ContextKind.PHONE;
        boolean otherId = context.before(groups.start(0), 12) == ContextKind.IDENTIFIER;
        confidence = named ? 0.95 : 0.85;
        if (named) return end;
        if (otherId) return -1;
        if (!inParentheses && separator == ' ') {
            boolean alone = !(text.at(end) == ' ' && text.digit(end + 1)) && !text.digit(groups.start(0) - 2);
            return alone && judge(groups.digits(g + 3), "US") == Verdict.VALID ? end : -1;
        }
        return end;
    }

    private boolean isCountryCodeOne() {
        String digits = groups.digits(1);
        return digits.equals("1") || digits.equals("001");
    }

    /// Nothing or one space or dash between the closing parenthesis and the next group.
    private boolean spaced(int from, int group) {
        return groups.start(group) - from <= 1;
    }

    /// After the word, any 7 to 15 digits in groups are a number, unless they are a date or an address.
    private int named() {
        int most = groupsWithin(DIGITS_MAX);
        for (int n = most; n > 0; n--) {
            int end = groups.end(n - 1);
            int digits = groups.digits(n).length();
            if (digits < DIGITS_MIN) return -1;
            if (text.word(end) && extensionEnd(end) < 0 || text.at(end) == ':' && text.digit(end + 1)) continue;
            if (date() || dotted(n) || slashed(n)) return -1;
            return end;
        }
        return -1;
    }

    /// A word such as `mobile` follows the groups: `781 1704 office`.
    private boolean labelled() {
        int at = groups.end(groups.count() - 1);
        int gap = at;
        while (at - gap < 3 && (text.at(at) == ' ' || text.at(at) == '-' || text.at(at) == '(')) at++;
        int word = at;
        while (text.letter(at) && at - word < 8) at++;
        return at > gap && LABELS.contains(text.slice(word, at).toLowerCase(Locale.ROOT));
    }

    private boolean date() {
        if (groups.count() < 3) return false;
        int a = groups.length(0);
        int b = groups.length(1);
        int c = groups.length(2);
        return a == 4 && b <= 2 && c <= 2 && (text.at(groups.start(0)) == '1' || text.at(groups.start(0)) == '2')
                || a <= 2 && b <= 2 && c == 4 && groups.separatorAfter(0) != ' ';
    }

    private boolean dotted(int n) {
        return n == 4 && Ipv4Rule.match(text, groups, context) >= 0;
    }

    private boolean slashed(int n) {
        for (int g = 0; g + 1 < n; g++) {
            if (groups.separatorAfter(g) == '/') return g > 0 || groups.length(0) < 3;
        }
        return false;
    }

    private int groupsWithin(int digitsMax) {
        int digits = 0;
        for (int g = 0; g < groups.count(); g++) {
            digits += groups.length(g);
            if (digits > digitsMax) return g;
        }
        return groups.count();
    }

    private int withExtension(int end) {
        int extended = extensionEnd(end);
        return extended < 0 ? end : extended;
    }

    /// End of `x137`, ` ext. 137` or ` extension 137` after a number, or -1.
    private int extensionEnd(int from) {
        int at = from;
        while (at - from < 2 && (text.at(at) == ' ' || text.at(at) == ',')) at++;
        int word = at;
        while (text.letter(at) && at - word < 10) at++;
        String letters = text.slice(word, at).toLowerCase(Locale.ROOT);
        if (!letters.equals("x") && !letters.equals("ext") && !letters.equals("extension")) return -1;
        if (text.at(at) == '.') at++;
        while (text.at(at) == ' ' && at - word < 14) at++;
        int digits = at;
        while (text.digit(at) && at - digits < 7) at++;
        return at > digits && at - digits <= 6 && !text.word(at) ? at : -1;
    }

    private enum Verdict {
        VALID,
        POSSIBLE,
        NO
    }

    private Verdict judge(String number, String region) {
        if (++libraryCalls > LIBRARY_CALLS_MAX) return Verdict.VALID;
        PhoneNumberUtil library = PhoneNumberUtil.getInstance();
        try {
            PhoneNumber parsed = library.parse(number, region);
            if (library.isValidNumber(parsed)) return Verdict.VALID;
            return library.isPossibleNumberWithReason(parsed) == ValidationResult.IS_POSSIBLE
                    ? Verdict.POSSIBLE
                    : Verdict.NO;
        } catch (NumberParseException e) {
            // Not a number of any plan: an expected answer of this library, not a failure.
            return Verdict.NO;
        }
    }
}
