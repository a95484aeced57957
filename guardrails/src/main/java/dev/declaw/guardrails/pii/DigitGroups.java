package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;

/// The groups of digits that begin at one place and are held together by short separators: `(805) 559-7354`,
/// `4111 1111 1111 1111`, `10.0.0.1`. Reused within one scan; bounded, whatever the text.
final class DigitGroups {
    static final int GROUPS_MAX = 9;
    /// Digits of one group that count; a longer run is nobody's number.
    static final int GROUP_DIGITS_MAX = 24;

    private static final int SEPARATOR_CHARS_MAX = 3;

    private final FoldedText text;
    private final int[] start = new int[GROUPS_MAX];
    private final int[] end = new int[GROUPS_MAX];
    private int count;
    private int firstRunEnd;

    DigitGroups(FoldedText text) {
        this.text = text;
    }

    /// Reads the groups from a digit on.
    void readFrom(int from) {
        count = 0;
        int at = from;
        firstRunEnd = from;
        while (count < GROUPS_MAX) {
            int stop = at;
            int limit = count == 0 ? Integer.MAX_VALUE : at + GROUP_DIGITS_MAX + 1;
            while (stop < limit && text.digit(stop)) stop++;
            if (count == 0) firstRunEnd = stop;
            if (stop - at > GROUP_DIGITS_MAX) return;
            start[count] = at;
            end[count] = stop;
            count++;
            int next = stop;
            while (next - stop < SEPARATOR_CHARS_MAX && separator(text.at(next))) next++;
            if (next == stop || !text.digit(next)) return;
            at = next;
        }
    }

    int count() {
        return count;
    }

    int start(int group) {
        return start[group];
    }

    int end(int group) {
        return end[group];
    }

    int length(int group) {
        return end[group] - start[group];
    }

    /// End of the first run of digits, even when it is too long to count as a group.
    int firstRunEnd() {
        return firstRunEnd;
    }

    /// The one character between a group and the next; 0 when there is none or more than one.
    char separatorAfter(int group) {
        if (group + 1 >= count || start[group + 1] - end[group] != 1) return 0;
        return text.at(end[group]);
    }

    /// Whether there are enough digits for anything: an address has four groups, all else seven digits.
    boolean enough() {
        if (count >= 4) return true;
        int digits = 0;
        for (int g = 0; g < count; g++) digits += length(g);
        return digits >= 7;
    }

    /// The digits of the first groups, without separators.
    String digits(int groups) {
        StringBuilder digits = new StringBuilder(24);
        for (int g = 0; g < groups; g++) {
            for (int i = start[g]; i < end[g]; i++) digits.append(text.at(i));
        }
        return digits.toString();
    }

    private static boolean separator(char c) {
        return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
    }
}
