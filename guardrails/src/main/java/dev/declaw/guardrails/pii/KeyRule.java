package dev.declaw.guardrails.pii;

import dev.declaw.guardrails.FoldedText;
import dev.declaw.model.scan.PiiType;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/// Credentials that tell by their own shape: provider prefixes, JSON Web Tokens, PEM private keys.
final class KeyRule {
    /// A PEM block longer than this ends unseen; what was read up to here counts.
    private static final int PEM_CHARS_MAX = 16_384;

    private static final int JWT_PART_CHARS_MAX = 8_192;
    private static final String BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private final FoldedText text;
    private final Spans spans;
    private int pemStart = -1;
    private int jwtDoneUntil;

    KeyRule(FoldedText text, Spans spans) {
        this.text = text;
        this.spans = spans;
    }

    /// A prefix was read; its case does not count yet.
    void prefixed(KeyShape shape, int tail) {
        String prefix = shape.prefix();
        int start = tail - prefix.length();
        if (!shape.tail().has(text.at(tail))) return;
        for (int i = 0; i < prefix.length(); i++) {
            if (text.at(start + i) != prefix.charAt(i)) return;
        }
        char before = text.at(start - 1);
        // A run must not be entered in its middle, else `sk-sk-sk-…` would be read again from every prefix.
        if (text.word(start - 1) && before != '_' || shape.tail().has(before) && before != '=' && before != '/') return;
        int end = tail;
        while (end - tail <= shape.max() && shape.tail().has(text.at(end))) end++;
        while (end > tail && !Character.isLetterOrDigit(text.at(end - 1)) && text.at(end - 1) != '=') end--;
        int length = end - tail;
        if (length < shape.min() || length > shape.max() || text.word(end)) return;
        String value = text.slice(start, end);
        if (!Randomness.keyLike(text, tail, end, shape.min() == shape.max() ? 1 : 2)) return;
        spans.add(PiiType.API_KEY, start, end, checksummed(value) ? 1.0 : 0.97);
    }

    /// `eyJ` was read: three base64url parts with dots (RFC 7519 §3).
    void jsonWebToken(int start) {
        if (start < jwtDoneUntil || !text.slice(start, start + 3).equals("eyJ") || part(text.at(start - 1))) return;
        int header = partEnd(start);
        int payload = text.at(header) == '.' ? partEnd(header + 1) : header;
        int signature = payload > header && text.at(payload) == '.' ? partEnd(payload + 1) : payload;
        jwtDoneUntil = signature;
        if (header - start < 12 || payload - header < 9 || signature == payload) return;
        spans.add(PiiType.API_KEY, start, signature, 0.99);
    }

    /// `-----begin ` was read.
    void pemBegins(int start, int end) {
        int at = end;
        while (at - end < 40 && (text.letter(at) || text.at(at) == ' ')) at++;
        String label = text.slice(end, at);
        if (!label.endsWith("PRIVATE KEY") && !label.endsWith("PRIVATE KEY BLOCK")) return;
        if (!text.slice(at, Math.min(text.length(), at + 5)).equals("-----")) return;
        if (pemStart < 0) pemStart = start;
    }

    /// `-----end ` was read; it closes a block when one is open.
    void pemEnds(int end) {
        if (pemStart < 0) return;
        int at = end;
        while (at - end < 40 && (text.letter(at) || text.at(at) == ' ')) at++;
        int dashes = at;
        while (at - dashes < 5 && text.at(at) == '-') at++;
        spans.add(PiiType.API_KEY, pemStart, Math.min(at, pemStart + PEM_CHARS_MAX), 1.0);
        pemStart = -1;
    }

    /// The text ends: an open PEM block counts as far as it was sent.
    void finish() {
        if (pemStart >= 0) {
            spans.add(PiiType.API_KEY, pemStart, Math.min(text.length(), pemStart + PEM_CHARS_MAX), 0.99);
        }
    }

    private int partEnd(int from) {
        int at = from;
        while (at - from < JWT_PART_CHARS_MAX && part(text.at(at))) at++;
        return at;
    }

    private static boolean part(char c) {
        return KeyShape.Tail.DASHED.has(c);
    }

    /// GitHub's and npm's tokens end in the base62 CRC-32 of what stands before.
    static boolean checksummed(String token) {
        int underscore = token.indexOf('_');
        if (token.length() != 40 || underscore != 3) return false;
        CRC32 crc = new CRC32();
        crc.update(token.substring(4, 34).getBytes(StandardCharsets.US_ASCII));
        long value = crc.getValue();
        char[] expected = new char[6];
        for (int i = 5; i >= 0; i--) {
            expected[i] = BASE62.charAt((int) (value % 62));
            value /= 62;
        }
        return token.endsWith(new String(expected));
    }
}
