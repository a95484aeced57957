package dev.declaw.guardrails.invisible;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Reads what a run of invisible characters spells: tag letters, a byte per variation selector, private-use letters, bits of two
/// kinds of zero-width characters. Keeps the first [#CHARS_MAX] characters only.
final class HiddenMessage {
    private static final int CHARS_MAX = 2048;
    private static final int SHOWN_CHARS_MAX = 240;

    private int[] codePoints = new int[0];
    private int count;
    private Mark mark = Mark.NONE;

    void add(Mark found, int codePoint) {
        if (count == CHARS_MAX) return;
        if (count == 0) mark = found;
        if (count == codePoints.length) codePoints = Arrays.copyOf(codePoints, Math.min(CHARS_MAX, Math.max(32, 2 * count)));
        codePoints[count++] = codePoint;
    }

    void clear() {
        count = 0;
    }

    /// The message, or an empty text where there is none that reads.
    String read() {
        String message = switch (mark) {
            case TAG -> letters(0xE0000);
            case PRIVATE_USE -> letters(codePoints[0] & ~0xFF);
            case VARIATION -> bytes();
            case ZERO_WIDTH, JOINER, BYTE_ORDER, OPERATOR, BIDI_MARK, GRAPHEME_JOINER -> bits();
            default -> "";
        };
        return message.length() > SHOWN_CHARS_MAX ? message.substring(0, SHOWN_CHARS_MAX) : message;
    }

    /// The visible part of a span, for a reason that people read.
    static String visible(String text, int start, int end) {
        StringBuilder out = new StringBuilder();
        for (int i = start; i < end && out.length() < SHOWN_CHARS_MAX; ) {
            int c = text.codePointAt(i);
            if (Mark.of(c) == Mark.NONE) out.appendCodePoint(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private String letters(int base) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < count; i++) {
            int c = codePoints[i] - base;
            if (c >= ' ' && c < 0x7F) out.append((char) c);
        }
        return out.length() * 4 >= count * 3 ? out.toString() : "";
    }

    private String bytes() {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            int c = codePoints[i];
            bytes[i] = (byte) (c >= 0xE0100 ? c - 0xE0100 + 16 : c - 0xFE00);
        }
        return printable(bytes, count);
    }

    /// Two kinds of characters are bits, in groups of eight or seven, either way round.
    private String bits() {
        int zero = codePoints[0];
        int one = -1;
        for (int i = 0; i < count; i++) {
            if (codePoints[i] == zero) continue;
            if (one < 0) one = codePoints[i];
            else if (codePoints[i] != one) return "";
        }
        if (one < 0) return "";
        for (int width = 8; width >= 7; width--) {
            for (int flipped = 0; flipped < 2; flipped++) {
                String message = bits(flipped == 0 ? one : zero, width);
                if (!message.isEmpty()) return message;
            }
        }
        return "";
    }

    private String bits(int one, int width) {
        byte[] bytes = new byte[count / width];
        for (int i = 0; i < bytes.length * width; i++) {
            bytes[i / width] = (byte) (bytes[i / width] << 1 | (codePoints[i] == one ? 1 : 0));
        }
        return printable(bytes, bytes.length);
    }

    private static String printable(byte[] bytes, int length) {
        if (length < 2) return "";
        try {
            CharBuffer chars = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes, 0, length));
            for (int i = 0; i < chars.length(); i++) {
                char c = chars.get(i);
                if (c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0x7F) return "";
            }
            return chars.toString();
        } catch (CharacterCodingException e) {
            return ""; // not a message in UTF-8: nothing to report
        }
    }
}
