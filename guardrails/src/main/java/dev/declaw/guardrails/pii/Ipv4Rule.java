package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// Dotted quads that are addresses and not versions. Loopback, unspecified, broadcast and net masks tell nothing about
/// anybody and are left alone: configuration would break without gain.
final class Ipv4Rule {
    private static final int VERSION_REACH = 16;

    private Ipv4Rule() {}

    /// End of the address that begins with these groups, or -1.
    static int match(FoldedText text, DigitGroups groups, Context context) {
        int start = groups.start(0);
        if (groups.count() < 4 || text.at(start - 1) == '.') return -1;
        for (int g = 0; g < 4; g++) {
            int length = groups.length(g);
            if (length > 3 || g < 3 && groups.separatorAfter(g) != '.') return -1;
            if (octet(text, groups, g) > 255 || length > 1 && text.at(groups.start(g)) == '0') return -1;
        }
        int first = octet(text, groups, 0);
        if (first == 0 || first == 255) return -1;
        if (first == 127 && octet(text, groups, 1) == 0 && octet(text, groups, 2) == 0) return -1;
        int end = groups.end(3);
        return opens(text, start, context) && closes(text, end) ? end : -1;
    }

    private static int octet(FoldedText text, DigitGroups groups, int group) {
        int value = 0;
        for (int i = groups.start(group); i < groups.end(group); i++) value = value * 10 + text.at(i) - '0';
        return value;
    }

    private static boolean opens(FoldedText text, int start, Context context) {
        if (context.before(start, VERSION_REACH) == ContextKind.VERSION) return false;
        boolean named = context.before(start, VERSION_REACH) == ContextKind.IP;
        return switch (text.at(start - 1)) {
            case '-' -> named || !text.word(start - 2);
            case '/' -> named || !text.word(start - 2);
            case '=' -> text.at(start - 2) != '=' && text.at(start - 2) != '~' && text.at(start - 2) != '>';
            case '~', '^', '<' -> text.at(start - 1) == '<' && text.letter(start - 2);
            default -> true;
        };
    }

    private static boolean closes(FoldedText text, int end) {
        return switch (text.at(end)) {
            case '.', '-' -> !text.word(end + 1) || text.at(end) == '-' && text.digit(end + 1);
            default -> !text.word(end);
        };
    }
}
