package dev.declaw.guardrails;

import java.util.ArrayList;
import java.util.List;

/// The one pass over a text that the scanners of patterns share. It tells where words of a fixed list stand, whatever their case, where
/// trigger characters stand, and where runs of identifier characters (letters, digits, `_`, `-`; ASCII) begin and end. Immutable.
///
/// What matters at a place is a function of the character there and of the one before it, so a table of pairs decides, without a branch and
/// without a step waiting for the one before it; only the places that it names are looked at. A word is looked up where one may begin: behind
/// anything but a letter, or with an upper-case letter behind a lower-case one.
public final class Anchors {
    private static final int TRIGGER = 1;
    private static final int WORD = 2;
    private static final int RUN_START = 4;
    private static final int RUN_END = 8;
    /// The sign of a table entry: something is there.
    private static final int ANY = 128;

    private static final int BLOCK_CHARS = 1_024;
    private static final int ASCII = 128;

    /// Flags of the pair (character before, character), each 0 to 127; others count as 0.
    private final byte[] pairs = new byte[ASCII * ASCII];
    /// Bits: whether a word may begin with three characters, of which the lower five bits count.
    private final long[] begins = new long[(1 << 15) / 64];
    private final byte[] classOf = new byte[ASCII];
    private final int classBits;
    /// Row of a node, column of a character's class: the next node, or 0.
    private final short[] next;
    /// Id of the word that ends at a node, or -1.
    private final short[] ended;

    /// Told what stands where, in the order of the places at which things begin (runs: end).
    public interface Visitor {
        /// A trigger character; of digits in a row the first.
        void trigger(int at, char c);

        /// A word of the list, by its index. Of several that begin at one place the shorter come first. Whether it is a whole word is not
        /// looked at beyond its start.
        void word(int id, int start, int end);

        /// A run of identifier characters.
        void run(int start, int end);
    }

    private Anchors(List<String> words, String triggers, boolean runs) {
        int classes = 1;
        for (String word : words) {
            for (char c : word.toCharArray()) {
                if (c >= ASCII || Character.isUpperCase(c)) throw new IllegalArgumentException("anchors are ASCII in lower case: " + word);
                if (classOf[c] == 0) classOf[c] = (byte) classes++;
            }
        }
        for (char c = 'a'; c <= 'z'; c++) classOf[c - 32] = classOf[c];
        classBits = 32 - Integer.numberOfLeadingZeros(classes);
        List<short[]> rows = new ArrayList<>();
        List<Short> ends = new ArrayList<>();
        rows.add(new short[1 << classBits]);
        ends.add((short) -1);
        for (int id = 0; id < words.size(); id++) insert(words.get(id), id, rows, ends);
        next = new short[rows.size() << classBits];
        ended = new short[rows.size()];
        for (int node = 0; node < ended.length; node++) {
            System.arraycopy(rows.get(node), 0, next, node << classBits, 1 << classBits);
            ended[node] = ends.get(node);
        }
        fillPairs(triggers, runs);
    }

    /// @param words lower-case ASCII, each beginning with a letter and at least two characters long; a word's id is its index
    /// @param triggers ASCII characters to tell of; of digits in a row only the first
    /// @param runs whether to tell of runs of identifier characters
    public static Anchors of(List<String> words, String triggers, boolean runs) {
        return new Anchors(words, triggers, runs);
    }

    private void insert(String word, int id, List<short[]> rows, List<Short> ends) {
        if (word.length() < 2 || !letter(word.charAt(0))) throw new IllegalArgumentException("no word to look for: " + word);
        int node = 0;
        for (char c : word.toCharArray()) {
            short[] row = rows.get(node);
            if (row[classOf[c]] == 0) {
                if (rows.size() > Short.MAX_VALUE) throw new IllegalArgumentException("too many anchors");
                row[classOf[c]] = (short) rows.size();
                rows.add(new short[1 << classBits]);
                ends.add((short) -1);
            }
            node = row[classOf[c]];
        }
        ends.set(node, (short) id);
        int pair = (word.charAt(0) & 31) << 10 | (word.charAt(1) & 31) << 5;
        for (int third = 0; third < 32; third++) {
            if (word.length() > 2 && third != (word.charAt(2) & 31)) continue;
            begins[(pair | third) >> 6] |= 1L << (pair | third);
        }
    }

    private void fillPairs(String triggers, boolean runs) {
        for (char before = 0; before < ASCII; before++) {
            for (char c = 0; c < ASCII; c++) {
                int flags = triggers.indexOf(c) >= 0 && !(digit(c) && digit(before)) ? TRIGGER : 0;
                if (letter(c) && next[classOf[c]] != 0 && (!letter(before) || before >= 'a' && c <= 'Z')) flags |= WORD;
                if (runs && identifier(c) && !identifier(before)) flags |= RUN_START;
                if (runs && !identifier(c) && identifier(before)) flags |= RUN_END;
                pairs[before << 7 | c] = (byte) (flags == 0 ? 0 : flags | ANY);
            }
        }
    }

    private static boolean letter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }

    private static boolean digit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean identifier(char c) {
        return letter(c) || digit(c) || c == '_' || c == '-';
    }

    /// Reads the first characters of an array. Linear in them, but for the words looked up, each no longer than the longest of the list.
    public void run(char[] chars, int length, Visitor visitor) {
        int[] places = new int[Math.min(BLOCK_CHARS, length)];
        byte[] table = pairs;
        int before = 0;
        int runStart = -1;
        for (int from = 0; from < length; from += BLOCK_CHARS) {
            int count = Math.min(BLOCK_CHARS, length - from);
            int found = 0;
            // Every step writes a place and only a real one keeps it: cheaper than a branch that is hard to foresee.
            for (int i = 0; i < count; i++) {
                int c = chars[from + i];
                c = c < ASCII ? c : 0;
                int flags = table[before << 7 | c];
                places[found] = i << 8 | flags & 0xff;
                found -= flags >> 31;
                before = c;
            }
            for (int i = 0; i < found; i++) {
                int flags = places[i];
                int at = from + (flags >>> 8);
                if ((flags & RUN_END) != 0) visitor.run(runStart, at);
                if ((flags & RUN_START) != 0) runStart = at;
                if ((flags & WORD) != 0 && begins(chars, at, length)) words(chars, at, length, visitor);
                if ((flags & TRIGGER) != 0) visitor.trigger(at, chars[at]);
            }
        }
        if (length > 0 && runStart >= 0 && chars[length - 1] < ASCII && identifier(chars[length - 1])) visitor.run(runStart, length);
    }

    private boolean begins(char[] chars, int at, int length) {
        if (at + 2 > length) return false;
        int third = at + 2 < length ? chars[at + 2] & 31 : 0;
        int three = (chars[at] & 31) << 10 | (chars[at + 1] & 31) << 5 | third;
        return (begins[three >> 6] >>> three & 1) != 0;
    }

    private void words(char[] chars, int start, int length, Visitor visitor) {
        int node = 0;
        for (int at = start; at < length; at++) {
            char c = chars[at];
            node = next[node << classBits | (c < ASCII ? classOf[c] : 0)];
            if (node == 0) return;
            if (ended[node] >= 0) visitor.word(ended[node], start, at + 1);
        }
    }
}
