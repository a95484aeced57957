package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.network.IpLiteral;
import dev.declaw.model.scan.PiiType;

/// IPv6 addresses (RFC 4291 §2.2), told from MAC addresses, fingerprints, clock times and `C++::names`.
final class Ipv6Rule {
    private static final int CHARS_MAX = 45;

    private final FoldedText text;
    private int doneUntil;

    Ipv6Rule(FoldedText text) {
        this.text = text;
    }

    /// Looks at the run of hex digits, colons and dots around a colon, each run once.
    void at(int colon, Spans spans) {
        if (colon < doneUntil) return;
        int start = colon;
        while (start > doneUntil && colon - start <= CHARS_MAX && part(text.at(start - 1))) start--;
        int end = colon;
        while (part(text.at(end))) end++;
        doneUntil = end;
        if (end - start > 2 && text.at(end - 1) == ':' && text.at(end - 2) != ':') end--;
        while (end > start && text.at(end - 1) == '.') end--;
        // A word that ends in hex letters before the first colon, as in `addr:fe80::1`, is not part of the address.
        if (text.word(start - 1)) start = afterFirstColon(start, end);
        if (start > 0 && text.at(start) == ':' && text.at(start + 1) != ':') start++;
        if (text.word(end) || end - start > CHARS_MAX || end - start < 4) return;
        if (telling(start, end) && IpLiteral.parse(text.slice(start, end)).isPresent()) {
            spans.add(PiiType.IP_ADDRESS, start, end, 0.95);
        }
    }

    private int afterFirstColon(int start, int end) {
        int at = start;
        while (at < end && text.at(at) != ':') at++;
        return text.at(at + 1) == ':' ? at : at + 1;
    }

    /// Written out in eight groups, or abbreviated in a way that only addresses are: `a[1::2]` and `Bad::Cafe` are not.
    private boolean telling(int start, int end) {
        int groups = 0;
        int pairs = 0;
        int firstLength = 0;
        boolean digit = false;
        boolean gap = false;
        for (int i = start; i < end; ) {
            int stop = i;
            while (stop < end && text.at(stop) != ':') {
                digit |= text.digit(stop);
                stop++;
            }
            if (stop > i) {
                if (groups == 0) firstLength = i == start ? stop - i : 0;
                groups++;
                if (stop - i == 2) pairs++;
            }
            gap |= stop + 1 < end && text.at(stop + 1) == ':';
            i = stop + 1;
        }
        if (!gap) return groups >= 7 && pairs < groups;
        return digit && (groups >= 3 || groups == 2 && firstLength == 4 && "23fF".indexOf(text.at(start)) >= 0
                || text.slice(start, end).indexOf('.') > 0);
    }

    private static boolean part(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.';
    }
}
