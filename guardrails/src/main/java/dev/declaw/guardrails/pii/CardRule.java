package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// Payment card numbers: an issuer's range with its lengths (ISO/IEC 7812) and the Luhn digit. Ranges whose numbers look
/// like anybody's ids (Maestro, 13- and 17- to 19-digit numbers) need a word such as `card` nearby.
final class CardRule {
    /// How close a word such as `tracking` must stand to tell that a bare number is none.
    private static final int IDENTIFIER_REACH = 16;

    private enum Range {
        STRONG,
        WEAK,
        NONE
    }

    private CardRule() {}

    /// End of the number that begins with these groups, or -1.
    static int match(FoldedText text, DigitGroups groups, Context context) {
        int start = groups.start(0);
        boolean named = context.before(start, Context.REACH) == ContextKind.CARD;
        boolean somebodysId = context.before(start, IDENTIFIER_REACH) == ContextKind.IDENTIFIER;
        char separator = groups.separatorAfter(0);
        int digits = 0;
        int best = -1;
        for (int g = 0; g < groups.count(); g++) {
            if (g > 0 && (groups.separatorAfter(g - 1) != separator || separator == '(' || separator == ')')) break;
            digits += groups.length(g);
            if (digits > 19) break;
            if (digits < 12 || text.word(groups.end(g))) continue;
            boolean bare = g == 0;
            if (!bare && !grouped(groups, g)) continue;
            String number = groups.digits(g + 1);
            Range range = rangeOf(number);
            if (range == Range.NONE || range == Range.WEAK && !named || !luhn(number)) continue;
            if (bare && somebodysId || bare && hangsTogether(text, start, groups.end(g), named)) continue;
            best = groups.end(g);
        }
        return best;
    }

    /// The usual ways to write a card in groups: the first of four, then four or more each except the last.
    private static boolean grouped(DigitGroups groups, int last) {
        if (groups.length(0) != 4) return false;
        for (int g = 1; g < last; g++) {
            if (groups.length(g) < 4 || groups.length(g) > 7) return false;
        }
        return groups.length(last) <= 7;
    }

    /// A bare run that continues over a dot or dash is a decimal, a version or a UUID.
    private static boolean hangsTogether(FoldedText text, int start, int end, boolean named) {
        char before = text.at(start - 1);
        char after = text.at(end);
        if (before == '.' && text.digit(start - 2) || after == '.' && text.digit(end + 1)) return true;
        return !named && (before == '-' && text.word(start - 2) || after == '-' && text.word(end + 1) || before == '$');
    }

    static boolean luhn(String digits) {
        int sum = 0;
        boolean twice = false;
        for (int i = digits.length() - 1; i >= 0; i--) {
            int digit = digits.charAt(i) - '0';
            if (twice) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
            sum += digit;
            twice = !twice;
        }
        return sum % 10 == 0;
    }

    private static Range rangeOf(String number) {
        int length = number.length();
        int two = Integer.parseInt(number, 0, 2, 10);
        int three = Integer.parseInt(number, 0, 3, 10);
        int four = Integer.parseInt(number, 0, 4, 10);
        if (two / 10 == 4) return length == 16 ? Range.STRONG : length == 13 || length == 19 ? Range.WEAK : Range.NONE;
        if (two >= 51 && two <= 55 || four >= 2221 && four <= 2720 || four >= 2200 && four <= 2204) {
            return length == 16 ? Range.STRONG : Range.NONE;
        }
        if (two == 34 || two == 37) return length == 15 ? Range.STRONG : Range.NONE;
        if (two == 36 || two == 38 || two == 39 || three >= 300 && three <= 305 || four == 3095) {
            return length == 14 ? Range.STRONG : length >= 16 ? Range.WEAK : Range.NONE;
        }
        if (four >= 3528 && four <= 3589 || four == 6011 || two == 65 || three >= 644 && three <= 649 || two == 62) {
            return length == 16 ? Range.STRONG : length > 16 ? Range.WEAK : Range.NONE;
        }
        if (two == 35 && length == 16) return Range.WEAK;
        if (four == 1800 || four == 2131) return length == 15 ? Range.WEAK : Range.NONE;
        return two == 50 || two >= 56 && two <= 58 || two / 10 == 6 || two == 81 || two == 82 || four == 9792
                ? Range.WEAK
                : Range.NONE;
    }
}
