package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// United States social security numbers. Area 000, 666 and 900-999, group 00 and serial 0000 were never issued
/// (SSA POMS RM 10201.035). `ddd-dd-dddd` needs no context; nine bare digits need the word.
final class SsnRule {
    static final double SURE = 1.0;
    static final double LIKELY = 0.9;

    private SsnRule() {}

    /// End of the number that begins with these groups, or -1.
    static int match(FoldedText text, DigitGroups groups, Context context) {
        int start = groups.start(0);
        boolean named = context.before(start, Context.REACH) == ContextKind.SSN;
        if (groups.count() >= 3 && groups.length(0) == 3 && groups.length(1) == 2 && groups.length(2) == 4) {
            char separator = groups.separatorAfter(0);
            boolean shaped = separator == groups.separatorAfter(1)
                    && (separator == '-' || separator == ' ' || separator == '.' && named);
            if (shaped && issued(groups.digits(3)) && (named || alone(text, start, groups.end(2), separator))) {
                return closed(text, groups.end(2)) ? groups.end(2) : -1;
            }
        }
        if (!named) return -1;
        int digits = 0;
        for (int g = 0; g < groups.count() && digits < 9; g++) {
            digits += groups.length(g);
            if (digits == 9 && issued(groups.digits(g + 1)) && closed(text, groups.end(g))) return groups.end(g);
        }
        return -1;
    }

    static boolean issued(String digits) {
        int area = Integer.parseInt(digits, 0, 3, 10);
        return area != 0
                && area != 666
                && area < 900
                && !digits.startsWith("00", 3)
                && !digits.endsWith("0000");
    }

    /// No further digits hang on either side, as they do in a longer number or a list of numbers.
    private static boolean alone(FoldedText text, int start, int end, char separator) {
        boolean before = text.digit(start - 2) && (text.at(start - 1) == separator || text.at(start - 1) == '-');
        boolean after = text.digit(end + 1) && (text.at(end) == separator || text.at(end) == '-');
        return !before && !after;
    }

    private static boolean closed(FoldedText text, int end) {
        return !text.word(end);
    }
}
