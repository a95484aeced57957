package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.PiiType;

/// Hardware addresses (IEEE 802, EUI-48): `00:1b:44:11:3a:b7`, `00-1b-44-11-3a-b7`, `001b.4411.3ab7`. Longer rows of pairs
/// are fingerprints; all zeros and all ones belong to nobody.
final class MacRule {
    private static final int LENGTH = 17;

    private MacRule() {}

    /// Looks around a digit. Answers the end of the address, or -1.
    static int at(FoldedText text, int digit, Spans spans) {
        int start = digit;
        while (digit - start < LENGTH && part(text.at(start - 1))) start--;
        if (hex(text.at(start)) < 0 || start > 0 && text.word(start - 1)) return -1;
        int end = pairs(text, start);
        if (end < 0) end = triples(text, start);
        if (end < 0 || digit >= end || text.word(end) || (text.at(end) == ':' || text.at(end) == '-') && text.word(end + 1)) return -1;
        spans.add(PiiType.MAC_ADDRESS, start, end, 0.95);
        return end;
    }

    private static int pairs(FoldedText text, int start) {
        char separator = text.at(start + 2);
        if (separator != ':' && separator != '-') return -1;
        int sum = 0;
        int ones = 0;
        for (int i = 0; i < 6; i++) {
            int high = hex(text.at(start + 3 * i));
            int low = hex(text.at(start + 3 * i + 1));
            if (high < 0 || low < 0 || i < 5 && text.at(start + 3 * i + 2) != separator) return -1;
            sum += high + low;
            if (high == 15 && low == 15) ones++;
        }
        return sum == 0 || ones == 6 ? -1 : start + LENGTH;
    }

    private static int triples(FoldedText text, int start) {
        int sum = 0;
        boolean letter = false;
        for (int i = 0; i < 14; i++) {
            char c = text.at(start + i);
            if (i == 4 || i == 9) {
                if (c != '.') return -1;
                continue;
            }
            int value = hex(c);
            if (value < 0) return -1;
            letter |= value > 9;
            sum += value;
        }
        return sum > 0 && letter && text.at(start + 14) != '.' ? start + 14 : -1;
    }

    private static boolean part(char c) {
        return c == ':' || c == '-' || c == '.' || hex(c) >= 0;
    }

    private static int hex(char c) {
        return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    }
}
