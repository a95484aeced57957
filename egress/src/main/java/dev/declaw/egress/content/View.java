package dev.declaw.egress.content;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// A decoded reading of a stretch of the source, with the way back: each character of the view knows where in the source
/// it begins. Immutable.
final class View {
    private final String text;
    private final int base;
    private final int[] offsets;

    private View(String text, int base, int[] offsets) {
        this.text = text;
        this.base = base;
        this.offsets = offsets;
    }

    /// The source from `start` to `end` as it stands.
    static View of(String source, int start, int end) {
        return new View(source.substring(start, end), start, null);
    }

    /// @param offsets where each character begins in the source, and at last where the final one ends
    static View of(String text, int[] offsets) {
        return new View(text, 0, offsets);
    }

    /// A UTF-8 text whose source has one character for each of its bytes, from `start` on.
    static View ofUtf8(String text, int start) {
        int[] offsets = new int[text.length() + 1];
        int at = start;
        for (int i = 0; i < text.length(); i++) {
            offsets[i] = at;
            char c = text.charAt(i);
            if (c < 0x80) at++;
            else if (c < 0x800 || Character.isSurrogate(c)) at += 2;
            else at += 3;
        }
        offsets[text.length()] = at;
        return new View(text, 0, offsets);
    }

    /// A header's value, which is bytes as Latin-1: as UTF-8 where it is.
    static View ofHeader(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (value.charAt(i) < 0x80) continue;
            byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
            return utf8(bytes, 0, bytes.length).map(text -> ofUtf8(text, 0)).orElseGet(() -> of(value, 0, value.length()));
        }
        return of(value, 0, value.length());
    }

    /// The UTF-8 bytes of a text, one character each.
    static String bytesOf(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    String text() {
        return text;
    }

    /// Where a position of the view (0 to its length) lies in the source.
    int source(int index) {
        return offsets == null ? base + index : offsets[index];
    }

    /// One round of percent-decoding; empty when there is nothing to decode. Octets that are no UTF-8 are read as Latin-1.
    Optional<View> percentDecoded(boolean plusIsSpace) {
        if (text.indexOf('%') < 0 && !(plusIsSpace && text.indexOf('+') >= 0)) return Optional.empty();
        Builder out = new Builder(text.length());
        byte[] octets = null;
        boolean changed = false;
        for (int i = 0; i < text.length(); ) {
            char c = text.charAt(i);
            if (c == '+' && plusIsSpace) {
                out.add(' ', source(i++));
                changed = true;
                continue;
            }
            if (octet(i) < 0) {
                out.add(c, source(i++));
                continue;
            }
            int run = i;
            int count = 0;
            if (octets == null) octets = new byte[text.length() / 3];
            while (octet(run) >= 0) {
                octets[count++] = (byte) octet(run);
                run += 3;
            }
            appendOctets(out, octets, count, i);
            changed = true;
            i = run;
        }
        return changed ? Optional.of(out.build(source(text.length()))) : Optional.empty();
    }

    private int octet(int at) {
        if (at + 2 >= text.length() || text.charAt(at) != '%') return -1;
        int high = Character.digit(text.charAt(at + 1), 16);
        int low = Character.digit(text.charAt(at + 2), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private void appendOctets(Builder out, byte[] octets, int count, int at) {
        Optional<String> utf8 = utf8(octets, 0, count);
        String decoded = utf8.orElseGet(() -> new String(octets, 0, count, StandardCharsets.ISO_8859_1));
        int octet = 0;
        for (int i = 0; i < decoded.length(); i++) {
            char c = decoded.charAt(i);
            out.add(c, source(at + 3 * octet));
            if (utf8.isEmpty() || c < 0x80) octet++;
            else if (c < 0x800) octet += 2;
            else if (Character.isHighSurrogate(c)) octet += 2;
            else octet += Character.isLowSurrogate(c) ? 2 : 3;
        }
    }

    /// The view with `\\uXXXX` and the short escapes of JSON and most languages resolved; empty when there are none.
    Optional<View> unescaped() {
        if (text.indexOf('\\') < 0) return Optional.empty();
        Builder out = new Builder(text.length());
        for (int i = 0; i < text.length(); ) {
            int width = escapeWidth(text, i);
            out.add(width > 1 ? escaped(text, i) : text.charAt(i), source(i));
            i += width;
        }
        return Optional.of(out.build(source(text.length())));
    }

    /// Characters of the source that make the next one: 1, or 2 or 6 for an escape.
    static int escapeWidth(String text, int at) {
        if (text.charAt(at) != '\\' || at + 1 >= text.length()) return 1;
        char kind = text.charAt(at + 1);
        if (kind != 'u') return "\"\\/bfnrt".indexOf(kind) >= 0 ? 2 : 1;
        if (at + 6 > text.length()) return 1;
        for (int i = at + 2; i < at + 6; i++) {
            if (Character.digit(text.charAt(i), 16) < 0 || text.charAt(i) > 'f') return 1;
        }
        return 6;
    }

    static char escaped(String text, int at) {
        char kind = text.charAt(at + 1);
        return switch (kind) {
            case 'u' -> (char) Integer.parseInt(text, at + 2, at + 6, 16);
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            default -> kind;
        };
    }

    /// Strict UTF-8, or empty.
    static Optional<String> utf8(byte[] bytes, int from, int to) {
        CharBuffer decoded = CharBuffer.allocate(to - from);
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
        // Not UTF-8 is an expected answer, given in every request: told by a result, since an exception costs more than the rest.
        boolean valid = !decoder.decode(ByteBuffer.wrap(bytes, from, to - from), decoded, true).isError();
        return valid ? Optional.of(decoded.flip().toString()) : Optional.empty();
    }

    /// Collects characters with their origin.
    private static final class Builder {
        private final char[] chars;
        private final int[] offsets;
        private int length;

        Builder(int capacity) {
            chars = new char[capacity];
            offsets = new int[capacity + 1];
        }

        void add(char c, int source) {
            chars[length] = c;
            offsets[length++] = source;
        }

        View build(int end) {
            offsets[length] = end;
            return new View(new String(chars, 0, length), 0, Arrays.copyOf(offsets, length + 1));
        }
    }
}
