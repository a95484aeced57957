package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.PiiType;
import java.util.Locale;
import java.util.Set;

/// E-mail addresses as people write them: the dot-atom of RFC 5322 without its rarer signs, international names
/// (RFC 6531) included. `git@host:path`, user info in URLs and `icon@2x.png` are none.
final class EmailRule {
    private static final int LOCAL_CHARS_MAX = 64;
    private static final int DOMAIN_CHARS_MAX = 253;
    private static final int USERINFO_CHARS_MAX = 128;
    private static final Set<String> FILE_ENDINGS =
            Set.of("png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "mjs", "ts", "json", "map", "html");

    private EmailRule() {}

    static void at(FoldedText text, int at, Spans spans) {
        int start = at;
        while (at - start < LOCAL_CHARS_MAX && local(text, start - 1)) start--;
        while (start < at && !text.word(start) && text.at(start) != '+') start++;
        if (start == at || text.at(at - 1) == '.') return;
        int end = domainEnd(text, at + 1);
        if (end < 0 || userInfo(text, start)) return;
        char after = text.at(end);
        if (after == ':' && text.slice(start, at).equals("git")) return;
        spans.add(PiiType.EMAIL, start, end, 0.95);
    }

    private static boolean local(FoldedText text, int index) {
        char c = text.at(index);
        if (c == '.') return text.at(index + 1) != '.';
        if (c == '\'') return text.letter(index - 1) && text.letter(index + 1) && text.at(index - 2) != '=';
        return text.word(index) || c == '+' || c == '-';
    }

    /// End of the longest prefix that is a domain with a plausible top level, or -1.
    private static int domainEnd(FoldedText text, int from) {
        int best = -1;
        int labelStart = from;
        int labels = 0;
        int at = from;
        while (at - from <= DOMAIN_CHARS_MAX) {
            if (text.word(at) && text.at(at) != '_' || text.at(at) == '-') {
                at++;
                continue;
            }
            if (at == labelStart || text.at(labelStart) == '-' || text.at(at - 1) == '-') break;
            labels++;
            if (labels >= 2 && topLevel(text, labelStart, at)) best = at;
            if (text.at(at) != '.') break;
            at++;
            labelStart = at;
        }
        return best;
    }

    private static boolean topLevel(FoldedText text, int start, int end) {
        if (end - start < 2 || end - start > 63) return false;
        String label = text.slice(start, end).toLowerCase(Locale.ROOT);
        if (label.startsWith("xn--")) return true;
        for (int i = start; i < end; i++) {
            if (!text.letter(i)) return false;
        }
        return !FILE_ENDINGS.contains(label);
    }

    /// `scheme://user@host` and `scheme://user:password@host`.
    private static boolean userInfo(FoldedText text, int start) {
        int at = start;
        while (start - at < USERINFO_CHARS_MAX && userInfoChar(text, at - 1)) at--;
        return text.at(at - 1) == '/' && text.at(at - 2) == '/' && text.at(at - 3) == ':';
    }

    private static boolean userInfoChar(FoldedText text, int index) {
        return text.word(index) || ".-+:%~!$&*".indexOf(text.at(index)) >= 0 && text.at(index) != 0;
    }
}
