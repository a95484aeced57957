package dev.declaw.egress.content;

import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;

/// Stretches of base64, base64url or hex that decode to text, so that what is hidden in them is scanned once more.
final class EncodedRuns {
    /// Shorter runs are words and ids.
    static final int RUN_CHARS_MIN = 16;

    /// Told of each run that decodes to text.
    interface Visitor {
        void run(int start, int end, String decoded);
    }

    private EncodedRuns() {}

    /// Finds the runs of a text; linear, each character is decoded at most twice.
    static void find(String text, Visitor visitor) {
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i < text.length() && alphabet(text.charAt(i))) continue;
            if (i - start >= RUN_CHARS_MIN) run(text, start, i, visitor);
            start = i + 1;
        }
    }

    private static void run(String text, int start, int end, Visitor visitor) {
        Optional<String> whole = decode(text, start, end);
        if (whole.isPresent()) {
            visitor.run(start, paddedEnd(text, end), whole.get());
            return;
        }
        // A path: what stands between the slashes may be the run.
        int from = start;
        for (int i = start; i <= end; i++) {
            if (i < end && text.charAt(i) != '/') continue;
            if (i - from >= RUN_CHARS_MIN && i - from < end - start) {
                int partStart = from;
                int partEnd = i;
                decode(text, from, i).ifPresent(decoded -> visitor.run(partStart, paddedEnd(text, partEnd), decoded));
            }
            from = i + 1;
        }
    }

    private static int paddedEnd(String text, int end) {
        int padded = end;
        while (padded < text.length() && padded - end < 2 && text.charAt(padded) == '=') padded++;
        return padded;
    }

    private static Optional<String> decode(String text, int start, int end) {
        String run = text.substring(start, end);
        if (run.length() % 2 == 0 && hex(run)) {
            Optional<String> decoded = printable(HexFormat.of().parseHex(run));
            if (decoded.isPresent()) return decoded;
        }
        String base64 = run.replace('-', '+').replace('_', '/');
        if (base64.length() % 4 == 1) base64 = base64.substring(0, base64.length() - 1);
        try {
            return printable(Base64.getDecoder().decode(base64));
        } catch (IllegalArgumentException e) {
            // Looked like base64 and is none: nothing is hidden this way.
            return Optional.empty();
        }
    }

    private static boolean hex(String run) {
        for (int i = 0; i < run.length(); i++) {
            char c = run.charAt(i);
            if (!(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F')) return false;
        }
        return true;
    }

    private static Optional<String> printable(byte[] bytes) {
        for (byte b : bytes) {
            if (b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7f) return Optional.empty();
        }
        return View.utf8(bytes, 0, bytes.length);
    }

    private static boolean alphabet(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-'
                || c == '_';
    }
}
