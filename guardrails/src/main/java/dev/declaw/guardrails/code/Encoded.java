package dev.declaw.guardrails.code;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// Finds base64 and hex that decode to text, where something in the text decodes.
final class Encoded {
    private static final int CHARS_MIN = 20;
    private static final int PIECES_MAX = 8;
    private static final int PIECE_CHARS_MAX = 1 << 16;

    private Encoded() {}

    /// Told of each piece that decodes to mostly printable text.
    interface Sink {
        void piece(int start, String decoded);
    }

    /// A run of enough characters has one at each multiple of [#CHARS_MIN], so only those are looked at until one belongs to a run.
    static void pieces(String text, Sink sink) {
        int pieces = 0;
        int length = text.length();
        for (int probe = CHARS_MIN - 1; probe < length && pieces < PIECES_MAX; probe += CHARS_MIN) {
            if (!base64(text.charAt(probe))) continue;
            int start = probe;
            while (start > 0 && probe - start < CHARS_MIN && base64(text.charAt(start - 1))) start--;
            int cases = 0;
            int i = start;
            while (i < length && base64(text.charAt(i))) {
                char c = text.charAt(i);
                cases |= c >= 'a' && c <= 'z' ? 1 : c >= 'A' && c <= 'Z' ? 2 : 4;
                i++;
            }
            probe = i / CHARS_MIN * CHARS_MIN - 1;
            if (i - start < CHARS_MIN || i - start > PIECE_CHARS_MAX || Integer.bitCount(cases) < 2) continue;
            String decoded = decode(text.substring(start, i));
            if (decoded.isEmpty()) continue;
            pieces++;
            sink.piece(start, decoded);
        }
    }

    private static boolean base64(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/';
    }

    private static String decode(String piece) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(piece.substring(0, piece.length() - (piece.length() % 4 == 1 ? 1 : 0)));
        } catch (IllegalArgumentException e) {
            return ""; // not base64 after all
        }
        if (bytes.length > 2 && bytes[1] == 0) return printable(new String(bytes, StandardCharsets.UTF_16LE));
        return printable(new String(bytes, StandardCharsets.UTF_8));
    }

    private static String printable(String text) {
        int odd = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < ' ' && c != '\n' && c != '\t' && c != '\r' || c >= 0x7F && c < 0xA0 || c == '\uFFFD') odd++;
        }
        return odd * 20 > text.length() ? "" : text;
    }
}
