package dev.declaw.guardrails.encoder;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// The uncased BERT tokenizer, keeping the place of each piece. It agrees with the reference one on the rows that
/// `guardrails/training/agreement.py` writes, with one intended difference: text that spells a special token, such as
/// `[SEP]`, stays text, so that nobody can forge one. Immutable and thread-safe; linear in the length of the text.
final class WordPiece {
    static final int CLS = 101;
    static final int SEP = 102;
    private static final int UNKNOWN = 100;

    /// Longer words are unknown, as in the reference.
    private static final int WORD_CODE_POINTS_MAX = 100;

    private static final int PIECE_CHARS_MAX = 24;

    private final Map<Piece, Integer> begins = new HashMap<>(65_536);
    private final Map<Piece, Integer> continues = new HashMap<>(16_384);

    /// A stretch of characters as a key of the vocabulary; compared by content, so that looking up makes no string.
    private static final class Piece {
        private char[] chars;
        private int start;
        private int end;
        private int hash;

        Piece set(char[] chars, int start, int end, int hash) {
            this.chars = chars;
            this.start = start;
            this.end = end;
            this.hash = hash;
            return this;
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Piece p && Arrays.equals(chars, start, end, p.chars, p.start, p.end);
        }
    }

    /// @throws IllegalStateException when the vocabulary is missing: the build is broken
    static WordPiece read() {
        try (InputStream in = WordPiece.class.getResourceAsStream("vocabulary.txt")) {
            if (in == null) throw new IllegalStateException("missing vocabulary");
            WordPiece pieces = new WordPiece();
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            int id = 0;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) pieces.add(line, id++);
            return pieces;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void add(String line, int id) {
        boolean continued = line.startsWith("##") && line.length() > 2;
        char[] chars = (continued ? line.substring(2) : line).toCharArray();
        Piece key = new Piece().set(chars, 0, chars.length, hash(chars, 0, chars.length));
        (continued ? continues : begins).put(key, id);
    }

    private static int hash(char[] chars, int start, int end) {
        int hash = 0;
        for (int i = start; i < end; i++) hash = hash * 31 + chars[i];
        return hash;
    }

    /// Cuts a text; pieces beyond the limit are left out.
    Tokens cut(String text, int piecesMax) {
        Run run = new Run(text, piecesMax);
        for (int i = 0; i < text.length() && run.count < piecesMax; ) {
            int point = text.codePointAt(i);
            int width = Character.charCount(point);
            if (space(point)) run.endWord();
            else if (!dropped(point)) run.read(point, i, i + width);
            i += width;
        }
        run.endWord();
        return run.tokens();
    }

    private static boolean space(int point) {
        return point == '\t' || point == '\n' || point == '\r' || point == ' ' || point > 0x7f && (Character.isSpaceChar(point) || point == 0x85);
    }

    private static boolean dropped(int point) {
        if (point < 0x7f) return point < ' ';
        if (point == 0xfffd) return true;
        return switch (Character.getType(point)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE -> true;
            case Character.UNASSIGNED -> true;
            default -> false;
        };
    }

    private static boolean ideograph(int p) {
        return p >= 0x4e00 && p <= 0x9fff || p >= 0x3400 && p <= 0x4dbf || p >= 0x20000 && p <= 0x2a6df || p >= 0x2a700 && p <= 0x2b73f || p >= 0x2b740 && p <= 0x2b81f
                || p >= 0x2b920 && p <= 0x2ceaf || p >= 0xf900 && p <= 0xfaff || p >= 0x2f800 && p <= 0x2fa1f;
    }

    private static boolean punctuation(int p) {
        if (p < 0x80) return p >= 33 && p <= 47 || p >= 58 && p <= 64 || p >= 91 && p <= 96 || p >= 123 && p <= 126;
        return switch (Character.getType(p)) {
            case Character.CONNECTOR_PUNCTUATION, Character.DASH_PUNCTUATION, Character.START_PUNCTUATION, Character.END_PUNCTUATION, Character.INITIAL_QUOTE_PUNCTUATION,
                    Character.FINAL_QUOTE_PUNCTUATION, Character.OTHER_PUNCTUATION -> true;
            default -> false;
        };
    }

    /// The state of one cut: the word being read, with the place of each of its characters.
    private final class Run {
        private final int max;
        private final Piece probe = new Piece();
        private final int[] hashes = new int[PIECE_CHARS_MAX];
        private char[] word = new char[64];
        private int[] from = new int[64];
        private int[] to = new int[64];
        private int length;
        private int[] ids;
        private int[] starts;
        private int[] ends;
        private int count;

        Run(String text, int max) {
            this.max = max;
            int room = Math.min(max, text.length() / 3 + 8);
            ids = new int[room];
            starts = new int[room];
            ends = new int[room];
        }

        void read(int point, int start, int end) {
            if (point < 0x80) {
                if (punctuation(point)) {
                    alone((char) point, start, end);
                } else {
                    append((char) (point >= 'A' && point <= 'Z' ? point + 32 : point), start, end);
                }
                return;
            }
            boolean single = ideograph(point);
            if (single) endWord();
            String folded = Normalizer.normalize(Character.toString(point), Normalizer.Form.NFD);
            for (int i = 0; i < folded.length(); ) {
                int p = folded.codePointAt(i);
                i += Character.charCount(p);
                if (Character.getType(p) == Character.NON_SPACING_MARK) continue;
                String lower = Character.toString(p).toLowerCase(Locale.ROOT);
                for (int k = 0; k < lower.length(); ) {
                    int q = lower.codePointAt(k);
                    k += Character.charCount(q);
                    if (punctuation(q)) endWord();
                    for (char c : Character.toChars(q)) append(c, start, end);
                    if (punctuation(q)) endWord();
                }
            }
            if (single) endWord();
        }

        private void alone(char c, int start, int end) {
            endWord();
            append(c, start, end);
            endWord();
        }

        private void append(char c, int start, int end) {
            if (length == word.length) {
                word = Arrays.copyOf(word, length * 2);
                from = Arrays.copyOf(from, length * 2);
                to = Arrays.copyOf(to, length * 2);
            }
            word[length] = c;
            from[length] = start;
            to[length++] = end;
        }

        void endWord() {
            if (length == 0) return;
            int before = count;
            int at = 0;
            boolean known = Character.codePointCount(word, 0, length) <= WORD_CODE_POINTS_MAX;
            while (known && at < length) {
                int end = longest(at);
                if (end < 0) {
                    known = false;
                } else {
                    at = end;
                }
            }
            if (!known) {
                count = before;
                put(UNKNOWN, 0, length);
            }
            length = 0;
        }

        /// Takes the longest piece of the vocabulary from a position on; returns its end, or -1 when none fits.
        private int longest(int at) {
            Map<Piece, Integer> pieces = at == 0 ? begins : continues;
            int limit = Math.min(length, at + PIECE_CHARS_MAX);
            for (int end = at, hash = 0; end < limit; end++) {
                hash = hash * 31 + word[end];
                hashes[end - at] = hash;
            }
            for (int end = limit; end > at; end--) {
                Integer id = pieces.get(probe.set(word, at, end, hashes[end - at - 1]));
                if (id != null) {
                    put(id, at, end);
                    return end;
                }
            }
            return -1;
        }

        private void put(int id, int at, int end) {
            if (count >= max) return;
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, count * 2);
                starts = Arrays.copyOf(starts, count * 2);
                ends = Arrays.copyOf(ends, count * 2);
            }
            ids[count] = id;
            starts[count] = from[at];
            ends[count++] = to[end - 1];
        }

        Tokens tokens() {
            return new Tokens(Arrays.copyOf(ids, count), Arrays.copyOf(starts, count), Arrays.copyOf(ends, count));
        }
    }
}
